package io.ringspun.testing;

import java.util.Arrays;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * What a {@link FaultKernel} does to some operations. Configured first, then handed to {@link
 * FaultKernel#add}; of several rules that match, the oldest that is not used up is applied.
 *
 * <p>A rule never touches what a ring submits for itself, its wake-up read and its cancels, unless
 * {@link #internalToo} is asked for.
 */
public final class FaultRule {
  private final Predicate<FaultKernel.Request> which;
  private boolean internalToo;
  private int skipped;
  private int times = Integer.MAX_VALUE;

  OptionalInt length = OptionalInt.empty();
  OptionalInt instead = OptionalInt.empty();
  OptionalInt answer = OptionalInt.empty();
  boolean delayed;
  boolean lastDelayed;
  boolean dropped;
  int copies;

  private final AtomicInteger hits = new AtomicInteger();

  private FaultRule(Predicate<FaultKernel.Request> which) {
    this.which = which;
  }

  /** Begins a rule for operations by their {@code IORING_OP_} numbers. */
  public static FaultRule on(int... opcodes) {
    return where(request -> Arrays.stream(opcodes).anyMatch(op -> op == request.opcode()));
  }

  /** Begins a rule for operations of any description; asked on the ring's thread. */
  public static FaultRule where(Predicate<FaultKernel.Request> which) {
    return new FaultRule(which);
  }

  /** Extends the rule to the ring's own operations. */
  public FaultRule internalToo() {
    internalToo = true;
    return this;
  }

  /** Leaves the first matches alone. */
  public FaultRule after(int matches) {
    skipped = matches;
    return this;
  }

  /** Ends the rule after so many uses; without it, it goes on. */
  public FaultRule times(int uses) {
    times = uses;
    return this;
  }

  /** The kernel is asked for so many bytes only; what asks for no more is left alone. */
  public FaultRule shorten(int bytes) {
    length = OptionalInt.of(bytes);
    return this;
  }

  /** The operation is not done and fails. In a chain the link behind it really breaks. */
  public FaultRule fail(int errno) {
    return instead(-errno);
  }

  /** The operation is not done and has this result. */
  public FaultRule instead(int result) {
    instead = OptionalInt.of(result);
    return this;
  }

  /**
   * The operation is done, but this is reported; a chain behind it goes by what really happened.
   */
  public FaultRule answer(int result) {
    answer = OptionalInt.of(result);
    return this;
  }

  /** The completion is kept back until {@link FaultKernel#release}. */
  public FaultRule delay() {
    delayed = true;
    return this;
  }

  /** Of several completions the last is kept back. */
  public FaultRule delayLast() {
    lastDelayed = true;
    return this;
  }

  /** The completion is lost. The ring can then only end by failing. */
  public FaultRule drop() {
    dropped = true;
    return this;
  }

  /** The completion comes so many more times. */
  public FaultRule duplicate(int copies) {
    this.copies = copies;
    return this;
  }

  /** Returns how many operations it was applied to. */
  public int hits() {
    return hits.get();
  }

  boolean apply(FaultKernel.Request request) {
    if (request.isInternal() && !internalToo
        || length.isPresent() && request.byteSize() <= length.getAsInt()
        || hits.get() >= times
        || !which.test(request)) {
      return false;
    }
    if (skipped > 0) {
      skipped--;
      return false;
    }
    hits.incrementAndGet();
    return true;
  }
}
