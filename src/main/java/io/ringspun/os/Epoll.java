package io.ringspun.os;

import io.ringspun.Descriptor;
import io.ringspun.Ring;
import io.ringspun.Step;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.EpollEntry;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.raw.RawOperation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * An epoll instance ({@code epoll(7)}), either a new one or one that native code has created.
 * {@link #await} reports a descriptor as long as it is ready (level-triggered). For a single
 * descriptor {@link Poll} is cheaper.
 *
 * @since 0.1
 */
public final class Epoll extends SystemDescriptor {
  private static final int EVENTS_MAX = 4096;

  /**
   * The events of one descriptor that is ready.
   *
   * @param data the value with which the descriptor was added
   * @param events the events for which it is ready
   * @since 0.1
   */
  public record Event(long data, Set<PollEvent> events) {
    /**
     * Creates a record with an immutable copy of the set.
     *
     * @param data the value with which the descriptor was added
     * @param events the events for which it is ready
     */
    public Event {
      events = Set.copyOf(events);
    }
  }

  private Epoll(RawHandle handle, long timeoutNanos) {
    super(handle, timeoutNanos);
  }

  /**
   * Creates an empty instance ({@code epoll_create1(2)}). Does not block.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @return the instance, for the caller to close
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public static Epoll open(Ring ring) throws IOException {
    return new Epoll(
        make(EngineAccess.of(ring), "epoll_create1", SystemCall.EPOLL_CREATE1, Constants.O_CLOEXEC),
        0);
  }

  /**
   * Takes ownership of an existing epoll descriptor; see {@link RingFd#adopt}.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param fd the descriptor's number
   * @return the instance, for the caller to close
   * @throws IllegalArgumentException if the number is negative
   */
  public static Epoll adopt(Ring ring, int fd) {
    return new Epoll(RingFd.adopted(ring, fd), 0);
  }

  /**
   * Returns a view of this instance with a time limit on every wait; see {@link RingFd#within}.
   *
   * @param limit positive
   * @return a view of this instance
   * @throws IllegalArgumentException if not positive
   */
  public Epoll within(Duration limit) {
    return new Epoll(handle(), Arguments.timeoutNanos(limit));
  }

  /**
   * Adds a descriptor ({@code epoll_ctl(2)}). Does not block. Closing the descriptor removes it.
   *
   * @param descriptor the descriptor to wait for
   * @param data a value that {@link #await} returns with its events
   * @param events the events to wait for
   * @throws IllegalArgumentException if no event is given, or the descriptor is registered with a
   *     ring and has no number
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     EEXIST} if it has already been added, {@code EPERM} if it cannot be polled
   */
  public void add(Descriptor descriptor, long data, PollEvent... events) throws IOException {
    control(Constants.EPOLL_CTL_ADD, descriptor, data, PollEvent.mask(events));
  }

  /**
   * Changes the events and the data of a descriptor ({@code epoll_ctl(2)}). Does not block.
   *
   * @param descriptor a descriptor of this instance
   * @param data see {@link #add}
   * @param events see {@link #add}
   * @throws IllegalArgumentException if {@link #add} would throw it
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ENOENT} if it has not been added
   */
  public void modify(Descriptor descriptor, long data, PollEvent... events) throws IOException {
    control(Constants.EPOLL_CTL_MOD, descriptor, data, PollEvent.mask(events));
  }

  /**
   * Removes a descriptor ({@code epoll_ctl(2)}). Does not block.
   *
   * @param descriptor a descriptor of this instance
   * @throws IllegalArgumentException if the descriptor is registered with a ring
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ENOENT} if it has not been added
   */
  public void remove(Descriptor descriptor) throws IOException {
    control(Constants.EPOLL_CTL_DEL, descriptor, 0, 0);
  }

  private void control(int action, Descriptor descriptor, long data, int events)
      throws IOException {
    if (!(Handle.of(descriptor) instanceof RawHandle member)) {
      throw new IllegalArgumentException("the descriptor has no number: " + descriptor);
    }
    member.acquire();
    try (NativePool.Block block = NativePool.take(EpollEntry.SIZE_BYTES)) {
      EpollEntry.put(block.memory(), events, data);
      call("epoll_ctl", SystemCall.EPOLL_CTL, handle().fd(), action, member.fd(), block.address());
    } finally {
      member.release();
    }
  }

  /**
   * Returns a step that adds a descriptor ({@code IORING_OP_EPOLL_CTL}, Linux 5.6). The step fails
   * with {@code EEXIST} if it has already been added, and with {@code EPERM} if it cannot be
   * polled.
   *
   * @param descriptor the descriptor to wait for
   * @param data a value that {@link #await} returns with its events
   * @param events the events to wait for
   * @return the step
   * @throws IllegalArgumentException if {@link #add} would throw it
   */
  public Step addStep(Descriptor descriptor, long data, PollEvent... events) {
    return controlStep(Constants.EPOLL_CTL_ADD, descriptor, data, PollEvent.mask(events));
  }

  /**
   * Returns a step that changes the events and the data of a descriptor ({@code
   * IORING_OP_EPOLL_CTL}, Linux 5.6). The step fails with {@code ENOENT} if it has not been added.
   *
   * @param descriptor a descriptor of this instance
   * @param data see {@link #add}
   * @param events see {@link #add}
   * @return the step
   * @throws IllegalArgumentException if {@link #add} would throw it
   */
  public Step modifyStep(Descriptor descriptor, long data, PollEvent... events) {
    return controlStep(Constants.EPOLL_CTL_MOD, descriptor, data, PollEvent.mask(events));
  }

  /**
   * Returns a step that removes a descriptor ({@code IORING_OP_EPOLL_CTL}, Linux 5.6). The step
   * fails with {@code ENOENT} if it has not been added.
   *
   * @param descriptor a descriptor of this instance
   * @return the step
   * @throws IllegalArgumentException if the descriptor is registered with a ring
   */
  public Step removeStep(Descriptor descriptor) {
    return controlStep(Constants.EPOLL_CTL_DEL, descriptor, 0, 0);
  }

  private Step controlStep(int action, Descriptor descriptor, long data, int events) {
    MemorySegment event = Arena.ofAuto().allocate(EpollEntry.SIZE_BYTES, Long.BYTES);
    EpollEntry.put(event, events, data);
    return RawOperation.of(Constants.IORING_OP_EPOLL_CTL)
        .on(this)
        .member(descriptor)
        .length(action)
        .address(event, RawOperation.Access.READS)
        .toStep();
  }

  /**
   * Blocks until at least one descriptor is ready ({@code IORING_OP_EPOLL_WAIT}, Linux 6.15; {@code
   * POLL_ADD} and {@code epoll_pwait(2)} before).
   *
   * @param max the maximum number of events to return, from 1 to 4,096
   * @return the events, at least one
   * @throws IllegalArgumentException if out of range
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public List<Event> await(int max) throws IOException {
    if (max < 1 || max > EVENTS_MAX) {
      throw new IllegalArgumentException(
          "the number of events must be from 1 to %d: %d".formatted(EVENTS_MAX, max));
    }
    try (NativePool.Block block = NativePool.take(max * EpollEntry.SIZE_BYTES)) {
      int count =
          handle().engine().capabilities().has(Opcode.EPOLL_WAIT)
              ? awaitOnRing(block, max)
              : awaitByPoll(block, max);
      List<Event> events = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        events.add(
            new Event(
                EpollEntry.data(block.memory(), i),
                PollEvent.of(EpollEntry.events(block.memory(), i))));
      }
      return List.copyOf(events);
    }
  }

  private int awaitOnRing(NativePool.Block block, int max) throws IOException {
    return check(
        "epoll_wait",
        transfer(
            Constants.POLLIN,
            (operation, fd) -> operation.epollWait(fd, block.address(), max),
            block));
  }

  private int awaitByPoll(NativePool.Block block, int max) throws IOException {
    Deadline deadline = Deadline.after(timeoutNanos());
    int count = 0;
    while (count == 0) {
      Readiness.await(handle(), Constants.POLLIN, deadline);
      int fd = handle().fd();
      count = call("epoll_pwait", SystemCall.EPOLL_PWAIT, fd, block.address(), max, 0, 0);
    }
    return count;
  }
}
