package io.ringspun.file;

/**
 * How a part of a file is going to be used, as in posix_fadvise(2).
 *
 * @since 0.1
 */
public enum Advice {
  /** {@code POSIX_FADV_NORMAL}: nothing special. */
  NORMAL(0),
  /** {@code POSIX_FADV_RANDOM}: in no order, so reading ahead is no use. */
  RANDOM(1),
  /** {@code POSIX_FADV_SEQUENTIAL}: from front to back, so read ahead more. */
  SEQUENTIAL(2),
  /** {@code POSIX_FADV_WILLNEED}: soon, so start reading it into the page cache. */
  WILLNEED(3),
  /** {@code POSIX_FADV_DONTNEED}: not soon, so clean pages may leave the page cache. */
  DONTNEED(4),
  /** {@code POSIX_FADV_NOREUSE}: once. */
  NOREUSE(5);

  private final int number;

  Advice(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }
}
