package io.ringspun.os;

import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Multishot;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;

/**
 * Waits for a descriptor to be ready, of any kind: a file, a socket, one of this package. {@link
 * #await} does so once; an instance is told again and again, without asking each time:
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
 * <p>The kernel tells of the state at the beginning and of every change that brings something since
 * (it is edge-triggered): who leaves something unread is not told of it again. What is told may not
 * hold any more when it is taken.
 *
 * <p>Safe for use by many threads: each event goes to one of them. An interrupt or a time limit
 * loses none. The operations run on the descriptor's home ring.
 *
 * @since 0.1
 */
public final class Poll implements AutoCloseable {
  private static final int WAITING_MAX = 32;
  private static final int ALWAYS = Constants.POLLERR | Constants.POLLHUP;

  private final Multishot polled;
  private volatile int mask; // written by update, read by whoever arms it or takes from it

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
   * Waits until a descriptor is ready ({@code IORING_OP_POLL_ADD}, Linux 5.1). A file that cannot
   * be polled always is.
   *
   * @param descriptor what to wait for
   * @param events for what it is to be ready
   * @return those of them that it is ready for, one at least, or {@link PollEvent#ERROR} or {@link
   *     PollEvent#HANG_UP}
   * @throws IllegalArgumentException if there is no event
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public static Set<PollEvent> await(Descriptor descriptor, PollEvent... events)
      throws IOException {
    return await(descriptor, 0, events);
  }

  /**
   * Waits likewise, within a time limit.
   *
   * @param descriptor what to wait for
   * @param limit positive
   * @param events for what it is to be ready
   * @return as the other method does
   * @throws IllegalArgumentException if there is no event, or the limit is not positive
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
   * Begins to be told what a descriptor is ready for ({@code IORING_OP_POLL_ADD} with {@code
   * IORING_POLL_ADD_MULTI}, Linux 5.13). Does not block.
   *
   * @param descriptor what to watch
   * @param events for what it is to be ready
   * @return the watch, for the caller to close
   * @throws IllegalArgumentException if there is no event
   */
  public static Poll open(Descriptor descriptor, PollEvent... events) {
    return new Poll(Handle.of(descriptor), PollEvent.mask(events));
  }

  /**
   * Takes what was told first. Blocks until something is.
   *
   * @return what the descriptor is ready for, one event at least; {@link PollEvent#ERROR} and
   *     {@link PollEvent#HANG_UP} may be among them
   * @throws java.nio.channels.ClosedChannelException if this or the descriptor is closed already
   * @throws java.nio.channels.AsynchronousCloseException if either is closed meanwhile
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
   * Takes what was told first, within a time limit.
   *
   * @param limit positive
   * @return as the other method does
   * @throws IllegalArgumentException if the limit is not positive
   * @throws io.ringspun.OperationTimeoutException if nothing is told in time
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
      if (told != 0) { // else it is of before an update
        return PollEvent.of(told);
      }
    }
  }

  /**
   * Waits for other events from now on ({@code IORING_OP_POLL_REMOVE} with {@code
   * IORING_POLL_UPDATE_EVENTS}, Linux 5.13), those who wait already too. Blocks until the kernel
   * knows. If this is closed meanwhile, there is no effect.
   *
   * @param events for what the descriptor is to be ready
   * @throws IllegalArgumentException if there is no event
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
   * Stops watching, and ends the calls that wait. The descriptor stays open. Waits until the kernel
   * has stopped, whether interrupted or not. Closing again has no effect.
   */
  @Override
  public void close() {
    polled.close((_, _) -> {});
  }
}
