package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;

/**
 * What {@link RingDirectory#rename} is to do if the new name is taken, as in renameat2(2). Without
 * any, a file replaces a file, and a directory an empty directory.
 *
 * @since 0.1
 */
public enum RenameOption {
  /** {@code RENAME_NOREPLACE}: fail. */
  NOREPLACE(Constants.RENAME_NOREPLACE),
  /** {@code RENAME_EXCHANGE}: let the two change places; both must be there. */
  EXCHANGE(Constants.RENAME_EXCHANGE);

  private final int bit;

  RenameOption(int bit) {
    this.bit = bit;
  }

  /**
   * Returns the flags of several.
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
