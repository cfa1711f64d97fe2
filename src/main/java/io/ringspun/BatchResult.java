package io.ringspun;

import java.io.IOException;

/**
 * What became of each operation of a {@link Batch}.
 *
 * @since 0.1
 */
public final class BatchResult extends TransactionResult {
  BatchResult(Results results) {
    super(results);
  }

  @Override
  public boolean succeeded() {
    for (int i = 0; i < size(); i++) {
      if (!succeeded(i) || results().isShort(i)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void orThrow() throws IOException {
    IOException first = null;
    for (int i = 0; i < size(); i++) {
      if (succeeded(i) && !results().isShort(i)) {
        continue;
      }
      IOException problem = succeeded(i) ? results().shortTransfer(i) : results().problem(i);
      if (first == null) {
        first = problem;
      } else {
        first.addSuppressed(problem);
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
