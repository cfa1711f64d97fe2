package io.ringspun.internal.file;

import io.ringspun.file.FileStat;
import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.internal.inline.InlineRule;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.OpenHow;
import io.ringspun.internal.kernel.Statx;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.InlineCalls.NameCall;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Operations on paths on the calling thread, the counterpart of {@link PathOperations}. Each
 * returns the kernel's result, or {@link #UNDECIDED} if the operation must go through the ring.
 */
final class InlinePathOperations {
  /** The operation was not done, and goes through the ring. */
  static final int UNDECIDED = -Errno.EAGAIN;

  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final int CHANGING = Constants.O_CREAT | Constants.O_TRUNC | Constants.O_TMPFILE;

  private static final NameCall STAT =
      (kernel, memory, at, _, flags, mask) ->
          kernel.call(
              memory.call(),
              SystemCall.STATX,
              at,
              memory.name(),
              flags,
              mask,
              memory.statx().address(),
              0);
  private static final NameCall ACCESS = // F_OK; follows links
      (kernel, memory, at, _, _, _) ->
          kernel.call(memory.call(), SystemCall.FACCESSAT, at, memory.name(), 0, 0, 0, 0);
  private static final NameCall OPEN =
      (kernel, memory, at, _, how, _) ->
          kernel.call(
              memory.call(), SystemCall.OPENAT2, at, memory.name(), how, OpenHow.SIZE_BYTES, 0, 0);
  private static final NameCall UNLINK = onName(SystemCall.UNLINKAT);
  private static final NameCall MKDIR = onName(SystemCall.MKDIRAT);
  private static final NameCall RENAME = onNames(SystemCall.RENAMEAT2);
  private static final NameCall LINK = onNames(SystemCall.LINKAT);
  private static final NameCall SYMLINK = // the second name is the content of the link
      (kernel, memory, at, _, _, _) ->
          kernel.call(
              memory.call(), SystemCall.SYMLINKAT, memory.secondName(), at, memory.name(), 0, 0, 0);

  private static final NameCall GETXATTR = onAttribute(SystemCall.GETXATTR);
  private static final NameCall SETXATTR = onAttribute(SystemCall.SETXATTR);
  private static final NameCall UTIMENSAT =
      (kernel, memory, at, _, times, flags) ->
          kernel.call(memory.call(), SystemCall.UTIMENSAT, at, memory.name(), times, flags, 0, 0);

  private InlinePathOperations() {}

  /** A call on a name, with a mode or flags. */
  private static NameCall onName(SystemCall call) {
    return (kernel, memory, at, _, argument, _) ->
        kernel.call(memory.call(), call, at, memory.name(), argument, 0, 0, 0);
  }

  /** A call on two names, with flags. */
  private static NameCall onNames(SystemCall call) {
    return (kernel, memory, at, newAt, flags, _) ->
        kernel.call(memory.call(), call, at, memory.name(), newAt, memory.secondName(), flags, 0);
  }

  /** A call on the attribute of a file, with the value in the buffer. */
  private static NameCall onAttribute(SystemCall call) {
    return (kernel, memory, _, _, length, _) ->
        kernel.call(
            memory.call(),
            call,
            memory.name(),
            memory.secondName(),
            memory.buffer().address(),
            length,
            0,
            0);
  }

  /**
   * Opens a file that need not wait for anybody: with {@code O_NONBLOCK}, as the kernel's first
   * attempt in a ring has it. The descriptor keeps it, except that of a directory or a path.
   *
   * @param resolve {@code RESOLVE_} flags
   */
  static int open(
      Engine engine, @Nullable RawHandle directory, Path name, int flags, int mode, int resolve)
      throws IOException {
    if (!isAllowed(engine)) {
      return UNDECIDED;
    }
    boolean changes = (flags & CHANGING & ~Constants.O_DIRECTORY) != 0;
    boolean mayBlock = (flags & (Constants.O_PATH | Constants.O_DIRECTORY)) == 0;
    int asked = mayBlock ? flags | Constants.O_NONBLOCK : flags;
    if ((flags & Constants.O_PATH) != 0) {
      asked &= ~Constants.O_LARGEFILE; // openat2 refuses what means nothing
    }
    int result;
    try (InlineMemory memory = engine.inline().memory()) {
      long how =
          memory.how(
              asked,
              OpenFlags.openat2Mode(flags, mode),
              changes ? resolve : resolve | Constants.RESOLVE_CACHED);
      InlineRule rule = changes ? InlineRule.CREATE : InlineRule.OPEN;
      result = (int) engine.inline().onName(rule, OPEN, memory, directory, name, how, 0);
    }
    return counted(engine, isDecided(result) ? result : UNDECIDED);
  }

