package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(LeakCheck.class)
class BufferPoolTest {

  @ParameterizedTest
  @EachCaller
  void buffers_alignedAndApart(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            try (BufferPool pool = ring.bufferPool(5, 5000)) {
              assertEquals(5, pool.buffers());
              assertEquals(5000, pool.bufferBytes());
              List<Lease> leases = new ArrayList<>();
              TreeSet<Long> addresses = new TreeSet<>();
              for (int i = 0; i < 5; i++) {
                Lease lease = pool.take();
                leases.add(lease);
                assertEquals(5000, lease.byteSize());
                assertEquals(5000, lease.segment().byteSize());
                assertEquals(0, lease.segment().address() % 4096);
                addresses.add(lease.segment().address());
              }
              assertEquals(5, addresses.size());
              for (Long address : addresses) {
                Long next = addresses.higher(address);
                assertTrue(next == null || next - address >= 5000);
              }
              leases.forEach(Lease::close);
            }
          });
    }
  }

  @ParameterizedTest
  @EachCaller
  void open_badSizes(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            assertThrows(IllegalArgumentException.class, () -> ring.bufferPool(0, 1));
            assertThrows(IllegalArgumentException.class, () -> ring.bufferPool(1, 0));
            assertThrows(IllegalArgumentException.class, () -> ring.bufferPool(-1, -1));
            assertThrows(IllegalArgumentException.class, () -> ring.bufferPool(2, (1 << 29) + 1));
            assertThrows(
                IllegalArgumentException.class,
                () -> ring.bufferPool(Integer.MAX_VALUE, Integer.MAX_VALUE));
            try (BufferPool pool = ring.bufferPool(1, 1)) {
              assertThrows(IllegalArgumentException.class, () -> pool.take(Duration.ZERO));
            }
          });
    }
  }

  @ParameterizedTest
  @EachCaller
  void exhausted_servedInTheOrderOfComing(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096)) {
      List<Integer> order = new CopyOnWriteArrayList<>();
      List<Caller.Begun<Void>> waiting = new ArrayList<>();
      Lease first = pool.take();
      for (int i = 0; i < 8; i++) {
        int number = i;
        Caller.Begun<Void> begun =
            caller.begin(
                ring,
                () -> {
                  try (Lease _ = pool.take()) {
                    order.add(number);
                  }
                  return null;
                });
        begun.awaitParked();
        waiting.add(begun);
      }
      first.close();
      // A newcomer, however quick, is behind them all.
      try (Lease _ = pool.take()) {
        assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7), order);
      }
      for (Caller.Begun<Void> begun : waiting) {
        begun.result();
      }
    }
  }

  /** A thread that holds the only buffer of a pool, or gives it back, when it is told to. */
  private record Holder(BufferPool pool, Deque<Lease> held, ExecutorService thread)
      implements AutoCloseable {
    Holder(BufferPool pool) throws Exception {
      this(pool, new ConcurrentLinkedDeque<>(), Executors.newSingleThreadExecutor());
      take();
    }

    void take() throws Exception {
      thread.submit(() -> held.add(pool.take())).get();
    }

    void give() throws Exception {
      thread.submit(() -> held.remove().close()).get();
    }

    @Override
    public void close() {
      var _ = thread.submit(() -> held.forEach(Lease::close));
      thread.close();
    }
  }

  @ParameterizedTest
  @EachCaller
  void take_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096);
        Holder holder = new Holder(pool)) {
      Callable<Integer> take =
          () -> {
            int size;
            try (Lease lease = pool.take()) {
              size = lease.byteSize();
            }
            holder.take();
            return size;
          };
      new FourEnds(take, holder::give, pool::close, 0).check(ring, caller, 4096);
    }
  }

  @ParameterizedTest
  @EachCaller
  void exhausted_interrupted(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096)) {
      Lease first = pool.take();
      BlockedCall<Lease> blocked =
          BlockedCall.start(ring, caller, pool::take).awaitInFlight(ring, 0);
      blocked.interrupt();
      assertThrows(InterruptedIOException.class, blocked::result);
      assertTrue(blocked.interruptPending());
      first.close();
      pool.take().close(); // it did not go to the one who had left
    }
  }

  @ParameterizedTest
  @EachCaller
  void take_interruptedBefore(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096)) {
      caller.run(
          ring,
          () -> {
            Thread.currentThread().interrupt();
            assertThrows(InterruptedIOException.class, pool::take);
            assertTrue(Thread.interrupted());
            pool.take().close();
          });
    }
  }

  @ParameterizedTest
  @EachCaller
  void exhausted_timeIsUp(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096)) {
      Lease first = pool.take();
      caller.run(
          ring,
          () ->
              assertThrows(OperationTimeoutException.class, () -> pool.take(Duration.ofMillis(5))));
      first.close();
      caller.run(ring, () -> pool.take(Duration.ofNanos(1)).close());
      pool.take(Duration.ofDays(1_000_000)).close();
    }
  }

  @ParameterizedTest
  @EachCaller
  void exhausted_poolClosed(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      BufferPool pool = ring.bufferPool(1, 4096);
      Lease first = pool.take();
      BlockedCall<Lease> blocked =
          BlockedCall.start(ring, caller, pool::take).awaitInFlight(ring, 0);
      pool.close();
      assertThrows(AsynchronousCloseException.class, blocked::result);
      assertFalse(pool.isOpen());
      assertThrows(ClosedChannelException.class, pool::take);
      long before = NativeMemory.allocatedBytes();
      first.segment().fill((byte) 7); // is still ours
      pool.close();
      first.close();
      assertEquals(before - 4096, NativeMemory.allocatedBytes());
      first.close();
      pool.close();
      assertEquals(before - 4096, NativeMemory.allocatedBytes());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ring_closedFirst(boolean leaseOutlivesPool) throws Exception {
    long before = NativeMemory.allocatedBytes();
    Ring ring = Ring.open();
    BufferPool pool = ring.bufferPool(2, 4096);
    Lease lease = pool.take();
    ring.close();
    lease.segment().fill((byte) 7);
    assertThrows(RingClosedException.class, pool::take);
    assertThrows(RingClosedException.class, () -> ring.bufferPool(1, 1));
    if (leaseOutlivesPool) {
      pool.close();
      lease.close();
    } else {
      lease.close();
      pool.close();
    }
    assertEquals(before, NativeMemory.allocatedBytes());
  }

  /** The ring's thread answers like this if the ring is closed before it comes to register. */
  @Test
  void ring_closedMeanwhile() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      long before = NativeMemory.allocatedBytes();
      kernel.failRegister(Constants.IORING_REGISTER_BUFFERS2, Errno.ECANCELED);
      assertThrows(RingClosedException.class, () -> ring.bufferPool(1, 4096));
      assertEquals(before, NativeMemory.allocatedBytes());
    }
  }

  /** Who waits when the ring is closed is told; a buffer that is out stays its taker's. */
  @ParameterizedTest
  @EachCaller
  void exhausted_ringClosed(Caller caller) throws Exception {
    Ring ring = Ring.open();
    try (BufferPool pool = ring.bufferPool(1, 4096)) {
      Lease first = pool.take();
      BlockedCall<Integer> blocked =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                try (Lease lease = pool.take()) {
                  return lease.byteSize();
                }
              });
      blocked.awaitInFlight(ring, 0);
      ring.close();
      assertThrows(RingClosedException.class, blocked::result);
      first.segment().fill((byte) 1);
      first.close();
    }
  }

  /** One user at a time for each buffer, and every buffer comes back. */
  @ParameterizedTest
  @EachCaller
  void take_byMany(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(3, 4096)) {
      AtomicInteger out = new AtomicInteger();
      List<Caller.Begun<Void>> all = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        long mine = i + 1;
        all.add(
            caller.begin(
                ring,
                () -> {
                  for (int n = 0; n < 200; n++) {
                    try (Lease lease = pool.take()) {
                      assertTrue(out.incrementAndGet() <= 3);
                      MemorySegment segment = lease.segment();
                      assertEquals(0, segment.get(ValueLayout.JAVA_LONG, 8));
                      segment.set(ValueLayout.JAVA_LONG, 8, mine);
                      ring.nop();
                      assertEquals(mine, segment.get(ValueLayout.JAVA_LONG, 8));
                      out.decrementAndGet();
                    }
                  }
                  return null;
                }));
      }
      for (Caller.Begun<Void> one : all) {
        one.result();
      }
      assertEquals(0, out.get());
    }
  }

  @ParameterizedTest
  @EachCaller
  void table_fullAndEmptiedAgain(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            List<BufferPool> pools = new ArrayList<>();
            for (int i = 0; i < 65; i++) {
              pools.add(ring.bufferPool(1, 4096));
            }
            assumeTrue(pools.getFirst().isRegistered(), "the limit of locked memory is too low");
            assertTrue(pools.get(63).isRegistered());
            assertFalse(pools.get(64).isRegistered());
            assertEquals(1, ring.metrics().unregisteredPools());
            pools.remove(17).close();
            pools.add(ring.bufferPool(1, 4096));
            assertTrue(pools.getLast().isRegistered());
            pools.forEach(BufferPool::close);
          });
    }
  }

  @ParameterizedTest
  @EachCaller
  void refused_worksUnregistered(Caller caller) throws Exception {
    for (int opcode :
        new int[] {Constants.IORING_REGISTER_BUFFERS2, Constants.IORING_REGISTER_BUFFERS_UPDATE}) {
      try (FaultKernel kernel = new FaultKernel();
          Ring ring = FaultyRing.open(kernel)) {
        kernel.failRegister(opcode, Errno.ENOMEM);
        caller.run(
            ring,
            () -> {
              try (BufferPool pool = ring.bufferPool(2, 4096);
                  Lease lease = pool.take()) {
                assertFalse(pool.isRegistered());
                assertTrue(pool.toString().contains("unregistered"), pool.toString());
                lease.segment().fill((byte) 1);
              }
            });
        assertEquals(1, ring.metrics().unregisteredPools());
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void ring_failed(Caller caller) throws Exception {
    LeakCheck.expectLost(4096); // the ring's own wake-up buffer; the pool's is free
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      BufferPool pool = ring.bufferPool(1, 4096);
      kernel.throwFromEnter(new IllegalStateException("on purpose"));
      assertThrows(IOException.class, ring::nop);
      try (Ring other = Ring.open()) {
        caller.run(
            other,
            () -> {
              IOException failure = assertThrows(IOException.class, pool::take);
              assertInstanceOf(RingFailedException.class, failure);
              assertThrows(RingFailedException.class, () -> ring.bufferPool(1, 1));
              pool.close();
            });
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void lease_toTheOneWhoGaveItBackLast(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            try (BufferPool pool = ring.bufferPool(3, 4096)) {
              long address;
              try (Lease lease = pool.take()) {
                address = lease.segment().address();
              }
              try (Lease lease = pool.take()) {
                assertEquals(address, lease.segment().address(), "the one that the caches have");
              }
              assertSame(ring.isOpen(), pool.isOpen());
            }
          });
    }
  }

  /** What the child does. */
  static final class Report {
    private Report() {}

    public static void main(String[] arguments) throws IOException {
      try (Ring ring = Ring.open();
          BufferPool one = ring.bufferPool(64, 64 << 10);
          BufferPool two = ring.bufferPool(64, 64 << 10);
          BufferPool small = ring.bufferPool(1, 4096);
          Lease lease = one.take()) {
        lease.segment().fill((byte) 1);
        System.out.printf(
            "registered %s %s %s, refused %d%n",
            one.isRegistered(),
            two.isRegistered(),
            small.isRegistered(),
            ring.metrics().unregisteredPools());
      }
    }
  }

  /** Under a limit of 64 KiB the large pools go without, and the log says so once. */
  @Test
  @Once
  void memoryLimit_saidOnce() throws Exception {
    String[] prlimit = {"prlimit", "--memlock=65536:65536"};
    ChildJvm child = new ChildJvm().with("--enable-native-access=ALL-UNNAMED");
    if (mayLockWithoutLimit()) {
      assumeTrue(
          Files.exists(Path.of("/usr/bin/setpriv")), "no setpriv to give up CAP_IPC_LOCK with");
      child.under("setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock");
    }
    assumeTrue(Files.exists(Path.of("/usr/bin/prlimit")), "no prlimit to lower the limit with");
    String output = child.under(prlimit).run(Report.class);
    assertTrue(output.contains("registered false false true, refused 2"), output);
    assertEquals(2, output.split("works unregistered", -1).length, output);
    assertTrue(output.contains("ulimit -l"), output);
  }

  private static boolean mayLockWithoutLimit() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("CapEff:")) {
        return (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 1 << 14) != 0;
      }
    }
    return false;
  }
}
