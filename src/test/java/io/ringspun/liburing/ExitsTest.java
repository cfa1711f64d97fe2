package io.ringspun.liburing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.os.Poll;
import io.ringspun.os.PollEvent;
import io.ringspun.os.RingPipe;
import io.ringspun.os.RingTimer;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ends, orderly and not: none hangs. */
class ExitsTest {

  /** Leaves without closing anything, while an operation is in flight. */
  static final class Leaves {
    private Leaves() {}

    public static void main(String[] arguments) throws Exception {
      Ring ring = Ring.open();
      RingPipe pipe = RingPipe.open(ring);
      for (Caller caller : Caller.values()) {
        BlockedCall.start(
            ring,
            caller,
            () -> {
              switch (arguments[0]) {
                case "read" -> pipe.source().read(ByteBuffer.allocate(1));
                case "poll" -> Poll.await(pipe.source(), PollEvent.READABLE);
                default -> RingTimer.sleep(ring, Duration.ofHours(1));
              }
              return null;
            });
      }
      while (ring.metrics().inFlight() < Caller.values().length) {
        Thread.onSpinWait();
      }
      System.out.println("left");
    }
  }

  @Liburing({"exit-no-cleanup", "files-exit-hang-poll", "files-exit-hang-timeout"})
  @ParameterizedTest
  @ValueSource(strings = {"read", "poll", "timeout"})
  void process_endsWithOperationsInFlight(String what) throws Exception {
    assertEquals("left\n", new ChildJvm().withFlagsOfThisOne().run(Leaves.class, what));
  }

  @Liburing("teardowns")
  @Test
  void rings_openedAndClosedAllTheTime() throws Exception {
    RingOptions small = RingOptions.defaults().withEntries(4);
    List<Ring> open = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      Ring ring = Ring.open(small);
      ring.nop();
      open.add(ring);
      if (i % 3 != 0) {
        open.remove(open.size() / 2).close();
      }
    }
    for (Ring ring : open) {
      ring.nop();
      ring.close();
    }
  }

  /** The ring is closed while its thread sleeps in the kernel with nothing to wake it but that. */
  @Liburing("wakeup-hang")
  @ParameterizedTest
  @EachCaller
  void ring_closedWhileAsleep(Caller caller) throws Exception {
    for (int i = 0; i < 20; i++) {
      Ring ring = Ring.open();
      var sleeper =
          BlockedCall.start(
                  ring,
                  caller,
                  () -> {
                    RingTimer.sleep(ring, Duration.ofHours(1));
                    return null;
                  })
              .awaitInFlight(ring, 1);
      ring.close();
      assertThrows(AsynchronousCloseException.class, sleeper::result);
    }
  }
}