  /** Returns whether it is the file that was refused, not this way to open it. */
  private static boolean isDecided(int result) {
    return result != -Errno.EPERM && result != -Errno.ENOSYS && result != -Errno.EINVAL;
  }

  /** What {@link #stat} found. */
  sealed interface Found {
    /** The attributes. */
    record Attributes(FileStat stat) implements Found {}

    /** The kernel's answer, or {@link #UNDECIDED}. */
    record Refusal(int result) implements Found {}
  }

  /** Queries the attributes of a file. */
  static Found stat(Engine engine, @Nullable RawHandle directory, Path name, int flags)
      throws IOException {
    if (!isAllowed(engine)) {
      return new Found.Refusal(UNDECIDED);
    }
    Found found;
    try (InlineMemory memory = engine.inline().memory()) {
      int result = stat(engine, memory, directory, name, flags, Statx.ALL);
      found =
          result == 0
              ? new Found.Attributes(FileStat.of(memory.statx()))
              : new Found.Refusal(result);
    }
    return found instanceof Found.Refusal(int result)
        ? new Found.Refusal(counted(engine, result))
        : counted(engine, found);
  }

  /** Looks whether there is a file. */
  static int exists(Engine engine, @Nullable RawHandle directory, Path name, int flags)
      throws IOException {
    if (!isAllowed(engine)) {
      return UNDECIDED;
    }
    int result;
    try (InlineMemory memory = engine.inline().memory()) {
      result =
          flags != 0
              ? stat(engine, memory, directory, name, flags, 0)
              : (int)
                  engine
                      .inline()
                      .onName(InlineRule.STAT_NAME, ACCESS, memory, directory, name, 0, 0);
    }
    return counted(engine, result);
  }

  private static int stat(
      Engine engine,
      InlineMemory memory,
      @Nullable RawHandle directory,
      Path name,
      int flags,
      int mask)
      throws IOException {
    return (int)
        engine.inline().onName(InlineRule.STAT_NAME, STAT, memory, directory, name, flags, mask);
  }

  static int unlink(Engine engine, @Nullable RawHandle directory, Path name, int flags)
      throws IOException {
    return change(engine, UNLINK, directory, name, flags);
  }

  static int mkdir(Engine engine, @Nullable RawHandle directory, Path name, int mode)
      throws IOException {
    return change(engine, MKDIR, directory, name, mode);
  }

  static int rename(
      Engine engine,
      @Nullable RawHandle directory,
      Path name,
      @Nullable RawHandle newDirectory,
      Path newName,
      int flags)
      throws IOException {
    return change(engine, RENAME, directory, name, newDirectory, newName, flags);
  }

  static int link(
      Engine engine,
      @Nullable RawHandle directory,
      Path name,
      @Nullable RawHandle newDirectory,
      Path newName)
      throws IOException {
    return change(engine, LINK, directory, name, newDirectory, newName, 0);
  }

  static int symlink(Engine engine, @Nullable RawHandle directory, Path target, Path link)
      throws IOException {
    return change(engine, SYMLINK, directory, link, null, target, 0);
  }

  /**
   * What {@link #xattr} found.
   *
   * @param result the length of the value, or as of the other operations
   * @param value empty if there is none
   */
  @SuppressWarnings("ArrayRecordComponent") // goes to the caller at once
  record Xattr(int result, byte[] value) {}

