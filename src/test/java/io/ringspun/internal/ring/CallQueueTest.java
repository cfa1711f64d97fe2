package io.ringspun.internal.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Once;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The queue whose entries are its links. */
@Once
class CallQueueTest {
  private final CallQueue queue = new CallQueue();

  private List<Call> calls() {
    List<Call> calls = new ArrayList<>();
    queue.forEach(calls::add);
    return calls;
  }

  @Test
  void history_asADeque() {
    Random random = new Random(7);
    Deque<Call> expected = new ArrayDeque<>();
    for (int i = 0; i < 10_000; i++) {
      switch (random.nextInt(5)) {
        case 0, 1 -> {
          Call call = Call.single();
          queue.add(call);
          expected.add(call);
        }
        case 2 -> {
          Call call = Call.single();
          queue.addFirst(call);
          expected.addFirst(call);
        }
        default -> {
          if (!expected.isEmpty()) {
            queue.remove();
            assertNull(expected.remove().next);
          }
        }
      }
      assertEquals(expected.size(), queue.size());
      assertEquals(expected.isEmpty(), queue.isEmpty());
      assertSame(expected.peek(), queue.peek());
    }
    assertEquals(List.copyOf(expected), calls());
  }

  @Test
  void clear_unlinksAll() {
    List<Call> calls = List.of(Call.single(), Call.single(), Call.single());
    calls.forEach(queue::add);
    queue.clear();
    assertTrue(queue.isEmpty());
    assertEquals(0, queue.size());
    calls.forEach(call -> assertNull(call.next));
    queue.add(calls.getLast());
    assertEquals(List.of(calls.getLast()), calls());
  }
}
