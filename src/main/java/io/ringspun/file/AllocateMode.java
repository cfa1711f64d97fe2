package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;

/**
 * What {@link RingFile#allocate} is to do with a range, as in fallocate(2). Without any, the range
 * gets space, and the file grows to hold it.
 *
 * @since 0.1
 */
public enum AllocateMode {
  /** {@code FALLOC_FL_KEEP_SIZE}: the file's size stays. */
  KEEP_SIZE(Constants.FALLOC_FL_KEEP_SIZE),
  /** {@code FALLOC_FL_PUNCH_HOLE}: the range loses its space and reads as zeros; size stays. */
  PUNCH_HOLE(Constants.FALLOC_FL_PUNCH_HOLE | Constants.FALLOC_FL_KEEP_SIZE),
  /** {@code FALLOC_FL_COLLAPSE_RANGE}: the range is cut out, what follows moves up. */
  COLLAPSE_RANGE(Constants.FALLOC_FL_COLLAPSE_RANGE),
  /** {@code FALLOC_FL_ZERO_RANGE}: the range keeps its space and reads as zeros. */
  ZERO_RANGE(Constants.FALLOC_FL_ZERO_RANGE),
  /** {@code FALLOC_FL_INSERT_RANGE}: a hole is put in, what follows moves down. */
  INSERT_RANGE(Constants.FALLOC_FL_INSERT_RANGE),
  /** {@code FALLOC_FL_UNSHARE_RANGE}: the range stops sharing its space with other files. */
  UNSHARE_RANGE(Constants.FALLOC_FL_UNSHARE_RANGE);

  private final int bits;

  AllocateMode(int bits) {
    this.bits = bits;
  }

  /** Returns the flags of several. */
  static int bits(AllocateMode... modes) {
    int bits = 0;
    for (AllocateMode mode : modes) {
      bits |= mode.bits;
    }
    return bits;
  }
}
