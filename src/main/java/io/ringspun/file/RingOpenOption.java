package io.ringspun.file;

import java.nio.file.OpenOption;

/**
 * What can be asked of {@link RingFile#open} beyond {@link java.nio.file.StandardOpenOption} and
 * {@link java.nio.file.LinkOption}.
 *
 * @since 0.1
 */
public enum RingOpenOption implements OpenOption {
  /**
   * Go past the page cache ({@code O_DIRECT}). Memory, position and length must be aligned; see
   * {@link RingFile#directAlignment}. The same as {@code
   * com.sun.nio.file.ExtendedOpenOption.DIRECT}.
   */
  DIRECT,
  /**
   * Make a file without a name in the given directory ({@code O_TMPFILE}), gone when it is closed.
   * Needs {@link java.nio.file.StandardOpenOption#WRITE}.
   */
  TMPFILE,
  /**
   * Put the file into a slot of the ring's own table and give it no descriptor in the process
   * ({@code IORING_FILE_INDEX_ALLOC}, Linux 5.19). It does not count against the limit of open
   * files, and the kernel need not look up and count a descriptor at each operation. The kernel
   * chooses the slot, which is free again once the file is closed.
   *
   * <p>The ring must have such a table: {@link io.ringspun.RingOptions#withRegisteredFiles}. All
   * operations on the file go to that ring, also those of threads that another ring carries, and
   * none is tried without the ring. The file ends with the ring. What cannot be done without a
   * descriptor makes one; see {@link RingFile#installDescriptor}.
   */
  REGISTERED
}
