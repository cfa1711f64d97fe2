package io.ringspun;

import java.io.IOException;
import java.util.Optional;

/**
 * What became of each operation of a {@link Chain} or a {@link Batch}, by position. Immutable.
 *
 * @since 0.1
 */
public abstract sealed class TransactionResult permits ChainResult, BatchResult {
  private final Results results;

  TransactionResult(Results results) {
    this.results = results;
  }

  /**
   * Returns the number of operations.
   *
   * @return at least 1
   */
  public final int size() {
    return results.size();
  }

  /**
   * Returns what the kernel answered for an operation.
   *
   * @param index the operation's position, from 0
   * @return the bytes transferred, or 0 for an operation that transfers none; or, if it failed, the
   *     negated error number
   * @throws IndexOutOfBoundsException if there is no such operation
   */
  public final int result(int index) {
    return results.value(index);
  }

  /**
   * Returns whether an operation succeeded, if perhaps with fewer bytes than asked for.
   *
   * @param index the operation's position, from 0
   * @return whether its result is not an error
   * @throws IndexOutOfBoundsException if there is no such operation
   */
  public final boolean succeeded(int index) {
    return results.value(index) >= 0;
  }

  /**
   * Returns whether an operation was cancelled: by a link that broke before it, a timeout, an
   * interrupt, or the closing of its descriptor or ring.
   *
   * @param index the operation's position, from 0
   * @return whether its result is {@code ECANCELED}
   * @throws IndexOutOfBoundsException if there is no such operation
   */
  public final boolean isCancelled(int index) {
    return results.isCancelled(index);
  }

  /**
   * Returns why an operation failed.
   *
   * @param index the operation's position, from 0
   * @return the error as an exception, or nothing if the operation succeeded
   * @throws IndexOutOfBoundsException if there is no such operation
   */
  public final Optional<OperationException> failure(int index) {
    return succeeded(index) ? Optional.empty() : Optional.of(results.failure(index));
  }

  /**
   * Returns whether the time limit ended the transaction.
   *
   * @return false if everything was over in time, or there was no limit
   */
  public final boolean timedOut() {
    return results.timedOut();
  }

  /**
   * Returns whether every operation succeeded and transferred all that it was asked to.
   *
   * @return whether there is nothing to complain about
   */
  public abstract boolean succeeded();

  /**
   * Throws if anything failed.
   *
   * @throws RingClosedException if the ring was closed before an operation was over
   * @throws java.nio.channels.AsynchronousCloseException if a descriptor was
   * @throws OperationException with the error that matters most; others are suppressed in it
   * @throws IOException if an operation transferred fewer bytes than it was asked to
   */
  public abstract void orThrow() throws IOException;

  final Results results() {
    return results;
  }
}
