package io.ringspun.os;

/**
 * The expected use of a memory range, as in madvise(2). None of these changes the content of the
 * memory. Advice that does, such as {@code MADV_DONTNEED}, {@code MADV_FREE} and {@code
 * MADV_REMOVE}, is omitted, because it would destroy the content of segments that other code may
 * use.
 *
 * @since 0.1
 */
public enum MemoryAdvice {
  /** {@code MADV_NORMAL}: no special treatment. */
  NORMAL(0),
  /** {@code MADV_RANDOM}: random access, so the kernel does not read ahead. */
  RANDOM(1),
  /** {@code MADV_SEQUENTIAL}: sequential access, so the kernel reads further ahead. */
  SEQUENTIAL(2),
  /**
   * {@code MADV_WILLNEED}: access soon, so the kernel starts reading the range into the page cache.
   * Reading continues after the call.
   */
  WILLNEED(3),
  /**
   * {@code MADV_HUGEPAGE}: use huge pages if possible. Fails with {@code EINVAL} on a kernel
   * without them.
   */
  HUGEPAGE(14),
  /**
   * {@code MADV_NOHUGEPAGE}: do not use huge pages. Fails with {@code EINVAL} on a kernel without
   * them.
   */
  NOHUGEPAGE(15),
  /** {@code MADV_COLD}: no access soon, so the kernel reclaims the range first. */
  COLD(20),
  /**
   * {@code MADV_PAGEOUT}: no access soon, so the kernel reclaims the pages now; they are read again
   * when accessed.
   */
  PAGEOUT(21),
  /**
   * {@code MADV_POPULATE_READ}: populate for reading. When the call returns, the whole range has
   * been read and mapped. Fails with {@code EFAULT} if the file is now shorter than the mapping.
   */
  POPULATE_READ(22),
  /**
   * {@code MADV_POPULATE_WRITE}: populate for writing. When the call returns, the whole range can
   * be written without page faults: private mappings have their own copies, and the file's blocks
   * of shared mappings are allocated. Fails with {@code EFAULT} if the file is now shorter than the
   * mapping.
   */
  POPULATE_WRITE(23);

  private final int number;

  MemoryAdvice(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  /**
   * Returns whether it must not apply to pages that contain other memory, because it would slow
   * down access to it.
   */
  boolean sparesNeighbours() {
    return this == COLD || this == PAGEOUT;
  }
}
