package io.ringspun.internal.file;

import io.ringspun.Ring;
import io.ringspun.file.FileStat;
import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.internal.inline.InlineRule;
import io.ringspun.internal.inline.Place;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.Statx;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.memory.PathMemory;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.FileTable;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An open file and how it was opened: what may be done with it, how direct I/O must be aligned, and
 * the time limit of its operations. Immutable; safe for use by multiple concurrent threads.
 *
 * @param handle the counted descriptor or slot
 * @param flags how it was opened
 * @param memoryAlignment of memory for direct I/O in bytes, else 1
 * @param offsetAlignment of position and length for direct I/O in bytes, else 1
 * @param timeoutNanos the time limit for each operation, or 0 for none
 */
public record OpenFile(
    Handle handle, OpenFlags flags, int memoryAlignment, int offsetAlignment, long timeoutNanos) {
  /** The permissions of a file that is made, unless told otherwise. */
  public static final int DEFAULT_MODE = 0666;

  // ---- opening -------------------------------------------------------------------------------

  /** Opens or makes a file for code that expects the JDK's exceptions. */
  public static OpenFile openAsJdk(
      Ring ring, Path path, Set<? extends OpenOption> options, int mode) throws IOException {
    PathOperations paths = new PathOperations(null, EngineAccess.of(ring), FileErrors::asJdk);
    return open(paths, path, OpenFlags.of(options), mode);
  }

  /** Opens or makes a file relative to the directory of {@code paths}. */
  public static OpenFile open(PathOperations paths, Path path, OpenFlags flags, int mode)
      throws IOException {
    PathMemory.requireDefault(path);
    return opened(paths, path, paths.open(path, flags.bits(), mode, flags.registered()), flags);
  }

  /** Wraps an open file, and queries its alignment if it needs one. */
  public static OpenFile of(Handle handle, OpenFlags flags) throws IOException {
    OpenFile file = new OpenFile(handle, flags, 1, 1, 0);
    return flags.direct() ? file.aligned() : file;
  }

  /** Takes ownership of a descriptor or a slot that has just been opened under a name. */
  public static OpenFile opened(
      PathOperations paths, Path name, PathOperations.Opened opened, OpenFlags flags)
      throws IOException {
    int number = opened.number();
    Engine home = paths.home();
    Handle handle =
        flags.registered()
            ? new RegisteredHandle(number, flags.direct(), home)
            : new RawHandle(number, flags.direct(), home);
    Place place = opened.place();
    if (place != null) {
      handle.notePlace(place);
    }
    if (opened.isNonblocking()) {
      handle.noteNonblocking();
    }
    try {
      if (flags.deleteOnClose()) {
        paths.unlinkIfPossible(name);
      }
    } catch (IOException | RuntimeException | Error e) {
      handle.close();
      throw e;
    }
    return opened(handle, flags);
  }

  /** Takes ownership of a file that has just been opened. */
  public static OpenFile opened(Handle handle, OpenFlags flags) throws IOException {
    handle.noteWritesSync(flags.writesSync());
    try {
      return of(handle, flags);
    } catch (IOException | RuntimeException | Error e) {
      handle.close();
      throw e;
    }
  }

  /** Returns this file with the alignment that direct I/O on it needs. */
  private OpenFile aligned() throws IOException {
    FileStat stat = stat();
    // A file system that does not tell its alignment is content with its block size.
    int unknown = Math.max(stat.blockSize(), 512);
    int forMemory = stat.directMemoryAlignment() != 0 ? stat.directMemoryAlignment() : unknown;
    int forOffset = stat.directOffsetAlignment() != 0 ? stat.directOffsetAlignment() : unknown;
    return new OpenFile(handle, flags, forMemory, forOffset, timeoutNanos);
  }

  /** Returns this file with another time limit. */
  public OpenFile within(long nanos) {
    return new OpenFile(handle, flags, memoryAlignment, offsetAlignment, nanos);
  }

  /** Returns the same file by another handle. */
  public OpenFile on(Handle other) {
    return new OpenFile(other, flags, memoryAlignment, offsetAlignment, timeoutNanos);
  }

  // ---- descriptors and slots -----------------------------------------------------------------

  /** Makes a descriptor of the process for a registered file. */
  public int install() throws IOException {
    return FileErrors.check("fixed_fd_install", single().run(Operation::fixedFdInstall));
  }

  /** Puts the file into a ring's table, too. */
  public RegisteredHandle shareAs(String operation, Engine target) throws IOException {
    FileTable table = target.files();
    target.requireUsable();
    int slot =
        table.fill(
            () -> FileErrors.ofFullTable("RingFile[%s]".formatted(handle), table.slots()),
            () -> FileErrors.check(operation, handle.share(target, timeoutNanos)));
    return handle.sharedAt(slot, target);
  }

  /** Returns the file's descriptor, or for a registered file one that is made for the purpose. */
  public RawHandle descriptor() throws IOException {
    return switch (handle) {
      case RawHandle raw -> raw;
      case RegisteredHandle registered -> registered.descriptor(this::install);
    };
  }

  // ---- operations ----------------------------------------------------------------------------

  /** Returns a blank operation on this file, on the ring for the calling thread. */
  public Operation single() {
    return handle.single().within(timeoutNanos);
  }

  /** Runs one operation on this file, which must succeed. */
  public void run(String name, Operation.Encoder encoder) throws IOException {
    FileErrors.check(name, single().run(encoder));
  }

  /**
   * Makes a system call on the descriptor of this file, on the calling thread while that is quick.
   *
   * @return its result or a negated errno: {@code -EAGAIN} if the ring is to do it
   */
  public int runInline(InlineRule rule, SystemCall call, long a, long b, long c, long d)
      throws IOException {
    Engine engine = handle.engine();
    if (!(handle instanceof RawHandle) || flags.writesSync() || !engine.config().inlineAttempts()) {
      return -Errno.EAGAIN;
    }
    engine.requireUsable();
    int result = (int) engine.inline().onFile(rule, call, handle, a, b, c, d);
    boolean isDone = result != -Errno.EAGAIN && result != -Errno.EINTR;
    engine.countInline(isDone);
    return isDone ? result : -Errno.EAGAIN;
  }

  /** Returns the number that operations take. */
  public int fd() {
    return handle.fd();
  }

  /** Returns the ring for an operation of the calling thread. */
  public Engine engine() {
    return handle.engine();
  }

  /** Returns the attributes of the file. */
  public FileStat stat() throws IOException {
    return stat(descriptor(), timeoutNanos);
  }

  /** Returns the size of the file in bytes. */
  public long size() throws IOException {
    RawHandle raw = descriptor();
    Engine engine = raw.engine();
    if (engine.config().inlineAttempts()) {
      engine.requireUsable();
      long size = engine.inline().size(raw);
      engine.countInline(size >= 0);
      if (size >= 0) {
        return size;
      }
    }
    return stat(raw, timeoutNanos).size();
  }

  /** Returns the attributes of something open. */
  public static FileStat stat(RawHandle handle, long timeoutNanos) throws IOException {
    Engine engine = handle.engine();
    if (engine.config().inlineAttempts()) {
      engine.requireUsable();
      FileStat found = statInline(engine, handle);
      engine.countInline(found != null); // others may run here, and use the same memory
      if (found != null) {
        return found;
      }
    }
    try (NativePool.Block block = NativePool.take(Statx.SIZE_BYTES + 1)) {
      block.memory().set(ValueLayout.JAVA_BYTE, Statx.SIZE_BYTES, (byte) 0); // an empty path
      long emptyPath = block.address() + Statx.SIZE_BYTES;
      int result =
          engine
              .single()
              .on(handle)
              .lending(block)
              .within(timeoutNanos)
              .run(
                  (op, fd) ->
                      op.statx(fd, emptyPath, Constants.AT_EMPTY_PATH, Statx.ALL, block.address()));
      FileErrors.check("statx", result);
      return FileStat.of(block.memory());
    }
  }

  private static @Nullable FileStat statInline(Engine engine, RawHandle handle) throws IOException {
    try (InlineMemory memory = engine.inline().memory()) {
      return engine.inline().stat(handle, memory) == 0 ? FileStat.of(memory.statx()) : null;
    }
  }

  /**
   * Returns whether the file has positions, as a FIFO or a terminal has not. What a slot holds is
   * taken to have some.
   */
  public boolean isSeekable() throws IOException {
    if (!(handle instanceof RawHandle)) {
      return true;
    }
    handle.acquire();
    try {
      Kernel kernel = handle.engine().kernel();
      return kernel.call(SystemCall.LSEEK, handle.fd(), 0, Constants.SEEK_CUR) != -Errno.ESPIPE;
    } finally {
      handle.release();
    }
  }

  // ---- checks --------------------------------------------------------------------------------

  /** Refuses a file that was not opened for reading. */
  public void requireReadable() {
    if (!flags.read()) {
      throw new NonReadableChannelException();
    }
  }

  /** Refuses a file that was not opened for writing. */
  public void requireWritable() {
    if (!flags.write()) {
      throw new NonWritableChannelException();
    }
  }

  /** Refuses a file that was not opened to append. */
  public void requireAppend() {
    if (!flags.append()) {
      throw new IllegalStateException("the file was not opened with APPEND");
    }
  }

  /** Refuses a file that was opened to append. */
  public void requireNoAppend() {
    if (flags.append()) {
      throw new IllegalStateException(
          "the file was opened with APPEND, where positions mean nothing: use append");
    }
  }

  /** Checks whether a transfer makes sense. */
  public void checkTransfer(MemorySegment memory, long position, boolean write) {
    if (write) {
      requireWritable();
      requireNoAppend();
    } else {
      requireReadable();
    }
    requireAligned(memory, position);
  }

  /** Returns to what transfers must be aligned, in bytes. */
  public int alignment() {
    return Math.max(memoryAlignment, offsetAlignment);
  }

  /** Returns whether direct I/O would refuse this. Heap memory is copied to where it fits. */
  public boolean isMisaligned(MemorySegment memory, long position) {
    return flags.direct()
        && ((memory.isNative() && (memory.address() & (memoryAlignment - 1)) != 0)
            || ((position | memory.byteSize()) & (offsetAlignment - 1)) != 0);
  }

  /** Says what is wrong with it. */
  public String misalignment(MemorySegment memory, long position) {
    return ("direct I/O on this file needs memory aligned to %d bytes, position and length to %d:"
            + " address %#x, position %d, length %d")
        .formatted(memoryAlignment, offsetAlignment, memory.address(), position, memory.byteSize());
  }

  /** Refuses what direct I/O would refuse. */
  public void requireAligned(MemorySegment memory, long position) {
    if (isMisaligned(memory, position)) {
      throw new IllegalArgumentException(misalignment(memory, position));
    }
  }

  /** Refuses a write that the kernel did nothing of. */
  public static int requireProgress(int written) throws IOException {
    if (written == 0) {
      throw new IOException("write failed: the kernel took no byte");
    }
    return written;
  }
}
