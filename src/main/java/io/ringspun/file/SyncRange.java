package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;

/**
 * A step of {@link RingFile#syncFileRange}, as in sync_file_range(2). The kernel takes the chosen
 * steps in the order of the constants.
 *
 * @since 0.1
 */
public enum SyncRange {
  /** {@code SYNC_FILE_RANGE_WAIT_BEFORE}: wait for write-back that is already in progress. */
  WAIT_BEFORE(Constants.SYNC_FILE_RANGE_WAIT_BEFORE),
  /** {@code SYNC_FILE_RANGE_WRITE}: start write-back of dirty pages. */
  WRITE(Constants.SYNC_FILE_RANGE_WRITE),
  /** {@code SYNC_FILE_RANGE_WAIT_AFTER}: wait for the write-back of the range to complete. */
  WAIT_AFTER(Constants.SYNC_FILE_RANGE_WAIT_AFTER);

  private final int bit;

  SyncRange(int bit) {
    this.bit = bit;
  }

  int bit() {
    return bit;
  }
}
