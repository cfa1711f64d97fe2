package io.ringspun.internal.ring;

import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.ringspun.Ring;
import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.params.ParameterizedTest;

/** The memory of a carrier is that of one thread at a time, even if that leaves its carrier. */
class InlineMemoryTest {
  @ParameterizedTest
  @EachCaller
  void holderLeavesItsCarrier(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      InlineCalls inline = EngineAccess.of(ring).inline();
      CountDownLatch taken = new CountDownLatch(1);
      CountDownLatch goesOn = new CountDownLatch(1);
      BlockedCall<InlineMemory> holder =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                try (InlineMemory memory = inline.memory()) {
                  taken.countDown();
                  goesOn.await(); // what a lock of the JDK could do
                  return memory;
                }
              });
      taken.await();
      InlineMemory other = caller.call(ring, () -> takenAndClosed(inline));
      InlineMemory another = caller.call(ring, () -> takenAndClosed(inline));
      goesOn.countDown();
      assertNotSame(holder.result(), other);
      assertNotSame(holder.result(), another);
      if (caller == Caller.CARRIED && ring.carriesVirtualThreads()) {
        assertSame(holder.result(), caller.call(ring, () -> takenAndClosed(inline)));
      }
    }
  }

  private static InlineMemory takenAndClosed(InlineCalls inline) {
    try (InlineMemory memory = inline.memory()) {
      return memory;
    }
  }
}
