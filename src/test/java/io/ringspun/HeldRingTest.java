package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.Fifo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What carried threads may do to the thread that they share, and what becomes of the others. */
@Tag("carried")
class HeldRingTest {
  @TempDir static Path directory;

  private volatile boolean computing;
  private volatile boolean released;

  /** Its name is looked for in the report. */
  private void computeForLong() {
    computing = true;
    while (!released) {
      Thread.onSpinWait();
    }
  }

  @Test
  void computing_isReported_andNothingIsLost() throws Exception {
    ConcurrentLinkedQueue<RecordedEvent> events = new ConcurrentLinkedQueue<>();
    try (RecordingStream recording = new RecordingStream();
        Ring ring = Ring.open(RingOptions.defaults().withThreadName("test-held"));
        Fifo fifo = Fifo.open(ring, directory)) {
      recording.enable("io.ringspun.RingHeld");
      recording.setReuse(false);
      recording.onEvent("io.ringspun.RingHeld", events::add);
      recording.startAsync();
      var reader = BlockedCall.start(ring, fifo::read).awaitInFlight(ring, 1);

      Thread holder =
          ring.startVirtualThread(
              () -> {
                Thread.currentThread().setName("test-holder");
                computeForLong();
              });
      Await.until("it computes", () -> computing);
      List<BlockedCall<Void>> others = new ArrayList<>();
      try {
        for (Caller caller : Caller.values()) {
          for (int i = 0; i < 10; i++) {
            others.add(
                BlockedCall.start(
                    ring,
                    caller,
                    () -> {
                      ring.nop();
                      return null;
                    }));
          }
        }
        fifo.write(1);
        Await.until("it is reported", () -> !events.isEmpty());
        assertFalse(reader.hasEnded(), "the ring's thread is held");
        assertTrue(others.stream().noneMatch(BlockedCall::hasEnded));
      } finally {
        released = true; // or closing would wait for ever
      }

      assertEquals((byte) 1, reader.result());
      for (BlockedCall<Void> other : others) {
        other.result();
      }
      RecordedEvent event = events.element();
      assertEquals("test-held", event.getString("ring"));
      assertEquals("test-holder", event.getString("thread"));
      assertTrue(event.getLong("heldMillis") >= 500, event::toString);
      String stack = event.getString("stack");
      assertTrue(stack.contains("HeldRingTest.computeForLong"), stack);
      assertEquals(1, events.size(), "once for each time that it is held");
    }
  }

  // ---- blocking that parks, and so holds nobody up -------------------------------------------

  /** Runs a nop on a carried thread: that works as long as the ring's thread is free. */
  private static void assertNotHeld(Ring ring) throws Exception {
    BlockedCall.start(
            ring,
            () -> {
              ring.nop();
              return null;
            })
        .result();
  }

  @Test
  void sleep() throws Exception {
    try (Ring ring = Ring.open()) {
      var sleeper =
          BlockedCall.start(
              ring,
              () -> {
                Thread.sleep(300);
                ring.nop();
                return Thread.currentThread().toString();
              });
      Await.parked(sleeper.thread());
      assertNotHeld(ring);
      assertFalse(sleeper.hasEnded());
      String name = ring.toString().replace("Ring[", "").replace("]", "");
      assertTrue(sleeper.result().endsWith("@" + name), "it woke up elsewhere");
    }
  }

  @Test
  void objectWait() throws Exception {
    try (Ring ring = Ring.open()) {
      Object monitor = new Object();
      var waiter =
          BlockedCall.start(
              ring,
              () -> {
                synchronized (monitor) {
                  while (!released) {
                    monitor.wait();
                  }
                }
                ring.nop();
                return null;
              });
      Await.parked(waiter.thread());
      assertNotHeld(ring);
      synchronized (monitor) {
        released = true;
        monitor.notifyAll();
      }
      waiter.result();
    }
  }

  /** The owner of the monitor waits for the ring; the others must let its thread go on. */
  @Test
  void synchronizedContention() throws Exception {
    try (Ring ring = Ring.open()) {
      int[] counter = new int[1];
      Object monitor = new Object();
      List<BlockedCall<Void>> threads = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        threads.add(
            BlockedCall.start(
                ring,
                i % 5 == 0 ? Caller.PLATFORM : Caller.CARRIED,
                () -> {
                  for (int round = 0; round < 50; round++) {
                    synchronized (monitor) {
                      int seen = counter[0];
                      ring.nop();
                      counter[0] = seen + 1;
                    }
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> thread : threads) {
        thread.result();
      }
      assertEquals(50 * 50, counter[0]);
    }
  }

  @Test
  void reentrantLock() throws Exception {
    try (Ring ring = Ring.open()) {
      int[] counter = new int[1];
      ReentrantLock lock = new ReentrantLock();
      List<BlockedCall<Void>> threads = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        threads.add(
            BlockedCall.start(
                ring,
                Caller.values()[i % 3],
                () -> {
                  for (int round = 0; round < 50; round++) {
                    lock.lock();
                    try {
                      int seen = counter[0];
                      ring.nop();
                      counter[0] = seen + 1;
                    } finally {
                      lock.unlock();
                    }
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> thread : threads) {
        thread.result();
      }
      assertEquals(50 * 50, counter[0]);
    }
  }

  @Test
  void queuesToPlatformThreads() throws Exception {
    try (Ring ring = Ring.open()) {
      LinkedBlockingQueue<Integer> out = new LinkedBlockingQueue<>(2);
      SynchronousQueue<Integer> back = new SynchronousQueue<>();
      Thread echo =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      for (int i = 0; i < 500; i++) {
                        back.put(out.take() + 1);
                      }
                    } catch (InterruptedException _) {
                      // the test has failed already
                    }
                  });
      var carried =
          BlockedCall.start(
              ring,
              () -> {
                for (int i = 0; i < 500; i++) {
                  out.put(i);
                  ring.nop();
                  assertEquals(i + 1, back.take());
                }
                return null;
              });
      try {
        carried.result();
      } finally {
        echo.interrupt();
      }
      echo.join();
    }
  }

  @Test
  void nestedVirtualThreads() throws Exception {
    try (Ring ring = Ring.open()) {
      AtomicInteger done = new AtomicInteger();
      BlockedCall.start(
              ring,
              () -> {
                List<Thread> children = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                  children.add(
                      Thread.ofVirtual()
                          .start(
                              () -> {
                                try {
                                  ring.nop();
                                  Thread.yield();
                                  ring.nop();
                                  done.incrementAndGet();
                                } catch (IOException e) {
                                  throw new AssertionError(e);
                                }
                              }));
                }
                for (Thread child : children) {
                  child.join();
                }
                return null;
              })
          .result();
      assertEquals(100, done.get());
    }
  }

  @Test
  void threadLocals_belongToTheirThread() throws Exception {
    try (Ring ring = Ring.open()) {
      ThreadLocal<Integer> local = new ThreadLocal<>();
      List<BlockedCall<Void>> threads = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        int mine = i;
        threads.add(
            BlockedCall.start(
                ring,
                () -> {
                  assertNull(local.get());
                  local.set(mine);
                  for (int round = 0; round < 20; round++) {
                    ring.nop();
                    assertEquals(mine, local.get());
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> thread : threads) {
        thread.result();
      }
    }
  }
}
