package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Timespec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One blocking call: a single operation, a chain, or a batch, and the thread that waits for it.
 *
 * <p>The caller fills it and hands it over; from then on the ring's thread alone touches it, until
 * its store of {@code done}, with which a read of it pairs. So all other fields are plain.
 */
public final class Call extends Inbound {
  /** How the operations of a call depend on each other. */
  public enum Shape {
    /** They do not: submitted as room allows, in any order. */
    INDEPENDENT,
    /** They do not either, but the first that succeeds, or is cancelled, takes the others along. */
    RACE,
    /** Each waits for the one before; all are submitted at once or none. */
    LINKED
  }

  /** Why operations of a call were cancelled. */
  enum Cancelled {
    NOT,
    INTERRUPTED,
    TIMED_OUT,
    REQUESTED,
    DISARMED,
    RING_CLOSED,
    RING_FAILED
  }

  /** Runs calls of one operation and waits until they have ended. */
  interface Runner {
    /** See {@link Engine#run}. */
    int run(Call call) throws IOException;

    /** See {@link Engine#runUncancellable}. */
    int runUncancellable(Call call);
  }

  final Operation[] operations;
  final Shape shape;

  /** What runs it if it is of one operation, or null if its creator hands it over. */
  final @Nullable Runner runner;

  /** For each operation of a chain whether the link behind it holds even when it fails. */
  final boolean @Nullable [] hard;

  /**
   * Whether it starts only when no counted operation is in flight, and no counted operation starts
   * until it has ended.
   */
  final boolean drain;

  /** Nanoseconds that the caller is willing to wait, or 0 for no limit. */
  long timeoutNanos;

  /** Whether it must be done, come what may, so that no {@link Cancellation} is for it. */
  boolean uncancellable;

  /** Set by the caller before the hand-over. */
  @Nullable Thread waiter;

  /** Set by a thread that requests the cancellation, which may come too late. */
  boolean cancelAsked;

  // The rest belongs to the ring's thread.
  int submitted;
  int pending;
  boolean queued;
  boolean exempt; // whether all its operations are, so that it waits for nothing but queue space
  Cancelled cancelled = Cancelled.NOT;
  boolean cancelRest; // whether each operation of a chain that ends must take the next one with it

  private Call(
      int count, Shape shape, @Nullable Runner runner, boolean @Nullable [] hard, boolean drain) {
    operations = new Operation[count];
    for (int i = 0; i < count; i++) {
      operations[i] = new Operation(this);
    }
    this.shape = shape;
    this.runner = runner;
    this.hard = hard;
    this.drain = drain;
    pending = count;
  }

  /** Creates a call of one operation for {@link Operation#run()}. */
  static Call single(Runner runner) {
    return new Call(1, Shape.INDEPENDENT, runner, null, false);
  }

  static Call single() {
    return batch(1);
  }

  /** Creates a call of operations in any order. */
  public static Call batch(int count) {
    return new Call(count, Shape.INDEPENDENT, null, null, false);
  }

  /** Creates a call of operations that are over when the first of them has succeeded. */
  public static Call race(int count) {
    return new Call(count, Shape.RACE, null, null, false);
  }

  /** Creates a call of operations one after the other. */
  public static Call chain(boolean[] hard, boolean drain) {
    return new Call(hard.length, Shape.LINKED, null, hard, drain);
  }

  /** Limits the time of an operation of a chain, from the moment that the kernel begins with it. */
  public void limit(int index, Duration time) {
    MemorySegment timespec = Timespec.of(time);
    Operation limit = new Operation(this).lending(timespec);
    limit.linkTimeout(timespec.address());
    operations[index].limit = limit;
    pending++;
  }

  /** Returns how many entries some of the operations take, together with their limits. */
  int entries(int from, int to) {
    int count = to - from;
    for (int i = from; i < to; i++) {
      if (operations[i].limit != null) {
        count++;
      }
    }
    return count;
  }

  /** Returns how many of those count against the in-flight limit. */
  int counted(int from, int to) {
    int count = 0;
    for (int i = from; i < to; i++) {
      if (!operations[i].exempt) {
        count += operations[i].limit == null ? 1 : 2;
      }
    }
    return count;
  }

  /**
   * Finds out which operations are exempt from the in-flight limit and from draining. In a chain,
   * operations after one that may wait indefinitely may wait indefinitely, too.
   */
  void findExempt() {
    if (operations.length == 1 && shape == Shape.INDEPENDENT) {
      exempt = operations[0].exempt; // its caller has said so
      return;
    }
    boolean all = true;
    boolean behind = false;
    for (Operation operation : operations) {
      operation.exempt |= behind;
      operation.exemptByOpcode();
      if (operation.limit != null) {
        operation.limit.exempt = operation.exempt;
      }
      behind = operation.exempt && shape == Shape.LINKED;
      all &= operation.exempt;
    }
    exempt = all && !drain;
  }

  /**
   * Limits the wait.
   *
   * @param nanos the limit, or 0 for none
   */
  public Call within(long nanos) {
    timeoutNanos = nanos;
    return this;
  }

  /** Returns one of the operations, for the caller to fill or to read the result from. */
  public Operation operation(int index) {
    return operations[index];
  }

  /** Returns the number of operations. */
  public int size() {
    return operations.length;
  }

  /** Returns whether an interrupt ended it, once it is done. */
  public boolean interrupted() {
    return cancelled == Cancelled.INTERRUPTED;
  }

  /** Returns whether a time limit ended it, once it is done. */
  public boolean timedOut() {
    return cancelled == Cancelled.TIMED_OUT;
  }

  /**
   * Counts its operations as users of their descriptors. The ring's thread does this, not the
   * caller: a caller that fails between counting and handing over would leave a user that no close
   * could wait for.
   */
  void hold() {
    for (Operation operation : operations) {
      operation.hold();
    }
  }

  /**
   * Returns whether something was closed that one of the operations uses, or that another of the
   * same chain does: a chain that waits for its turn ends as a whole.
   */
  boolean isClosed(Operation operation) {
    if (shape != Shape.LINKED) {
      return operation.isClosed();
    }
    for (Operation each : operations) {
      if (each.isClosed()) {
        return true;
      }
    }
    return false;
  }

  @Override
  void reset() {
    assert operations.length == 1;
    super.reset();
    operations[0].reset();
    timeoutNanos = 0;
    uncancellable = false;
    waiter = null;
    submitted = 0;
    pending = 1;
    cancelled = Cancelled.NOT;
    cancelRest = false;
  }
}
