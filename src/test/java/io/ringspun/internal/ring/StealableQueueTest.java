package io.ringspun.internal.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Await;
import io.ringspun.testing.LongRun;
import io.ringspun.testing.Once;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

/** What is ready on a ring, of which other rings take half. */
@Once
class StealableQueueTest {
  private final StealableQueue queue = new StealableQueue();

  /** A continuation with a number. */
  private record Numbered(int number) implements Runnable {
    @Override
    public void run() {}
  }

  @Test
  void history_asADeque() {
    Random random = new Random(11);
    Deque<Runnable> expected = new ArrayDeque<>();
    Runnable[] taken = new Runnable[100];
    for (int i = 0; i < 100_000; i++) {
      switch (random.nextInt(8)) {
        case 0, 1, 2, 3 -> {
          Runnable item = new Numbered(i);
          queue.add(item);
          expected.add(item);
        }
        case 4, 5 -> assertSame(expected.poll(), queue.poll());
        case 6 -> {
          int count = queue.takeHalf(taken);
          assertEquals(Math.min(taken.length, expected.size() - expected.size() / 2), count);
          for (int k = 0; k < count; k++) {
            assertSame(expected.poll(), taken[k]);
          }
        }
        default -> {
          assertEquals(expected.size(), queue.size());
          if (expected.isEmpty()) {
            queue.forgetTaken();
          }
        }
      }
    }
  }

  @Test
  void takeHalf_roundsUp() {
    Runnable[] taken = new Runnable[8];
    assertEquals(0, queue.takeHalf(taken));
    Runnable item = new Numbered(1);
    queue.add(item);
    assertEquals(1, queue.takeHalf(taken));
    assertSame(item, taken[0]);
    assertNull(queue.poll());
  }

  /** A thread that has ended elsewhere must not be kept reachable by the ring that gave it away. */
  @Test
  void forgetTaken_keepsNothingReachable() {
    List<WeakReference<Runnable>> references = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      Runnable item = new Numbered(i);
      references.add(new WeakReference<>(item));
      queue.add(item);
    }
    Runnable[] taken = new Runnable[64];
    while (queue.takeHalf(taken) > 0) {}
    Arrays.fill(taken, null);
    queue.forgetTaken();
    Await.until(
        "all are collected",
        () -> {
          System.gc();
          return references.stream().allMatch(reference -> reference.refersTo(null));
        });
    assertEquals(0, queue.size());
  }

  /** Each entry is taken once, by one of several threads. */
  @Test
  void manyTake_eachEntryOnce() throws Exception {
    int count = LongRun.count(300_000, 10_000_000);
    int thieves = 3;
    AtomicIntegerArray times = new AtomicIntegerArray(count);
    boolean[] ended = new boolean[1];
    List<FutureTask<Void>> tasks = new ArrayList<>();
    for (int i = 0; i < thieves; i++) {
      FutureTask<Void> task =
          new FutureTask<>(
              () -> {
                Runnable[] taken = new Runnable[16];
                while (true) {
                  boolean isLast;
                  synchronized (ended) {
                    isLast = ended[0];
                  }
                  int got = queue.takeHalf(taken);
                  int before = -1;
                  for (int k = 0; k < got; k++) {
                    int number = ((Numbered) taken[k]).number();
                    assertTrue(number > before, "out of order");
                    before = number;
                    times.incrementAndGet(number);
                  }
                  if (isLast && got == 0) {
                    return null;
                  }
                }
              });
      tasks.add(task);
      Thread.ofPlatform().start(task);
    }
    Random random = new Random(5);
    for (int number = 0; number < count; ) {
      for (int burst = random.nextInt(200); burst > 0 && number < count; burst--) {
        queue.add(new Numbered(number++));
      }
      for (int own = random.nextInt(100); own > 0; own--) {
        if (queue.poll() instanceof Numbered item) {
          times.incrementAndGet(item.number());
        }
      }
    }
    synchronized (ended) {
      ended[0] = true;
    }
    for (FutureTask<Void> task : tasks) {
      task.get();
    }
    for (int i = 0; i < count; i++) {
      assertEquals(1, times.get(i), "entry " + i);
    }
  }
}
