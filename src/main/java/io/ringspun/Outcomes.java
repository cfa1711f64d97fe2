package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The outcomes of all steps of a {@link Chain} or a {@link Batch}, in the order in which the steps
 * were added. Immutable and thread-safe.
 *
 * @since 0.1
 */
public final class Outcomes implements Iterable<Outcome> {
  private static final int SEVERAL = -1;

  private final boolean
      chained; // whether this is a chain, whose first failure cancels the later steps
  private final Step[] steps;
  private final int[] results; // the kernel's results: counts, or negated errnos
  private final int[] wanted; // the bytes that each step was to transfer, or 0
  private final boolean interrupted; // whether an interrupt ended the transaction
  private final @Nullable Duration exceeded; // the limit of the transaction, if it was exceeded
  private final BitSet overdue; // the steps that exceeded their own limits
  private final Map<Integer, IOException> closings; // exceptions that report a close, by position

  private volatile @Nullable IdentityHashMap<Step, Integer>
      positions; // created on demand by any thread

  Outcomes(
      boolean chained,
      Step[] steps,
      int[] results,
      int[] wanted,
      boolean interrupted,
      @Nullable Duration exceeded,
      BitSet overdue,
      Map<Integer, IOException> closings) {
    this.chained = chained;
    this.steps = steps;
    this.results = results;
    this.wanted = wanted;
    this.interrupted = interrupted;
    this.exceeded = exceeded;
    this.overdue = overdue;
    this.closings = closings;
  }

  /**
   * Returns the number of steps.
   *
   * @return at least 1
   */
  public int size() {
    return steps.length;
  }

  /**
   * Returns the outcome of the step at a position.
   *
   * @param position the step's position, from 0
   * @return its outcome
   * @throws IndexOutOfBoundsException if there is no such step
   */
  public Outcome get(int position) {
    return new Outcome(this, Objects.checkIndex(position, steps.length));
  }

  /**
   * Returns the outcome of a step that was added once. For a step that was added several times, use
   * {@link #get(int)}.
   *
   * @param step the object that was added
   * @return its outcome
   * @throws IllegalArgumentException if the step was not added, or more than once
   */
  public Outcome get(Step step) {
    Integer position = positions().get(Objects.requireNonNull(step));
    if (position == null) {
      throw new IllegalArgumentException("%s is not a step of this %s".formatted(step, kind()));
    }
    if (position == SEVERAL) {
      throw new IllegalArgumentException(
          "%s was added more than once: get it by position".formatted(step));
    }
    return get((int) position);
  }

  private IdentityHashMap<Step, Integer> positions() {
    IdentityHashMap<Step, Integer> known = positions;
    if (known == null) {
      known = new IdentityHashMap<>(steps.length);
      for (int i = 0; i < steps.length; i++) {
        known.merge(steps[i], i, (_, _) -> SEVERAL);
      }
      positions = known;
    }
    return known;
  }

  /**
   * Returns an iterator over the outcomes, in the order in which the steps were added.
   *
   * @return an iterator that does not support removal
   */
  @Override
  public Iterator<Outcome> iterator() {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < size();
      }