  /** Reads an extended attribute. */
  static Xattr xattr(Engine engine, Path name, String attribute) throws IOException {
    byte[] value = {};
    int result = UNDECIDED;
    if (isAllowed(engine)) {
      try (InlineMemory memory = engine.inline().memory()) {
        result = onAttribute(engine, GETXATTR, memory, name, attribute, XattrMemory.USUAL_BYTES);
        if (result == -Errno.ERANGE) {
          int most = InlineMemory.BUFFER_BYTES;
          result = onAttribute(engine, GETXATTR, memory, name, attribute, most);
        }
        if (result > 0) {
          value = new byte[result];
          memory.copyTo(value, 0, result);
        }
      }
      result = counted(engine, result);
    }
    return new Xattr(result, value);
  }

  /** Sets an extended attribute. */
  static int setXattr(Engine engine, Path name, String attribute, byte[] value) throws IOException {
    if (value.length > InlineMemory.BUFFER_BYTES || !isAllowed(engine)) {
      return UNDECIDED;
    }
    int result;
    try (InlineMemory memory = engine.inline().memory()) {
      memory.copyFrom(value, 0, value.length);
      result = onAttribute(engine, SETXATTR, memory, name, attribute, value.length);
    }
    return counted(engine, result);
  }

  private static int onAttribute(
      Engine engine, NameCall call, InlineMemory memory, Path name, String attribute, int length)
      throws IOException {
    InlineRule rule = InlineRule.XATTR_NAME;
    return memory.hasRoomForAttribute(attribute)
        ? (int) engine.inline().onName(rule, call, memory, null, name, length, 0)
        : UNDECIDED;
  }

  /**
   * Sets when a file was last accessed and modified.
   *
   * @param flags 0 or {@code AT_SYMLINK_NOFOLLOW}
   */
  static int setTimes(
      Engine engine, Path name, @Nullable FileTime accessed, @Nullable FileTime modified, int flags)
      throws IOException {
    if (!isAllowed(engine)) {
      return UNDECIDED;
    }
    int result;
    try (InlineMemory memory = engine.inline().memory()) {
      long times =
          memory.times(seconds(accessed), nanos(accessed), seconds(modified), nanos(modified));
      result =
          (int)
              engine.inline().onName(InlineRule.TIMES, UTIMENSAT, memory, null, name, times, flags);
    }
    return counted(engine, result);
  }

  // Before 1970 parts of a second are negative, as in the JDK, and the kernel refuses them.

  private static long seconds(@Nullable FileTime time) {
    return time == null ? 0 : time.to(TimeUnit.NANOSECONDS) / NANOS_PER_SECOND;
  }

  private static long nanos(@Nullable FileTime time) {
    return time == null ? Constants.UTIME_OMIT : time.to(TimeUnit.NANOSECONDS) % NANOS_PER_SECOND;
  }

  private static int change(
      Engine engine, NameCall call, @Nullable RawHandle directory, Path name, int argument)
      throws IOException {
    if (!isAllowed(engine)) {
      return UNDECIDED;
    }
    int result;
    try (InlineMemory memory = engine.inline().memory()) {
      result =
          (int)
              engine
                  .inline()
                  .onName(InlineRule.CHANGE_NAME, call, memory, directory, name, argument, 0);
    }
    return counted(engine, result);
  }

  private static int change(
      Engine engine,
      NameCall call,
      @Nullable RawHandle directory,
      Path name,
      @Nullable RawHandle newDirectory,
      Path newName,
      int argument)
      throws IOException {
    if (!isAllowed(engine)) {
      return UNDECIDED;
    }
    int result;
    try (InlineMemory memory = engine.inline().memory()) {
      result =
          (int)
              engine
                  .inline()
                  .onNames(
                      InlineRule.CHANGE_NAME,
                      call,
                      memory,
                      directory,
                      name,
                      newDirectory,
                      newName,
                      argument);
    }
    return counted(engine, result);
  }

  private static boolean isAllowed(Engine engine) throws IOException {
    if (!engine.config().inlineAttempts()) {
      return false;
    }
    engine.requireUsable();
    return true;
  }

  /**
   * Counts a call whose memory has been given back: a carried thread may let others run here, and
   * they use the same memory.
   */
  private static int counted(Engine engine, int result) {
    int answer = result == -Errno.EINTR ? UNDECIDED : result;
    engine.countInline(answer != UNDECIDED);
    return answer;
  }

  private static Found counted(Engine engine, Found found) {
    engine.countInline(true);
    return found;
  }
}
