package io.ringspun;

import java.util.Optional;

/**
 * The outcome of one step of a {@link Chain} or a {@link Batch}. Immutable and thread-safe.
 *
 * @since 0.1
 */
public final class Outcome {
  private final Outcomes all;
  private final int position;

  Outcome(Outcomes all, int position) {
    this.all = all;
    this.position = position;
  }

  /**
   * Returns the step.
   *
   * @return the object that was added, or that the builder's method created
   */
  public Step step() {
    return all.step(position);
  }

  /**
   * Returns the position of the step.
   *
   * @return the position, from 0, in the order in which the steps were added
   */
  public int position() {
    return position;
  }

  /**
   * Returns the kernel's result.
   *
   * @return the number of bytes transferred, or another result that the step documents; if the step
   *     failed, the negated error number, which is {@code -ECANCELED} if it was cancelled
   */
  public int result() {
    return all.result(position);
  }

  /**
   * Returns whether the step succeeded completely.
   *
   * @return true if it neither {@linkplain #failure() failed} nor fell {@linkplain #isShort()
   *     short}
   */
  public boolean succeeded() {
    return !all.isBroken(position);
  }

  /**
   * Returns whether the step was cancelled. The cause may be an earlier step that failed or fell
   * short, a time limit, an interrupt, one of the {@link io.ringspun.raw.Raw#cancel(Descriptor)
   * cancel} methods, or the closing of its descriptor or ring.
   *
   * @return whether the result is {@code -ECANCELED}
   */
  public boolean isCancelled() {
    return all.isCancelled(position);
  }

  /**
   * Returns whether the step transferred fewer bytes than requested, without an error.
   *
   * @return true if it fell short, for example at the end of a file or a stream
   */
  public boolean isShort() {
    return all.isShort(position);
  }

  /**
   * Returns whether the step exceeded its own time limit, {@link Step#within}.
   *
   * @return false if it had no limit, or ended for another reason
   */
  public boolean timedOut() {
    return all.timedOut(position);
  }

  /**
   * Returns why the step did not succeed.
   *
   * @return the error as an exception, whose {@linkplain OperationException#errno() error number}
   *     is 0 if the step fell short; or empty if the step {@linkplain #succeeded() succeeded}
   */
  public Optional<OperationException> failure() {
    return succeeded() ? Optional.empty() : Optional.of(all.failure(position));
  }

  @Override
  public String toString() {
    return succeeded() ? "%s: %d".formatted(step().operation(), result()) : all.describe(position);
  }
}
