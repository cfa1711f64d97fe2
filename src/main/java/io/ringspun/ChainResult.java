package io.ringspun;

import java.io.IOException;
import java.util.OptionalInt;

/**
 * What became of each operation of a {@link Chain}.
 *
 * @since 0.1
 */
public final class ChainResult extends TransactionResult {
  ChainResult(Results results) {
    super(results);
  }

  /**
   * Returns the first operation that failed or transferred fewer bytes than it was asked to: what
   * broke the chain, unless a hard link stood behind it. Where the whole chain was cancelled before
   * it began, that is the first.
   *
   * @return its position, from 0, or nothing if all went well
   */
  public OptionalInt firstFailure() {
    for (int i = 0; i < size(); i++) {
      if (results().value(i) < 0 || results().isShort(i)) {
        return OptionalInt.of(i);
      }
    }
    return OptionalInt.empty();
  }

  /**
   * Returns whether an operation's own limit ended it; see {@link Chain#within}.
   *
   * @param index the operation's position, from 0
   * @return false if it had none, or something else was the end of it
   * @throws IndexOutOfBoundsException if there is no such operation
   */
  public boolean timedOut(int index) {
    return results().timedOut(index);
  }

  @Override
  public boolean succeeded() {
    return firstFailure().isEmpty();
  }

  /**
   * Throws if anything failed.
   *
   * @throws OperationTimeoutException if a time limit was why, of the chain or of the first
   *     operation that failed
   * @throws RingClosedException if the ring was closed before that operation was over
   * @throws java.nio.channels.AsynchronousCloseException if a descriptor of the chain was
   * @throws OperationException if the kernel reported an error for that operation
   * @throws IOException if it transferred fewer bytes than it was asked to
   */
  @Override
  public void orThrow() throws IOException {
    int index = firstFailure().orElse(-1);
    if (index < 0) {
      return;
    }
    if (timedOut(index)) {
      throw results().timeout(index);
    }
    if (timedOut()) {
      throw new OperationTimeoutException(
          "the chain's time was up at operation %d of %d".formatted(index + 1, size()));
    }
    if (results().value(index) < 0) {
      throw results().problem(index);
    }
    throw results().shortTransfer(index);
  }
}
