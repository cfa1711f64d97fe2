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
  TMPFILE
}
