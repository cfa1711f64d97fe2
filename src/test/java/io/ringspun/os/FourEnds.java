package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.Ring;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import java.io.InterruptedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Callable;

/**
 * The ends that a blocking call can come to.
 *
 * @param call what blocks until something is provided
 * @param provide what lets one call return
 * @param close what ends all calls
 */
record FourEnds(Callable<?> call, Caller.Action provide, Caller.Action close) {

  /** Checks all of them, on a thread of a kind; the call must return what is expected. */
  void check(Ring ring, Caller caller, Object expected) throws Exception {
    provide.run();
    assertEquals(expected, caller.call(ring, call), "it completes at once");

    var waiting = BlockedCall.start(ring, caller, call).awaitInFlight(ring, 1);
    provide.run();
    assertEquals(expected, waiting.result(), "it blocks, then completes");

    var interrupted = BlockedCall.start(ring, caller, call).awaitInFlight(ring, 1);
    interrupted.interrupt();
    assertThrows(InterruptedIOException.class, interrupted::result);
    provide.run();
    assertEquals(expected, caller.call(ring, call), "an interrupt loses nothing");

    var closed = BlockedCall.start(ring, caller, call).awaitInFlight(ring, 1);
    close.run();
    assertThrows(AsynchronousCloseException.class, closed::result);
    assertEquals(
        ClosedChannelException.class,
        assertThrows(ClosedChannelException.class, () -> caller.call(ring, call)).getClass());
    assertEquals(0, ring.metrics().inFlight());
  }
}
