package io.ringspun;

/**
 * Thrown when a step of a {@link Chain} or a {@link Batch} failed, was cancelled, or fell short.
 * The message names the step and its position, counted from 1, and says what happened. The effects
 * of other steps remain.
 *
 * <p>{@link #errno()} is the step's error number; it is {@code ECANCELED} for a step that was
 * cancelled, and 0 for one that transferred fewer bytes than requested.
 *
 * @since 0.1
 */
public final class TransactionException extends OperationException {
  private static final long serialVersionUID = 1L;

  /** The position of the step, from 0. */
  private final int position;

  /** The name of the step in the message, for example {@code "step 2 of 3"}. */
  private final String place;

  /** The outcomes of all steps. */
  private final transient Outcomes outcomes;

  TransactionException(Outcomes outcomes, int position) {
    super(outcomes.get(position));
    this.position = position;
    place = outcomes.place(position);
    this.outcomes = outcomes;
  }

  @Override
  public String getMessage() {
    return place + ": " + super.getMessage();
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
   * Returns the step.
   *
   * @return the first step that did not succeed
   * @throws IllegalStateException if this exception was deserialized
   */
  public Step step() {
    return outcomes().get(position).step();
  }

  /**
   * Returns the outcomes of all steps.
   *
   * @return the outcome of each step
   * @throws IllegalStateException if this exception was deserialized, which loses them
   */
  public Outcomes outcomes() {
    if (outcomes == null) {
      throw new IllegalStateException("the outcomes of a deserialized exception are lost");
    }
    return outcomes;
  }
}
