package io.ringspun.file;

import java.nio.file.OpenOption;

/**
 * Options of {@link RingFile#open} in addition to {@link java.nio.file.StandardOpenOption} and
 * {@link java.nio.file.LinkOption}.
 *
 * @since 0.1
 */
public enum RingOpenOption implements OpenOption {
  /**
   * Bypass the page cache ({@code O_DIRECT}). Memory, position and length must be aligned; see
   * {@link RingFile#directAlignment}. Equivalent to {@code
   * com.sun.nio.file.ExtendedOpenOption.DIRECT}.
   */
  DIRECT,
  /**
   * Create an unnamed file in the directory that the path names ({@code O_TMPFILE}). The file is
   * deleted when it is closed. Requires {@link java.nio.file.StandardOpenOption#WRITE}.
   */
  TMPFILE,
  /**
   * Do not wait for the other end of a FIFO, nor for a device, to open ({@code O_NONBLOCK} for the
   * open alone). A FIFO is opened for reading at once, and refused to a writer if nobody reads it.
   * So code that opens a name of others' choosing can look at the type of the file afterwards.
   * Operations on the open file wait as usual. Excludes {@link #REGISTERED}.
   */
  NONBLOCKING,
  /**
   * Register the file with the ring instead of giving it a descriptor in the process ({@code
   * IORING_FILE_INDEX_ALLOC}, Linux 5.19). It does not count against the limit on open files, and
   * the kernel need not look up a descriptor and count references for each operation. The kernel
   * chooses a slot in the ring's table, which is freed when the file is closed.
   *
   * <p>The ring must have a table of registered files: {@link
   * io.ringspun.RingOptions#withRegisteredFiles}. All operations on the file run on that ring, even
   * those of threads that another ring carries, and without {@linkplain
   * io.ringspun.RingOptions#withInlineAttempts inline attempts}. Closing the ring closes the file.
   * Operations that require a descriptor create one; see {@link RingFile#installDescriptor}.
   */
  REGISTERED
}
