package io.ringspun.internal.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import java.io.InterruptedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** Things are taken in turn; who waits is told of every end. */
class FairPoolTest {
  private Ring ring;
  private FairPool<String> pool;

  @BeforeEach
  void open() throws Exception {
    ring = Ring.open();
    pool = new FairPool<>(List.of("a", "b"), List.of(EngineAccess.of(ring)));
  }

  @AfterEach
  void close() {
    ring.close();
  }

  private Caller.Begun<String> begin(Caller caller) {
    int before = pool.waiting();
    Caller.Begun<String> begun = caller.begin(ring, () -> pool.take(0));
    Await.until("it waits", () -> pool.waiting() > before);
    return begun;
  }

  @Test
  void take_atOnce_theOneGivenBackLastFirst() throws Exception {
    String first = pool.take(0);
    String second = pool.take(0);
    assertFalse(pool.give(first));
    assertFalse(pool.give(second));
    assertEquals(second, pool.take(0));
  }

  @ParameterizedTest
  @EachCaller
  void take_blocks_oldestFirst(Caller caller) throws Exception {
    String first = pool.take(0);
    String second = pool.take(0);
    List<Caller.Begun<String>> waiting = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      waiting.add(begin(caller));
    }
    pool.give(first);
    assertEquals(first, waiting.get(0).result());
    pool.give(second);
    assertEquals(second, waiting.get(1).result());
    pool.give(first);
    assertEquals(first, waiting.get(2).result());
  }

  @ParameterizedTest
  @EachCaller
  void take_closedMeanwhile(Caller caller) throws Exception {
    pool.take(0);
    pool.take(0);
    Caller.Begun<String> waiting = begin(caller);
    assertFalse(pool.close(), "two are out");
    assertThrows(AsynchronousCloseException.class, waiting::result);
    assertThrows(ClosedChannelException.class, () -> pool.take(0));
    assertFalse(pool.give("a"));
    assertTrue(pool.give("b"), "the last one");
  }

  @ParameterizedTest
  @EachCaller
  void take_ringClosedMeanwhile(Caller caller) throws Exception {
    pool.take(0);
    pool.take(0);
    Caller.Begun<String> waiting = begin(caller);
    ring.close();
    assertThrows(RingClosedException.class, waiting::result);
    assertEquals(0, pool.waiting());
  }

  @ParameterizedTest
  @EachCaller
  void take_interruptedMeanwhile_leavesNothingBehind(Caller caller) throws Exception {
    String first = pool.take(0);
    pool.take(0);
    Caller.Begun<String> waiting = begin(caller);
    waiting.thread().interrupt();
    assertThrows(InterruptedIOException.class, waiting::result);
    assertEquals(0, pool.waiting());
    pool.give(first);
    assertEquals(first, pool.take(0));
  }

  @Test
  void take_timeIsUp() throws Exception {
    pool.take(0);
    pool.take(0);
    assertNull(pool.take(1));
    assertEquals(0, pool.waiting());
  }

  /** What is lost is never handed out again; with the last one the pool is closed. */
  @Test
  void lose() throws Exception {
    pool.take(0);
    assertFalse(pool.lose());
    pool.take(0);
    assertTrue(pool.lose());
    assertTrue(pool.isClosed());
    assertThrows(ClosedChannelException.class, () -> pool.take(0));
  }
}
