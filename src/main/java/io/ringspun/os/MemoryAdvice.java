package io.ringspun.os;

/**
 * How a part of memory is going to be used, as in madvise(2). None of these changes what the memory
 * holds; those that do, such as {@code MADV_DONTNEED}, {@code MADV_FREE} and {@code MADV_REMOVE},
 * are missing, since they would pull the memory from under a segment that others may use.
 *
 * @since 0.1
 */
public enum MemoryAdvice {
  /** {@code MADV_NORMAL}: nothing special. */
  NORMAL(0),
  /** {@code MADV_RANDOM}: in no order, so reading ahead is no use. */
  RANDOM(1),
  /** {@code MADV_SEQUENTIAL}: from front to back, so read ahead more. */
  SEQUENTIAL(2),
  /**
   * {@code MADV_WILLNEED}: soon, so start reading it into the page cache. The reading goes on after
   * the call.
   */
  WILLNEED(3),
  /**
   * {@code MADV_HUGEPAGE}: in huge pages where that can be done. {@code EINVAL} from a kernel
   * without them.
   */
  HUGEPAGE(14),
  /** {@code MADV_NOHUGEPAGE}: not in huge pages. {@code EINVAL} likewise. */
  NOHUGEPAGE(15),
  /** {@code MADV_COLD}: not soon, so take it first when memory runs short. */
  COLD(20),
  /** {@code MADV_PAGEOUT}: not soon, so give its pages back now; they are read again when used. */
  PAGEOUT(21),
  /**
   * {@code MADV_POPULATE_READ}: now, for reading. When the call returns, all of it has been read in
   * and mapped. {@code EFAULT} if the file has become shorter than the mapping.
   */
  POPULATE_READ(22),
  /**
   * {@code MADV_POPULATE_WRITE}: now, for writing. When the call returns, all of it is there to be
   * written, with its own copy of what is mapped privately, and with the file's blocks allocated of
   * what is not. {@code EFAULT} likewise.
   */
  POPULATE_WRITE(23);

  private final int number;

  MemoryAdvice(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  /** Returns whether it would harm the neighbours in pages that are not all the caller's. */
  boolean sparesNeighbours() {
    return this == COLD || this == PAGEOUT;
  }
}
