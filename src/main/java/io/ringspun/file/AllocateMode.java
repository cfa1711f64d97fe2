package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;

/**
 * A mode of {@link RingFile#allocate}, as in fallocate(2). Without a mode, the range is allocated
 * and the file grows if needed.
 *
 * @since 0.1
 */
public enum AllocateMode {
  /** {@code FALLOC_FL_KEEP_SIZE}: the file size does not change. */
  KEEP_SIZE(Constants.FALLOC_FL_KEEP_SIZE),
  /**
   * {@code FALLOC_FL_PUNCH_HOLE}: the range is deallocated and reads as zeros; the file size does
   * not change.
   */
  PUNCH_HOLE(Constants.FALLOC_FL_PUNCH_HOLE | Constants.FALLOC_FL_KEEP_SIZE),
  /**
   * {@code FALLOC_FL_COLLAPSE_RANGE}: the range is removed, and later bytes move to its position.
   */
  COLLAPSE_RANGE(Constants.FALLOC_FL_COLLAPSE_RANGE),
  /** {@code FALLOC_FL_ZERO_RANGE}: the range stays allocated and reads as zeros. */
  ZERO_RANGE(Constants.FALLOC_FL_ZERO_RANGE),
  /** {@code FALLOC_FL_INSERT_RANGE}: a hole is inserted, and later bytes move behind it. */
  INSERT_RANGE(Constants.FALLOC_FL_INSERT_RANGE),
  /** {@code FALLOC_FL_UNSHARE_RANGE}: the range no longer shares blocks with other files. */
  UNSHARE_RANGE(Constants.FALLOC_FL_UNSHARE_RANGE);

  private final int bits;

  AllocateMode(int bits) {
    this.bits = bits;
  }

  /** Returns the flags of some modes. */
  static int bits(AllocateMode... modes) {
    int bits = 0;
    for (AllocateMode mode : modes) {
      bits |= mode.bits;
    }
    return bits;
  }
}
