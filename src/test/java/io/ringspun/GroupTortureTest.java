package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.os.RingTimer;
import io.ringspun.testing.Await;
import io.ringspun.testing.LongRun;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Threads of a group do everything at random that moves them, and nothing is lost. */
@Tag("carried")
class GroupTortureTest {
  private static final int RINGS = 3;
  private static final int THREADS = 40;
  private static final int TURNS = LongRun.count(150, 20_000);

  private final AtomicInteger nops = new AtomicInteger();
  private final AtomicInteger children = new AtomicInteger();
  private final AtomicInteger interrupted = new AtomicInteger();
  private final LinkedTransferQueue<Integer> exchange = new LinkedTransferQueue<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Object monitor = new Object();
  private int counter; // under the lock
  private int monitored; // under the monitor

  @Test
  void allAtOnce() throws Exception {
    for (int seed = 1; seed <= LongRun.count(2, 20); seed++) {
      run(seed);
    }
  }

  private void run(int seed) throws Exception {
    int before = counter + monitored;
    assertEquals(counter, monitored);
    try (RingGroup group = RingGroup.open(RINGS, RingOptions.defaults())) {
      List<FutureTask<Integer>> tasks = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        Random random = new Random(31L * seed + i);
        FutureTask<Integer> task = new FutureTask<>(() -> turns(group, random));
        tasks.add(task);
        if (i % 8 == 0) {
          group.next().startVirtualThread(task); // one that stays
        } else {
          group.startVirtualThread(task);
        }
      }
      int done = 0;
      for (FutureTask<Integer> task : tasks) {
        done += task.get();
      }
      assertEquals(THREADS * TURNS, done, "seed " + seed);
      assertEquals(counter, monitored);
      assertTrue(counter + monitored > before);
      Await.until("no operation is left", () -> inFlight(group) == 0);
      group.rings().get(seed % RINGS).close();
      FutureTask<Integer> last = new FutureTask<>(() -> turns(group, new Random(seed)));
      group.startVirtualThread(last);
      assertEquals(TURNS, last.get());
    }
  }

  private static int inFlight(RingGroup group) {
    return group.rings().stream().mapToInt(ring -> ring.metrics().inFlight()).sum();
  }

  private int turns(RingGroup group, Random random) throws Exception {
    int done = 0;
    for (int i = 0; i < TURNS; i++) {
      turn(group, random);
      done++;
    }
    return done;
  }

  private void turn(RingGroup group, Random random) throws Exception {
    switch (random.nextInt(100)) {
      case 0 -> compute(random.nextInt(3_000_000));
      case 1 -> Pinning.run(() -> LockSupport.parkNanos(random.nextInt(3_000_000)));
      case 2, 3, 4, 5 -> {
        FutureTask<Integer> child = new FutureTask<>(() -> nop(group, random));
        Thread.startVirtualThread(child);
        assertEquals(1, child.get());
        children.incrementAndGet();
      }
      case 6, 7, 8, 9 -> interrupt(group, random);
      case 10, 11, 12, 13, 14 -> Thread.sleep(random.nextInt(2));
      case 15, 16, 17, 18, 19 -> {
        lock.lock();
        try {
          int seen = counter;
          nop(group, random);
          counter = seen + 1;
        } finally {
          lock.unlock();
        }
        synchronized (monitor) {
          int seen = monitored;
          Thread.yield();
          monitored = seen + 1;
        }
      }
      case 20, 21, 22, 23, 24 -> {
        exchange.add(1);
        assertEquals(1, exchange.take());
      }
      case 25, 26, 27, 28, 29 -> Thread.yield();
      case 30, 31 -> RingTimer.sleep(open(group, random), Duration.ofNanos(random.nextInt(1_000)));
      default -> nop(group, random);
    }
  }

  private static void compute(long nanos) {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  private static Ring open(RingGroup group, Random random) {
    while (true) {
      Ring ring = group.rings().get(random.nextInt(RINGS));
      if (ring.isOpen()) {
        return ring;
      }
    }
  }

  private int nop(RingGroup group, Random random) throws IOException {
    open(group, random).nop();
    nops.incrementAndGet();
    return 1;
  }

  /** A child sleeps for long, and is interrupted. */
  private void interrupt(RingGroup group, Random random) throws Exception {
    Ring ring = open(group, random);
    FutureTask<Boolean> sleeper =
        new FutureTask<>(
            () -> {
              try {
                RingTimer.sleep(ring, Duration.ofHours(1));
                return false;
              } catch (InterruptedIOException _) {
                return true;
              }
            });
    Thread thread = group.startVirtualThread(sleeper);
    if (random.nextBoolean()) {
      nop(group, random);
    }
    thread.interrupt();
    assertTrue(sleeper.get());
    interrupted.incrementAndGet();
  }
}
