package io.ringspun.os;

import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.Step;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Multishot;
import io.ringspun.raw.RawOperation;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;

/**
 * Waits until a descriptor of any kind is ready: a file, a socket, or a descriptor of this package.
 * The static methods {@code await} wait once; an instance of this class receives events repeatedly
 * from one operation:
 *
 * {@snippet :
 * try (Poll poll = Poll.open(descriptor, PollEvent.READABLE)) {
 *   while (true) {
 *     poll.next();
 *     readAllThereIs(descriptor);
 *   }
 * }
 * }
 *
 * <p>The kernel reports the initial state and then every change to readiness (edge-triggered): data
 * that the caller leaves unread is not reported again. An event may be out of date when it is
 * taken.
 *
 * <p>Safe for use by multiple concurrent threads: each event goes to one of them. An interrupt or a
 * time limit loses no event. The operation of an instance runs on the ring with which the
 * descriptor was opened.
 *
 * @since 0.1
 */
public final class Poll implements AutoCloseable {
  private static final int WAITING_MAX = 32;
  private static final int ALWAYS = Constants.POLLERR | Constants.POLLHUP;

  private final Multishot polled;
  private volatile int
      mask; // written by update, read by threads that submit the poll or take events

  private Poll(Handle handle, int mask) {
    this.mask = mask;
    polled =
        new Multishot(
            handle.home(),
            handle,
            (operation, fd) -> operation.pollAdd(fd, this.mask, Constants.IORING_POLL_ADD_MULTI),
            null,
            WAITING_MAX);
  }

  /**
   * Blocks until a descriptor is ready ({@code IORING_OP_POLL_ADD}, Linux 5.1). A file that cannot
   * be polled is always ready.
   *
   * @param descriptor the descriptor
   * @param events the events to wait for
   * @return the events for which it is ready, at least one; {@link PollEvent#ERROR} and {@link
   *     PollEvent#HANG_UP} are always reported
   * @throws IllegalArgumentException if no event is given
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public static Set<PollEvent> await(Descriptor descriptor, PollEvent... events)
      throws IOException {
    return await(descriptor, 0, events);
  }

  /**
   * Blocks until a descriptor is ready, within a time limit; see {@link #await(Descriptor,
   * PollEvent...)}.
   *
   * @param descriptor the descriptor
   * @param limit positive
   * @param events the events to wait for
   * @return the events for which it is ready, at least one
   * @throws IllegalArgumentException if no event is given, or the limit is not positive
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public static Set<PollEvent> await(Descriptor descriptor, Duration limit, PollEvent... events)
      throws IOException {
    return await(descriptor, Arguments.timeoutNanos(limit), events);
  }

  private static Set<PollEvent> await(Descriptor descriptor, long nanos, PollEvent... events)
      throws IOException {
    int mask = PollEvent.mask(events);
    return PollEvent.of(Readiness.await(Handle.of(descriptor), mask, Deadline.after(nanos)));
  }

  /**
   * Returns a step that waits until a descriptor is ready ({@code IORING_OP_POLL_ADD}, Linux 5.1).
   * {@link PollEvent#of} decodes the result.
   *
   * @param descriptor the descriptor
   * @param events the events to wait for
   * @return the step
   * @throws IllegalArgumentException if no event is given
   */
  public static Step awaitStep(Descriptor descriptor, PollEvent... events) {
    return RawOperation.of(Constants.IORING_OP_POLL_ADD)
        .on(descriptor)
        .operationFlags(PollEvent.mask(events))
        .toStep();
  }

  /**
   * Creates a poll of a descriptor ({@code IORING_OP_POLL_ADD} with {@code IORING_POLL_ADD_MULTI},
   * Linux 5.13). Does not block; polling begins with the first call of {@link #next()}.
   *
   * @param descriptor the descriptor
   * @param events the events to wait for
   * @return the poll, for the caller to close
   * @throws IllegalArgumentException if no event is given
   */
  public static Poll open(Descriptor descriptor, PollEvent... events) {
    return new Poll(Handle.of(descriptor), PollEvent.mask(events));
  }

  /**
   * Takes the next events. Blocks until there are some. A virtual thread parks meanwhile.
   *
   * @return the events for which the descriptor is ready, at least one; {@link PollEvent#ERROR} and
   *     {@link PollEvent#HANG_UP} are always reported
   * @throws java.nio.channels.ClosedChannelException if this or the descriptor is closed
   * @throws java.nio.channels.AsynchronousCloseException if either is closed while the thread waits
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public Set<PollEvent> next() throws IOException {
    return next(0);
  }

  /**
   * Takes the next events, within a time limit; see {@link #next()}.
   *
   * @param limit positive
   * @return the events for which the descriptor is ready, at least one
   * @throws IllegalArgumentException if the limit is not positive
   * @throws io.ringspun.OperationTimeoutException if there is no event in time
   * @throws IOException if the operation fails, as described in {@link #next()}
   */
  public Set<PollEvent> next(Duration limit) throws IOException {
    return next(Arguments.timeoutNanos(limit));
  }

  private Set<PollEvent> next(long nanos) throws IOException {
    long deadline = System.nanoTime() + nanos;
    for (boolean again = false; ; again = true) {
      int result = Multishot.result(polled.take(nanos, deadline, again));
      int told = SystemDescriptor.check("poll", result) & (mask | ALWAYS);
      if (told != 0) { // else it precedes an update
        return PollEvent.of(told);
      }
    }
  }

  /**
   * Changes the events to wait for, even for threads that are already waiting ({@code
   * IORING_OP_POLL_REMOVE} with {@code IORING_POLL_UPDATE_EVENTS}, Linux 5.13). Blocks until the
   * kernel has applied the change. Has no effect if this poll is closed.
   *
   * @param events the events to wait for
   * @throws IllegalArgumentException if no event is given
   * @throws java.io.InterruptedIOException if the thread is interrupted; the change may have been
   *     made
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public void update(PollEvent... events) throws IOException {
    int chosen = PollEvent.mask(events);
    mask = chosen;
    int flags = Constants.IORING_POLL_UPDATE_EVENTS | Constants.IORING_POLL_ADD_MULTI;
    int result = polled.update((operation, _) -> operation.pollUpdate(0, chosen, flags));
    if (result < 0 && result != -Errno.ECANCELED) {
      throw new OperationException("poll_update", -result);
    }
  }

  /**
   * Stops polling, and ends waiting calls. The descriptor stays open. Blocks until the kernel has
   * ended the operation; an interrupt does not end the wait. Closing again has no effect.
   */
  @Override
  public void close() {
    polled.close((_, _) -> {});
  }
}
