package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;

/**
 * What {@link RingFile#syncFileRange} is to do, as in sync_file_range(2).
 *
 * @since 0.1
 */
public enum SyncRange {
  /** {@code SYNC_FILE_RANGE_WAIT_BEFORE}: wait for pages already on their way to the device. */
  WAIT_BEFORE(Constants.SYNC_FILE_RANGE_WAIT_BEFORE),
  /** {@code SYNC_FILE_RANGE_WRITE}: send dirty pages on their way. */
  WRITE(Constants.SYNC_FILE_RANGE_WRITE),
  /** {@code SYNC_FILE_RANGE_WAIT_AFTER}: wait for them to arrive. */
  WAIT_AFTER(Constants.SYNC_FILE_RANGE_WAIT_AFTER);

  private final int bit;

  SyncRange(int bit) {
    this.bit = bit;
  }

  int bit() {
    return bit;
  }
}
