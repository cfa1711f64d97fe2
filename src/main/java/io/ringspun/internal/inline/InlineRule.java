package io.ringspun.internal.inline;

/**
 * How an operation may be done on the calling thread before the ring is asked. Operations that are
 * not listed go to the ring at once: they wait for a device or a peer, as syncs, direct transfers
 * and accepts do.
 */
public enum InlineRule {
  /** {@code preadv2} with {@code RWF_NOWAIT}: the page cache has it, or {@code -EAGAIN}. */
  READ(false),
  /** {@code recv} and {@code send} with {@code MSG_DONTWAIT}. */
  SOCKET(false),
  /** {@code openat2} with {@code RESOLVE_CACHED}, Linux 5.12; neither creates nor truncates. */
  OPEN(false),
  /** {@code fstat} and {@code statx} of an open file of a {@linkplain Locality local} system. */
  STAT_OPEN(false),
  /** {@code pwrite} to the page cache: ext4 has no form of it that refuses to wait. */
  WRITE(true),
  /** {@code getdents64} of a local directory. */
  LIST(true),
  /** {@code copy_file_range} between local files. */
  COPY(true),
  /** {@code sendfile} from a local file whose pages are in memory to a socket. */
  SEND_FILE(true),
  /** {@code statx} by name. */
  STAT_NAME(true),
  /** {@code openat} that creates or truncates. */
  CREATE(true),
  /** {@code unlinkat}, {@code renameat2}, {@code mkdirat}, {@code linkat}, {@code symlinkat}. */
  CHANGE_NAME(true),
  /** {@code ftruncate} and {@code fallocate} of an open local file. */
  RESIZE(true),
  /** {@code fgetxattr} and {@code fsetxattr} of an open local file. */
  XATTR(true),
  /** {@code getxattr} and {@code setxattr} by name. */
  XATTR_NAME(true),
  /** {@code utimensat}. */
  TIMES(true),
  /** What the JDK does with a name, such as {@code access} and {@code readlink}. */
  JDK_NAME(true),
  /** {@code close}: of a file on a network it may flush. */
  CLOSE(true);

  private final boolean mayWait;

  @SuppressWarnings("ImmutableEnumChecker") // what is learned of a kind of call belongs to it
  private final PaceTable paces = new PaceTable();

  InlineRule(boolean mayWait) {
    this.mayWait = mayWait;
  }

  /**
   * Returns the pace of such calls on the name that the memory has.
   *
   * @param directory the descriptor that the name is relative to
   */
  public Pace pace(int directory, InlineMemory memory) {
    return memory.pace(paces, directory);
  }

  /**
   * Returns the pace of such calls on a name that is absolute or relative to the current directory.
   */
  public Pace pace(String name) {
    return paces.of(name);
  }

  /** Returns the pace of such calls on open files. */
  public Pace pace(Place place) {
    return paces.of(place.device());
  }

  /**
   * Returns whether the call may wait for a device now and then. If not, there is a form of it that
   * refuses instead; if so, local file systems answer in microseconds nearly always, and {@link
   * Pace} notices when they do not.
   */
  public boolean mayWait() {
    return mayWait;
  }
}
