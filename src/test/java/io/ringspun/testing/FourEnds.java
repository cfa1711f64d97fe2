package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import java.io.InterruptedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/**
 * The ends that a blocking call can come to.
 *
 * @param call what blocks until something is provided
 * @param provide what lets one call return
 * @param close what ends all calls
 * @param inFlight how many operations the ring has in flight while a call waits
 */
public record FourEnds(Callable<?> call, Caller.Action provide, Caller.Action close, int inFlight) {

  public FourEnds(Callable<?> call, Caller.Action provide, Caller.Action close) {
    this(call, provide, close, 1);
  }

  /** Checks all of them, on a thread of a kind; the call must return what is expected. */
  public void check(Ring ring, Caller caller, Object expected) throws Exception {
    check(ring, caller, () -> expected);
  }

  /** Checks all of them; what is expected depends on what has been provided last. */
  public void check(Ring ring, Caller caller, Supplier<?> expected) throws Exception {
    provide.run();
    assertEquals(expected.get(), caller.call(ring, call), "it completes at once");

    var waiting = BlockedCall.start(ring, caller, call).awaitInFlight(ring, inFlight);
    provide.run();
    var result = waiting.result();
    assertEquals(expected.get(), result, "it blocks, then completes");

    var interrupted = BlockedCall.start(ring, caller, call).awaitInFlight(ring, inFlight);
    interrupted.interrupt();
    assertThrows(InterruptedIOException.class, interrupted::result);
    assertTrue(interrupted.interruptPending(), "the interrupt stays pending");
    provide.run();
    assertEquals(expected.get(), caller.call(ring, call), "an interrupt loses nothing");

    var closed = BlockedCall.start(ring, caller, call).awaitInFlight(ring, inFlight);
    close.run();
    assertThrows(AsynchronousCloseException.class, closed::result);
    assertEquals(
        ClosedChannelException.class,
        assertThrows(ClosedChannelException.class, () -> caller.call(ring, call)).getClass());
    assertEquals(0, ring.metrics().inFlight());
  }
}