      @Override
      public Outcome next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return get(next++);
      }
    };
  }

  /**
   * Returns whether every step succeeded completely.
   *
   * @return whether every outcome {@linkplain Outcome#succeeded() succeeded}
   */
  public boolean succeeded() {
    return firstBroken() < 0;
  }

  /**
   * Returns whether the chain or batch as a whole exceeded its time limit, which its method {@code
   * within} sets.
   *
   * @return false if every step ended in time, or there was no limit
   */
  public boolean timedOut() {
    return exceeded != null;
  }

  /**
   * Returns the first outcome that did not succeed. In a chain this is the step that broke it, or
   * the first step if the whole chain was cancelled before it began.
   *
   * @return the outcome of the step that failed, was cancelled or fell short, or empty if all
   *     succeeded
   */
  public Optional<Outcome> firstFailure() {
    int position = firstBroken();
    return position < 0 ? Optional.empty() : Optional.of(get(position));
  }

  /**
   * Returns these outcomes if every step succeeded, and throws otherwise. Any exception thrown is a
   * {@link TransactionException} or has one as its cause, from which the outcomes can be obtained.
   *
   * <p>The exception describes the {@linkplain #firstFailure() first} step that did not succeed.
   * Failures of later steps of a batch are added to the {@link TransactionException} as suppressed
   * exceptions.
   *
   * @return this
   * @throws OperationTimeoutException if the step, or the chain or batch as a whole, exceeded its
   *     time limit
   * @throws InterruptedIOException if an interrupt cancelled the step; the interrupt status is set
   * @throws RingClosedException if the ring was closed before the step completed
   * @throws java.nio.channels.AsynchronousCloseException if a descriptor of the step was closed
   * @throws TransactionException if the step failed, was cancelled or fell short otherwise
   * @throws IOException if another I/O error occurs
   */
  public Outcomes orThrow() throws IOException {
    int broken = firstBroken();
    if (broken >= 0) {
      throw exception(broken);
    }
    return this;
  }

  private IOException exception(int broken) {
    TransactionException e = new TransactionException(this, broken);
    for (int i = broken + 1; i < steps.length && !chained; i++) {
      if (isBroken(i)) {
        IOException closing = closings.get(i);
        e.addSuppressed(closing != null ? closing : failure(i));
      }
    }
    if (timedOut(broken)) {
      return new OperationTimeoutException(
          "%s: %s took longer than its limit of %s"
              .formatted(place(broken), name(broken), steps[broken].limit()),
          e);
    }
    if (exceeded != null && isCancelled(broken)) {
      return new OperationTimeoutException(
          "the %s took longer than its limit of %s, which cancelled %s, %s"
              .formatted(kind(), exceeded, place(broken), name(broken)),
          e);
    }
    if (interrupted && isCancelled(broken)) {
      IOException interruption =
          new InterruptedIOException(
              "interrupted; %s, %s, was cancelled".formatted(place(broken), name(broken)));
      interruption.initCause(e);
      return interruption;
    }
    IOException closing = closings.get(broken);
    if (closing == null) {
      return e;
    }
    synchronized (closing) {
      return closing.getCause() == null ? (IOException) closing.initCause(e) : closing;
    }
  }

  private String kind() {
    return chained ? "chain" : "batch";
  }

  private int firstBroken() {
    for (int i = 0; i < results.length; i++) {
      if (isBroken(i)) {
        return i;
      }
    }
    return -1;
  }

  Step step(int position) {
    return steps[position];
  }

  int result(int position) {
    return results[position];
  }

  boolean isBroken(int position) {
    return results[position] < 0 || isShort(position);
  }

  boolean isCancelled(int position) {
    return results[position] == -Errno.ECANCELED;
  }

  boolean isShort(int position) {
    return results[position] >= 0 && results[position] < wanted[position];
  }

  boolean timedOut(int position) {
    return overdue.get(position);
  }

  String name(int position) {
    return steps[position].operation();
  }

  /** Returns the name of a step in messages, which count from 1. */
  String place(int position) {
    return "step %d of %d".formatted(position + 1, steps.length);
  }

  OperationException failure(int position) {
    return new OperationException(get(position));
  }

  /** Returns a description of the failure of a step. */
  String describe(int position) {
    if (isShort(position)) {
      return "%s transferred %d of %d bytes"
          .formatted(name(position), results[position], wanted[position]);
    }
    int errno = -results[position];
    String detail =
        timedOut(position)
            ? "its limit was " + steps[position].limit()
            : OperationException.remedy(errno);
    return OperationException.message(name(position), errno, detail);
  }

  @Override
  public String toString() {
    StringJoiner all = new StringJoiner(", ", "Outcomes[", "]");
    for (Outcome outcome : this) {
      all.add(outcome.toString());
    }
    return all.toString();
  }
}
