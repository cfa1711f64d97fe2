package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.RingMetrics;
import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.internal.kernel.NativeThread;
import io.ringspun.internal.kernel.WakeSignal;
import io.ringspun.net.SocketKit.Blocked;
import io.ringspun.net.SocketKit.Pair;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.LongRun;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Platform threads that wait for a socket in the kernel, not through a ring: what they wait for,
 * and all that ends it.
 */
class KernelWaitTest {
  private static final String CLOSED = "java.net.SocketException: Socket closed";

  private static Blocked block(Callable<?> call) {
    return Blocked.in(task -> Thread.ofPlatform().daemon().start(task), call);
  }

  /** Writes until the thread is told to stop, which takes more than the kernel keeps. */
  private static Callable<?> filling(Socket socket) {
    return () -> {
      OutputStream out = socket.getOutputStream();
      byte[] bytes = new byte[1 << 20];
      for (int i = 0; i < 64; i++) {
        out.write(bytes);
      }
      return "written";
    };
  }

  @Test
  void read_isNoOperationOfTheRing() throws Exception {
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      InputStream in = pair.client().getInputStream();
      OutputStream out = pair.server().getOutputStream();
      RingMetrics before = ring.metrics();
      out.write(1);
      assertEquals(1, in.read(), "it is there");
      Blocked read = block(in::read);
      assertEquals(0, ring.metrics().inFlight());
      out.write(2);
      assertEquals("2", read.outcome());
      pair.client().setSoTimeout(30_000);
      Blocked timed = block(in::read);
      assertEquals(0, ring.metrics().inFlight());
      out.write(3);
      assertEquals("3", timed.outcome());
      RingMetrics after = ring.metrics();
      assertEquals(before.completed(), after.completed());
      assertEquals(6, after.inlineHits() - before.inlineHits());
    }
  }

  @Test
  void read_noInlineAttempts_throughTheRing() throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withInlineAttempts(false));
        Pair pair = SocketKit.of(ring).pair()) {
      Blocked read = block(pair.client().getInputStream()::read);
      Await.until("it is in flight", () -> ring.metrics().inFlight() == 1);
      pair.server().getOutputStream().write(2);
      assertEquals("2", read.outcome());
    }
  }

  @Test
  void read_closedMeanwhile() throws Exception {
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      Blocked read = block(pair.client().getInputStream()::read);
      pair.client().close();
      assertEquals(CLOSED, read.outcome());
      assertEquals(-1, pair.server().getInputStream().read(), "the peer finds the end");
    }
  }

  @Test
  void read_interruptedMeanwhile_goesOn() throws Exception {
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      Blocked read = block(pair.client().getInputStream()::read);
      read.thread().interrupt();
      pair.server().getOutputStream().write(7);
      assertEquals("7, interrupted", read.outcome());
    }
  }

  @Test
  void read_timeLimit() throws Exception {
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      pair.client().setSoTimeout(20);
      InputStream in = pair.client().getInputStream();
      for (int i = 0; i < 3; i++) {
        long start = System.nanoTime();
        SocketTimeoutException e = assertThrows(SocketTimeoutException.class, in::read);
        assertEquals("Read timed out", e.getMessage());
        assertTrue(System.nanoTime() - start >= 20_000_000);
      }
      pair.server().getOutputStream().write(7);
      assertEquals(7, in.read(), "nothing is lost");
      pair.client().setSoTimeout(30_000);
      Blocked read = block(in::read);
      pair.client().close();
      assertEquals(CLOSED, read.outcome());
    }
  }

  @Test
  void write_blocksUntilThePeerReads() throws Exception {
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      Blocked write = block(filling(pair.client()));
      assertEquals(0, ring.metrics().inFlight());
      write.thread().interrupt();
      pair.server().getInputStream().skipNBytes(64 << 20);
      assertEquals("written, interrupted", write.outcome());
    }
  }

  @Test
  void write_closedMeanwhile() throws Exception {
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      Blocked write = block(filling(pair.client()));
      Blocked read = block(pair.client().getInputStream()::read);
      pair.client().close();
      assertEquals(CLOSED, write.outcome());
      assertEquals(CLOSED, read.outcome());
    }
  }

  @Test
  void accept_closedMeanwhile() throws Exception {
    try (Ring ring = Ring.open();
        var listener = SocketKit.of(ring).listen()) {
      Blocked accept = block(listener::accept);
      listener.close();
      assertEquals(CLOSED, accept.outcome());
    }
  }

  @Test
  void ringClosed_endsAll() throws Exception {
    Ring ring = Ring.open();
    try (Pair pair = SocketKit.of(ring).pair();
        Pair timed = SocketKit.of(ring).pair()) {
      timed.client().setSoTimeout(30_000);
      List<Blocked> blocked =
          List.of(
              block(pair.client().getInputStream()::read),
              block(filling(pair.client())),
              block(timed.client().getInputStream()::read));
      ring.close();
      for (Blocked each : blocked) {
        assertTrue(each.outcome().contains("closed"), each.outcome());
      }
    }
  }

  /** A signal that nobody meant for the wait, as another library may send it. */
  @Test
  void signal_withoutReason_goesOn() throws Exception {
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      AtomicInteger number = new AtomicInteger();
      InputStream in = pair.client().getInputStream();
      for (int limit : List.of(0, 30_000)) {
        pair.client().setSoTimeout(limit);
        Blocked read =
            block(
                () -> {
                  number.set(NativeThread.current());
                  return in.read();
                });
        for (int i = 0; i < 100; i++) {
          WakeSignal.send(LinuxKernel.INSTANCE, number.get());
        }
        pair.server().getOutputStream().write(9);
        assertEquals("9", read.outcome());
      }
    }
  }

  /**
   * Closes while threads are about to wait, wait, or have just got what they waited for, at moments
   * that differ: none may stay behind, and none may come to another end.
   */
  @Test
  void storm_ofClosesAndInterrupts() throws Exception {
    Random random = new Random(1);
    try (Ring ring = Ring.open()) {
      for (int i = 0; i < LongRun.count(300, 10_000); i++) {
        try (Pair pair = SocketKit.of(ring).pair()) {
          pair.client().setSoTimeout(random.nextInt(3) == 0 ? 30_000 : 0);
          List<Caller.Begun<String>> begun = new ArrayList<>();
          begun.add(begin(ring, () -> readAll(pair.client())));
          begun.add(begin(ring, filling(pair.client())));
          pair.server().getOutputStream().write(new byte[random.nextInt(100)]);
          for (int spins = random.nextInt(20_000); spins > 0; spins--) {
            Thread.onSpinWait();
          }
          if (random.nextBoolean()) {
            begun.getFirst().thread().interrupt();
          }
          pair.client().close();
          for (Caller.Begun<String> each : begun) {
            String end = each.result().replace("is closed", "closed"); // before it began
            assertTrue(end.startsWith(CLOSED), end); // and perhaps interrupted
          }
        }
      }
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  private static Caller.Begun<String> begin(Ring ring, Callable<?> call) {
    return Caller.PLATFORM.begin(ring, () -> SocketKit.outcome(call));
  }

  private static String readAll(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    while (in.read() >= 0) {
      // There may be more.
    }
    return "the end";
  }
}
