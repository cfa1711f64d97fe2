package io.ringspun.testing.channel;

/** The other end of a transfer between channels. */
public enum Peer {
  /** Bytes of the heap. */
  MEMORY,
  /** A file opened by the JDK, whatever the channel under test is. */
  JDK_FILE,
  /** A file opened as the channel under test is. */
  SAME_KIND,
  /** Such a file, which may not be written. */
  SAME_KIND_READ_ONLY,
  /** Such a file, which may not be read. */
  SAME_KIND_WRITE_ONLY,
  /** Such a file, which is written at its end. */
  SAME_KIND_APPENDED,
  /** Such a file, closed. */
  SAME_KIND_CLOSED,
  /** None. */
  NULL
}
