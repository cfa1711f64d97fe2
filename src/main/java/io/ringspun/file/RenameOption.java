package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;

/**
 * An option of {@link RingDirectory#rename} and {@link FileSteps#rename} for the case that the new
 * name exists, as in renameat2(2). Without an option, a file replaces a file, and a directory
 * replaces an empty directory.
 *
 * @since 0.1
 */
public enum RenameOption {
  /** {@code RENAME_NOREPLACE}: the rename fails if the new name exists. */
  NOREPLACE(Constants.RENAME_NOREPLACE),
  /** {@code RENAME_EXCHANGE}: the two names are exchanged atomically; both must exist. */
  EXCHANGE(Constants.RENAME_EXCHANGE);

  private final int bit;

  RenameOption(int bit) {
    this.bit = bit;
  }

  /**
   * Returns the flags of some options.
   *
   * @throws IllegalArgumentException if they contradict each other
   */
  static int bits(RenameOption... options) {
    int bits = 0;
    for (RenameOption option : options) {
      bits |= option.bit;
    }
    if (bits == (NOREPLACE.bit | EXCHANGE.bit)) {
      throw new IllegalArgumentException("NOREPLACE and EXCHANGE exclude each other");
    }
    return bits;
  }
}
