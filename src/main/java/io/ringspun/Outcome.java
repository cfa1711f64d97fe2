package io.ringspun;

import java.util.Optional;

/**
 * The outcome of one step of a {@link Chain} or a {@link Batch}. Immutable, and safe for use by
 * many threads.
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
   * @return the very object that was added, or that the builder's method made
   */
  public Step step() {
    return all.step(position);
  }

  /**
   * Returns where the step stands.
   *
   * @return its position, from 0, in the order in which the steps were added
   */
  public int position() {
    return position;
  }

  /**
   * Returns the kernel's result.
   *
   * @return the bytes transferred, or what else the step is documented to return; if it failed, the
   *     negated error number, which is {@code -ECANCELED} if it was cancelled
   */
  public int result() {
    return all.result(position);
  }

  /**
   * Returns whether the step did all that it was asked to.
   *
   * @return true if it neither {@linkplain #failure() failed} nor fell {@linkplain #isShort()
   *     short}
   */
  public boolean succeeded() {
    return !all.isBroken(position);
  }

  /**
   * Returns whether the step was cancelled: by a step before it that failed or fell short, a time
   * limit, an interrupt, {@link Ring#cancel(Descriptor)} and its like, or the closing of its
   * descriptor or its ring.
   *
   * @return whether the result is {@code -ECANCELED}
   */
  public boolean isCancelled() {
    return all.isCancelled(position);
  }

  /**
   * Returns whether the step transferred fewer bytes than it was asked to, without an error.
   *
   * @return true if it fell short, at the end of a file or a stream for instance
   */
  public boolean isShort() {
    return all.isShort(position);
  }

  /**
   * Returns whether the step's own limit, {@link Step#within}, ended it.
   *
   * @return false if it had none, or something else ended it
   */
  public boolean timedOut() {
    return all.timedOut(position);
  }

  /**
   * Returns why the step did not succeed.
   *
   * @return the error as an exception, whose {@linkplain OperationException#errno() error number}
   *     is 0 if the step fell short; or nothing if it {@linkplain #succeeded() succeeded}
   */
  public Optional<OperationException> failure() {
    return succeeded() ? Optional.empty() : Optional.of(all.failure(position));
  }

  @Override
  public String toString() {
    return succeeded() ? "%s: %d".formatted(step().operation(), result()) : all.describe(position);
  }
}
