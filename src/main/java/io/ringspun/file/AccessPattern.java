package io.ringspun.file;

/**
 * The expected access pattern of a file range, as in posix_fadvise(2).
 *
 * @since 0.1
 */
public enum AccessPattern {
  /** {@code POSIX_FADV_NORMAL}: no special treatment. */
  NORMAL(0),
  /** {@code POSIX_FADV_RANDOM}: random access, so the kernel does not read ahead. */
  RANDOM(1),
  /** {@code POSIX_FADV_SEQUENTIAL}: sequential access, so the kernel reads further ahead. */
  SEQUENTIAL(2),
  /**
   * {@code POSIX_FADV_WILLNEED}: access soon, so the kernel starts reading the range into the page
   * cache.
   */
  WILLNEED(3),
  /**
   * {@code POSIX_FADV_DONTNEED}: no access soon, so the kernel drops clean pages from the page
   * cache.
   */
  DONTNEED(4),
  /** {@code POSIX_FADV_NOREUSE}: a single access. */
  NOREUSE(5);

  private final int number;

  AccessPattern(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }
}
