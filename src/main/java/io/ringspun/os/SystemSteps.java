package io.ringspun.os;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.Descriptor;
import io.ringspun.Step;
import io.ringspun.raw.RawOperation;

/**
 * {@linkplain Step Steps} that wait, wake threads and move bytes, for {@link io.ringspun.Chain#add}
 * and {@link io.ringspun.Batch#add}. Nothing here blocks or reaches the kernel. If a step fails,
 * {@link io.ringspun.TransactionException} has the kernel's name of the operation.
 *
 * @since 0.1
 */
public final class SystemSteps {
  private SystemSteps() {}

  /**
   * Waits until a descriptor is ready ({@code IORING_OP_POLL_ADD}, Linux 5.1). Of the result,
   * {@link PollEvent#of} tells what it is ready for.
   *
   * @param descriptor what to wait for
   * @param events for what it is to be ready
   * @return the step
   * @throws IllegalArgumentException if there is no event
   */
  public static Step poll(Descriptor descriptor, PollEvent... events) {
    return RawOperation.of(IORING_OP_POLL_ADD)
        .on(descriptor)
        .operationFlags(PollEvent.mask(events))
        .toStep();
  }

  /**
   * Moves bytes between a pipe and another descriptor, or two pipes, inside the kernel ({@code
   * IORING_OP_SPLICE}, Linux 5.7), each from where it stands. One of the ring's workers waits until
   * there is something to move and room for it, and for no longer: if that was less than asked for,
   * it breaks the link to the next operation of a chain.
   *
   * @param source where the bytes come from
   * @param target where they go
   * @param length how many, in bytes, at least 1
   * @return the step, whose result is how many were moved, 0 at the end
   * @throws IllegalArgumentException if the length is less than 1
   */
  public static Step splice(Descriptor source, Descriptor target, int length) {
    Splice.requireLength(length);
    return RawOperation.of(IORING_OP_SPLICE)
        .splicingFrom(source)
        .address(Splice.CURRENT) // where others have an address
        .on(target)
        .offset(Splice.CURRENT)
        .length(length)
        .toStep();
  }

  /**
   * Waits to be woken ({@code IORING_OP_FUTEX_WAIT}, Linux 6.7; before that, {@code EINVAL}). It
   * fails with {@code EAGAIN} if the word has another value by then. The word's time limit does not
   * count.
   *
   * @param word what to wait at
   * @param expected the value that it is to have
   * @return the step
   */
  public static Step await(FutexWord word, int expected) {
    return word.describe(IORING_OP_FUTEX_WAIT, Integer.toUnsignedLong(expected)).toStep();
  }

  /**
   * Wakes threads that wait ({@code IORING_OP_FUTEX_WAKE}, Linux 6.7; before that, {@code EINVAL}).
   *
   * @param word where they wait
   * @param count how many at most
   * @return the step, whose result is how many were woken
   * @throws IllegalArgumentException if the count is less than 1
   */
  public static Step wake(FutexWord word, int count) {
    FutexWord.requireCount(count);
    return word.describe(IORING_OP_FUTEX_WAKE, count).toStep();
  }
}
