package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.LeakCheck;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;

@ExtendWith(LeakCheck.class)
class LeaseTest {

  @ParameterizedTest
  @EachCaller
  void closed_nothingWorks(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096)) {
      caller.run(
          ring,
          () -> {
            Lease lease = pool.take();
            MemorySegment segment = lease.segment();
            MemorySegment filled = lease.filled();
            segment.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
            lease.close();
            lease.close();
            assertThrows(IllegalStateException.class, lease::segment);
            assertThrows(IllegalStateException.class, lease::filled);
            assertThrows(IllegalStateException.class, () -> segment.get(ValueLayout.JAVA_BYTE, 0));
            assertThrows(IllegalStateException.class, () -> segment.asSlice(5).fill((byte) 0));
            assertThrows(IllegalStateException.class, () -> filled.toArray(ValueLayout.JAVA_BYTE));
            // To close twice is not to give back twice: there is one buffer, and one lease of it.
            try (Lease next = pool.take()) {
              lease.close();
              next.segment().fill((byte) 2);
              assertThrows(OperationTimeoutException.class, () -> pool.take(Duration.ofNanos(1)));
            }
          });
    }
  }

  @ParameterizedTest
  @EachCaller
  void segment_showsNothingOfTheLastUser(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            try (BufferPool pool = ring.bufferPool(1, 5000)) {
              for (int i = 0; i < 3; i++) {
                try (Lease lease = pool.take()) {
                  assertEquals(0, lease.filled().byteSize());
                  assertArrayEquals(new byte[5000], lease.segment().toArray(ValueLayout.JAVA_BYTE));
                  lease.segment().fill((byte) 0x5a);
                  assertEquals((byte) 0x5a, lease.segment().get(ValueLayout.JAVA_BYTE, 4999));
                  assertEquals(0, lease.filled().byteSize(), "nothing was transferred");
                }
              }
            }
          });
    }
  }

  @ParameterizedTest
  @EachCaller
  void filled_isReadOnly(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            try (BufferPool pool = ring.bufferPool(1, 4096);
                Lease lease = pool.take()) {
              assertTrue(lease.filled().isReadOnly());
            }
          });
    }
  }

  @ParameterizedTest
  @EachCaller
  void otherThread_isRefused(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096);
        Lease lease = pool.take()) {
      MemorySegment segment = lease.segment();
      caller.run(
          ring,
          () -> {
            assertThrows(WrongThreadException.class, lease::segment);
            assertThrows(WrongThreadException.class, lease::filled);
            assertThrows(WrongThreadException.class, lease::close);
            assertThrows(WrongThreadException.class, () -> segment.get(ValueLayout.JAVA_BYTE, 0));
          });
      segment.fill((byte) 1);
    }
  }
}
