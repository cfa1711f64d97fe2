package io.ringspun.os;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.Descriptor;
import io.ringspun.Step;
import io.ringspun.internal.kernel.EpollEntry;
import io.ringspun.raw.RawOperation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@linkplain Step Steps} that wait, wake threads and move bytes, for {@link io.ringspun.Chain#add}
 * and {@link io.ringspun.Batch#add}. Creating a step neither blocks nor reaches the kernel. If a
 * step fails, the {@link io.ringspun.TransactionException} has the kernel's name of the operation.
 *
 * @since 0.1
 */
public final class SystemSteps {
  private SystemSteps() {}

  /**
   * Waits until a descriptor is ready ({@code IORING_OP_POLL_ADD}, Linux 5.1). {@link PollEvent#of}
   * decodes the result.
   *
   * @param descriptor the descriptor
   * @param events the events to wait for
   * @return the step
   * @throws IllegalArgumentException if no event is given
   */
  public static Step poll(Descriptor descriptor, PollEvent... events) {
    return RawOperation.of(IORING_OP_POLL_ADD)
        .on(descriptor)
        .operationFlags(PollEvent.mask(events))
        .toStep();
  }

  /**
   * Moves bytes between a pipe and another descriptor, or two pipes, inside the kernel ({@code
   * IORING_OP_SPLICE}, Linux 5.7), at their current positions. A worker of the ring waits until
   * there are bytes to move and room for them. If it moves fewer bytes than requested, the step
   * falls short and breaks the chain.
   *
   * @param source the source
   * @param target the target
   * @param length the number of bytes, at least 1
   * @return the step, whose result is the number of bytes moved, 0 at the end
   * @throws IllegalArgumentException if the length is less than 1
   */
  public static Step splice(Descriptor source, Descriptor target, int length) {
    Splice.requireLength(length);
    return RawOperation.of(IORING_OP_SPLICE)
        .splicingFrom(source)
        .address(
            Splice.CURRENT) // this operation has no address; the field holds the source's offset
        .on(target)
        .offset(Splice.CURRENT)
        .length(length)
        .toStep();
  }

  /**
   * Waits to be woken ({@code IORING_OP_FUTEX_WAIT}, Linux 6.7; before that, {@code EINVAL}). It
   * fails with {@code EAGAIN} if the word has another value when it begins. The time limit of the
   * word does not apply.
   *
   * @param word the word
   * @param expected the expected value
   * @return the step
   */
  public static Step await(FutexWord word, int expected) {
    return word.describe(IORING_OP_FUTEX_WAIT, Integer.toUnsignedLong(expected)).toStep();
  }

  /**
   * Wakes waiting threads ({@code IORING_OP_FUTEX_WAKE}, Linux 6.7; before that, {@code EINVAL}).
   *
   * @param word the word
   * @param count the maximum number of threads to wake
   * @return the step, whose result is the number of threads woken
   * @throws IllegalArgumentException if the count is less than 1
   */
  public static Step wake(FutexWord word, int count) {
    FutexWord.requireCount(count);
    return word.describe(IORING_OP_FUTEX_WAKE, count).toStep();
  }

  /**
   * Adds a descriptor to an epoll set ({@code IORING_OP_EPOLL_CTL}, Linux 5.6). It leaves the set
   * when it is closed. The step fails with {@code EEXIST} if the set has it already, and with
   * {@code EPERM} if it cannot be polled.
   *
   * @param set the set
   * @param member what to wait for
   * @param data the value by which {@link Epoll#await} tells it apart
   * @param events the events to wait for
   * @return the step
   * @throws IllegalArgumentException if there is no event, or the descriptor is registered with a
   *     ring and has no number
   */
  public static Step add(Epoll set, Descriptor member, long data, PollEvent... events) {
    return control(set, EPOLL_CTL_ADD, member, data, PollEvent.mask(events));
  }

  /**
   * Changes the events and the data of a member of an epoll set ({@code IORING_OP_EPOLL_CTL}, Linux
   * 5.6). The step fails with {@code ENOENT} if the set does not have it.
   *
   * @param set the set
   * @param member one of its descriptors
   * @param data the new value
   * @param events the new events
   * @return the step
   * @throws IllegalArgumentException if there is no event, or the descriptor is registered with a
   *     ring and has no number
   */
  public static Step modify(Epoll set, Descriptor member, long data, PollEvent... events) {
    return control(set, EPOLL_CTL_MOD, member, data, PollEvent.mask(events));
  }

  /**
   * Removes a descriptor from an epoll set ({@code IORING_OP_EPOLL_CTL}, Linux 5.6). The step fails
   * with {@code ENOENT} if the set does not have it.
   *
   * @param set the set
   * @param member one of its descriptors
   * @return the step
   * @throws IllegalArgumentException if the descriptor is registered with a ring and has no number
   */
  public static Step remove(Epoll set, Descriptor member) {
    return control(set, EPOLL_CTL_DEL, member, 0, 0);
  }

  private static Step control(Epoll set, int action, Descriptor member, long data, int events) {
    MemorySegment event = Arena.ofAuto().allocate(EpollEntry.SIZE_BYTES, Long.BYTES);
    EpollEntry.put(event, events, data);
    return RawOperation.of(IORING_OP_EPOLL_CTL)
        .on(set)
        .member(member)
        .length(action)
        .address(event, RawOperation.Access.READS)
        .toStep();
  }
}
