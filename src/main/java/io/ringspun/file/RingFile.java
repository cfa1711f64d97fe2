package io.ringspun.file;

import io.ringspun.Descriptor;
import io.ringspun.Lease;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.file.FileAccess;
import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.file.Leases;
import io.ringspun.internal.file.OpenFile;
import io.ringspun.internal.file.OpenFlags;
import io.ringspun.internal.file.PathOperations;
import io.ringspun.internal.file.Range;
import io.ringspun.internal.file.Transfer;
import io.ringspun.internal.file.Vector;
import io.ringspun.internal.file.XattrMemory;
import io.ringspun.internal.inline.InlineRule;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.LentVector;
import io.ringspun.internal.ring.BlockingTask;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.Progress;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.ReceiveAccess;
import io.ringspun.internal.ring.RegisteredHandle;
import io.ringspun.raw.TableSlot;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * A file read and written at explicit positions through a {@link Ring}.
 *
 * <p>A method that performs I/O blocks until the kernel reports the operation complete. A virtual
 * thread parks meanwhile and gives up its carrier; a platform thread waits. An operation runs on
 * the ring that carries the calling thread, or otherwise on the ring with which the file was
 * opened. Operations on a {@linkplain RingOpenOption#REGISTERED registered} file always run on the
 * latter.
 *
 * <p>Safe for use by multiple concurrent threads. Operations begun by different threads run in no
 * particular order, even on the same bytes; use a {@link io.ringspun.Chain} where order matters.
 *
 * <p>A segment is lent to the kernel until the method returns, normally or not: do not access or
 * free it before then. A segment of a shared arena is copied, because any thread could free it; a
 * heap {@link ByteBuffer} is copied, too. If the arena is closed during a read, the read throws
 * {@link IllegalStateException} and no freed memory is accessed.
 *
 * <p>An interrupt cancels the operation and leaves the file open; see {@link Ring}. Some calls need
 * several operations, for example transfers of large heap buffers. If a later operation fails, the
 * call returns the number of bytes that the earlier ones transferred. After an interrupt the
 * interrupt status is then set; any other failure is reported by the next call. {@code readFully},
 * {@code writeFully} and {@code writeDurably} always throw; after an interrupt or a time limit,
 * {@link InterruptedIOException#bytesTransferred} is the number of bytes transferred. Every
 * blocking method throws
 *
 * <ul>
 *   <li>{@link java.nio.channels.ClosedChannelException} if the file is closed, and {@link
 *       java.nio.channels.AsynchronousCloseException} if it is closed during the call;
 *   <li>{@link java.io.InterruptedIOException} if the thread is interrupted, unless the operation
 *       has already succeeded;
 *   <li>{@link io.ringspun.OperationTimeoutException} if a limit set by {@link #within} is
 *       exceeded;
 *   <li>{@link io.ringspun.RingClosedException} and {@link io.ringspun.RingFailedException} if its
 *       ring is closed or has failed;
 *   <li>{@link OperationException} with the kernel's error number if the operation fails.
 * </ul>
 *
 * @since 0.1
 */
public final class RingFile extends Descriptor implements AutoCloseable {
  static final int DEFAULT_MODE = OpenFile.DEFAULT_MODE;
  private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8; // as the JDK's
  private static final int LEAST_GROWTH = 8192;

  static {
    FileAccess.set(
        new FileAccess() {
          @Override
          public RingFile file(OpenFile open) {
            return new RingFile(open);
          }

          @Override
          public Transfer transfer(RingFile file) {
            return file.transfer;
          }

          @Override
          public OpenFile openFile(RingFile file) {
            return file.open;
          }

          @Override
          public RingInputStream inputStream(Ring ring, Path path, OpenOption... options)
              throws IOException {
            return RingInputStream.openUninterruptible(ring, path, options);
          }

          @Override
          public RingOutputStream outputStream(Ring ring, Path path, OpenOption... options)
              throws IOException {
            return RingOutputStream.openUninterruptible(ring, path, options);
          }
        });
  }

  private final OpenFile open;
  private final Handle handle;
  private final Transfer transfer;

  RingFile(OpenFile open) {
    super(open.handle());
    this.open = open;
    handle = open.handle();
    transfer = new Transfer(handle, open.flags(), open.timeoutNanos());
  }

  /**
   * Opens or creates a file on a ring of the {@linkplain RingGroup#shared() shared group} ({@code
   * IORING_OP_OPENAT}, Linux 5.6).
   *
   * <p>Opening a FIFO only for reading or only for writing blocks until another process or thread
   * has opened the other end, unless {@link RingOpenOption#NONBLOCKING} is given. An interrupt,
   * {@link io.ringspun.raw.Raw#cancelAll()} and closing the ring end the wait; see also {@link
   * io.ringspun.RingOptions#withWorkers}. Opening a terminal may not wait for the carrier signal of
   * its line, because the kernel makes its first attempt with {@code O_NONBLOCK}.
   *
   * @param path a path of the default file system
   * @param options {@link java.nio.file.StandardOpenOption}, {@link
   *     java.nio.file.LinkOption#NOFOLLOW_LINKS}, {@link RingOpenOption} and {@code
   *     com.sun.nio.file.ExtendedOpenOption.DIRECT}; none means {@code READ}
   * @return the file, for the caller to close
   * @throws IllegalArgumentException if options contradict each other, or {@link
   *     RingOpenOption#REGISTERED} is given and the ring has no table of registered files; the
   *     rings of the shared group have none
   * @throws UnsupportedOperationException if an option is unknown
   * @throws java.nio.file.ProviderMismatchException if the path belongs to another file system
   * @throws java.nio.file.NoSuchFileException if the file does not exist
   * @throws java.nio.file.FileAlreadyExistsException if the file exists and {@code CREATE_NEW} is
   *     given
   * @throws java.nio.file.AccessDeniedException if permission is denied
   * @throws java.nio.file.FileSystemException if the kernel refuses for another reason, or the
   *     ring's table of registered files is full
   * @throws IOException if another I/O error occurs, as described in {@link RingFile}
   */
  public static RingFile open(Path path, OpenOption... options) throws IOException {
    return open(RingGroup.shared().nextHome(), path, options);
  }

  /**
   * Opens or creates a file on a ring; see {@link #open(Path, OpenOption...)}.
   *
   * @param ring the ring for operations of threads that no ring carries, and of a registered file
   * @param path a path of the default file system
   * @param options see {@link #open(Path, OpenOption...)}
   * @return the file, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #open(Path, OpenOption...)}
   */
  public static RingFile open(Ring ring, Path path, OpenOption... options) throws IOException {
    return open(ring, path, new HashSet<>(Arrays.asList(options)));
  }

  /**
   * Opens or creates a file on a ring of the {@linkplain RingGroup#shared() shared group}; see
   * {@link #open(Path, OpenOption...)}.
   *
   * @param path a path of the default file system
   * @param options see {@link #open(Path, OpenOption...)}
   * @param attributes POSIX permissions of a new file, to which the process's umask applies
   * @return the file, for the caller to close
   * @throws IllegalArgumentException under the conditions of {@link #open(Path, OpenOption...)}
   * @throws UnsupportedOperationException if an option or attribute is unknown
   * @throws IOException if the operation fails, as described in {@link #open(Path, OpenOption...)}
   */
  public static RingFile open(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return open(RingGroup.shared().nextHome(), path, options, attributes);
  }

  /**
   * Opens or creates a file on a ring; see {@link #open(Path, OpenOption...)}.
   *
   * @param ring the ring for operations of threads that no ring carries, and of a registered file
   * @param path a path of the default file system
   * @param options see {@link #open(Path, OpenOption...)}
   * @param attributes POSIX permissions of a new file, to which the process's umask applies
   * @return the file, for the caller to close
   * @throws IllegalArgumentException under the conditions of {@link #open(Path, OpenOption...)}
   * @throws UnsupportedOperationException if an option or attribute is unknown
   * @throws IOException if the operation fails, as described in {@link #open(Path, OpenOption...)}
   */
  public static RingFile open(
      Ring ring, Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    int mode = OpenFlags.mode(DEFAULT_MODE, attributes);
    PathOperations paths = new PathOperations(null, EngineAccess.of(ring));
    return new RingFile(OpenFile.open(paths, path, OpenFlags.of(options), mode));
  }

  /**
   * Returns an open descriptor as a file ({@code fcntl(2)}, {@code IORING_OP_STATX}, Linux 5.6).
   * Both objects share the descriptor and its access mode, so closing either closes both.
   *
   * @param open a descriptor of anything but a socket or a directory, for example a pipe or a
   *     device
   * @return a view of it
   * @throws IllegalArgumentException if it is {@linkplain RingOpenOption#REGISTERED registered}
   * @throws IOException if it is a socket or a directory, or was opened with {@code O_PATH}; or if
   *     it fails otherwise, as described in {@link RingFile}
   */
  public static RingFile of(Descriptor open) throws IOException {
    RawHandle handle = rawHandle(open);
    FileStat.FileType type = OpenFile.stat(handle, 0).type();
    int status = statusFlags(handle);
    if (type == FileStat.FileType.SOCKET
        || type == FileStat.FileType.DIRECTORY
        || (status & Constants.O_PATH) != 0) {
      throw new IOException(
          (status & Constants.O_PATH) != 0
              ? handle + " can be neither read nor written: it was opened with O_PATH"
              : "%s is not a file but a %s"
                  .formatted(handle, type.name().toLowerCase(Locale.ROOT)));
    }
    boolean canBeDirect =
        type == FileStat.FileType.REGULAR || type == FileStat.FileType.BLOCK_DEVICE;
    OpenFlags flags =
        OpenFlags.ofOpen(status, canBeDirect); // for a pipe the flag means packet mode
    return new RingFile(OpenFile.of(handle, flags));
  }

  /**
   * Takes a file out of a slot. Cancels operations in flight on the slot and closes the slot; the
   * file keeps its place in the ring's table and is {@linkplain RingOpenOption#REGISTERED
   * registered}. If this method fails, the slot is unchanged. Blocks briefly to check that the slot
   * is not empty ({@code IORING_OP_SYNC_FILE_RANGE} of zero bytes, Linux 5.2); the type of the file
   * is not verified.
   *
   * @param slot the slot into which a chain has opened the file
   * @param options the access options of {@link #open(Path, OpenOption...)} with which it was
   *     opened; none means {@code READ}
   * @return the file, for the caller to close
   * @throws IllegalArgumentException if options contradict each other, or {@code DELETE_ON_CLOSE}
   *     is among them
   * @throws UnsupportedOperationException if an option is unknown
   * @throws java.nio.channels.ClosedChannelException if the slot is closed
   * @throws IOException if the slot is empty ({@code EBADF}), or if it fails otherwise, as
   *     described in {@link RingFile}
   */
  public static RingFile take(TableSlot slot, OpenOption... options) throws IOException {
    OpenFlags flags = OpenFlags.ofSlot(Arrays.asList(options));
    RegisteredHandle handle = (RegisteredHandle) Handle.of(slot);
    int result =
        handle.single().openEnded().run((operation, fd) -> operation.syncFileRange(fd, 0, 0, 0));
    if (result == -Errno.EBADF) {
      throw new OperationException("sync_file_range", Errno.EBADF, "there is no file in " + slot);
    }
    return new RingFile(OpenFile.opened(handle.successor(flags.direct()), flags));
  }

  /** Returns the handle of an object with a descriptor. */
  static RawHandle rawHandle(Descriptor open) {
    if (Handle.of(open) instanceof RawHandle raw) {
      return raw;
    }
    throw new IllegalArgumentException(
        "a registered file has no descriptor; installDescriptor() creates one");
  }

  private static int statusFlags(RawHandle handle) throws IOException {
    handle.acquire();
    try {
      return FileErrors.check("fcntl", handle.engine().inline().statusFlags(handle.fd()));
    } finally {
      handle.release();
    }
  }

  /**
   * Returns a view of this file with a time limit on every call. A call that exceeds the limit is
   * cancelled and throws {@link io.ringspun.OperationTimeoutException}. If a call needs several
   * operations, the limit applies to each of them. Both objects share the open file, so closing
   * either closes both.
   *
   * @param limit positive
   * @return a view of this file
   * @throws IllegalArgumentException if not positive
   */
  public RingFile within(Duration limit) {
    return new RingFile(open.within(Arguments.timeoutNanos(limit)));
  }

  /**
   * Returns whether the file is in its ring's table and has no descriptor; see {@link
   * RingOpenOption#REGISTERED}.
   *
   * @return true if the file is registered
   */
  public boolean isRegistered() {
    return handle instanceof RegisteredHandle;
  }

  /**
   * Creates a descriptor for this registered file, close-on-exec, which operations of any ring can
   * use ({@code IORING_OP_FIXED_FD_INSTALL}, Linux 6.8). Both are the same open file: data loss
   * reported by a sync of either applies to both. The new file stays open when this one or the ring
   * is closed.
   *
   * <p>Some operations require a descriptor. The first of them creates one in the same way and
   * keeps it until this file is closed: {@link #stat} and {@link #size}; opening with {@link
   * RingOpenOption#DIRECT}; {@link #truncate} before Linux 6.9; {@link #xattr} and {@link
   * #setXattr} before Linux 6.13; mapping and locking by {@link RingFileChannel}. If the kernel
   * cannot create one, they fail with {@code EINVAL}.
   *
   * @return a file that is not registered, for the caller to close
   * @throws IllegalStateException if this file is not registered
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public RingFile installDescriptor() throws IOException {
    if (!(handle instanceof RegisteredHandle registered)) {
      throw new IllegalStateException("the file is not registered: it already has a descriptor");
    }
    return new RingFile(open.on(registered.installed(open.install())));
  }

  /**
   * Moves this registered file to the table of another ring ({@code IORING_OP_MSG_RING} with {@code
   * IORING_MSG_SEND_FD}, Linux 6.0). Cancels its operations in flight and closes this file, as
   * {@link #close} does. If this method fails, nothing has changed, unless the close fails: then
   * the file is closed on both rings.
   *
   * @param ring the target ring, opened with {@link io.ringspun.RingOptions#withRegisteredFiles}
   * @return the same open file on the target ring, for the caller to close
   * @throws IllegalStateException if this file is not registered
   * @throws IllegalArgumentException if the ring has no table of registered files, or already has
   *     the file
   * @throws java.nio.file.FileSystemException if the table is full
   * @throws IOException if the operation fails, as described in {@link RingFile}, for either ring
   */
  public RingFile moveTo(Ring ring) throws IOException {
    if (!isRegistered()) {
      throw new IllegalStateException("the file is not registered: any ring can use it");
    }
    Engine target = EngineAccess.of(ring);
    if (target.config().registeredFiles() == 0 || target == handle.home()) {
      throw new IllegalArgumentException(
          target == handle.home()
              ? "the file is already registered with this ring"
              : target + " has no table");
    }
    RegisteredHandle moved = open.shareAs("msg_ring", target);
    try {
      close();
    } catch (IOException e) {
      moved.close();
      throw e;
    }
    return new RingFile(open.on(moved));
  }

  /**
   * Registers this open file with a ring ({@code IORING_OP_FILES_UPDATE} with {@code
   * IORING_FILE_INDEX_ALLOC}, Linux 5.19). For a file that is used very often, this saves the
   * kernel the lookup of its descriptor. Both are the same open file, as with {@link
   * #installDescriptor}, and each stays open when the other is closed. Blocks until the kernel has
   * registered the file.
   *
   * @param ring a ring opened with {@link io.ringspun.RingOptions#withRegisteredFiles}
   * @return a registered file of that ring, for the caller to close
   * @throws IllegalStateException if this file is already registered
   * @throws IllegalArgumentException if the ring has no table of registered files
   * @throws java.nio.file.FileSystemException if the table is full
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public RingFile registerWith(Ring ring) throws IOException {
    if (isRegistered()) {
      throw new IllegalStateException("the file is already registered");
    }
    return new RingFile(open.on(open.shareAs("files_update", EngineAccess.of(ring))));
  }

  // ---- reading -------------------------------------------------------------------------------

  /**
   * Returns a stream that receives from a pipe or another pollable file into provided buffers, on
   * the buffers' ring ({@code IORING_OP_READ_MULTISHOT}, Linux 6.7). Does not block. The time limit
   * of this view applies to each chunk. For a regular file or on an older kernel, the stream throws
   * {@link OperationException}.
   *
   * @param buffers the buffers to receive into
   * @return a stream, for the caller to close
   * @throws IllegalArgumentException if the file is registered with another ring
   * @throws java.nio.channels.ClosedChannelException if the file or the buffers are closed
   * @throws java.nio.channels.NonReadableChannelException if the file was not opened for reading
   * @throws IOException if another I/O error occurs
   */
  public ReceiveStream receive(BufferRing buffers) throws IOException {
    requireReadable();
    return (ReceiveStream)
        ReceiveAccess.receive(buffers, Handle.of(this), null, open.timeoutNanos());
  }

  /**
   * Reads bytes into a segment ({@code IORING_OP_READ}, Linux 5.6).
   *
   * @param target the segment to fill; at most 2 GiB less a page are requested
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes read, at least 1 and possibly fewer than requested, or -1 at the
   *     end of the file
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread, the position is negative, position and size overflow, or any of them is
   *     misaligned for direct I/O
   * @throws IllegalStateException if the segment's arena is closed, before the read or during it
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int read(MemorySegment target, long position) throws IOException {
    Lending.requireUsable(target, true);
    checkRead(target, position);
    return endOrCount(transfer.read(target, position));
  }

  /**
   * Reads bytes into the buffer of a lease and requests its whole size; {@link Lease#filled}
   * returns them. If the lease's pool is registered with the ring that runs the operation, the
   * kernel need not pin the memory ({@code IORING_OP_READ_FIXED}, Linux 5.1); otherwise this is
   * {@link #read(MemorySegment, long)}.
   *
   * @param lease the lease to read into
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes read, at least 1 and possibly fewer than requested, or -1 at the
   *     end of the file
   * @throws IllegalArgumentException if the position is negative, position and size overflow, or
   *     either is misaligned for direct I/O
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took the lease
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int read(Lease lease, long position) throws IOException {
    LentBuffer buffer = LentBuffer.of(lease);
    checkRead(buffer.memory(), position);
    buffer.filled(0); // bytes of a failed read must not be exposed
    int n = transfer.read(buffer, position);
    buffer.filled(n);
    return endOrCount(n);
  }

  /**
   * Reads bytes into the buffers of several leases, filling one after the other; {@link
   * Lease#filled} returns the bytes of each. If all leases belong to one pool that is registered
   * with the ring that runs the operation, the kernel need not pin the memory ({@code
   * IORING_OP_READV_FIXED}, Linux 6.15); otherwise this is {@link #read(MemorySegment[], long)}. At
   * most 1,024 leases are used.
   *
   * @param targets the leases to read into
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes read, at least 1 and possibly fewer than requested, or -1 at the
   *     end of the file
   * @throws IllegalArgumentException if the array is empty or has a lease twice, or {@link
   *     #read(Lease, long)} would refuse one of them
   * @throws IllegalStateException if a lease is closed
   * @throws WrongThreadException if another thread took a lease
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public long read(Lease[] targets, long position) throws IOException {
    return endOrCount(Leases.read(open, targets, position));
  }

  /**
   * Reads bytes into a buffer, from its position to its limit, and advances its position by the
   * number of bytes read; see {@link #read(MemorySegment, long)}. Data for a heap buffer is copied.
   *
   * @param target the buffer to fill
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes read, at least 1 and possibly fewer than requested, or -1 at the
   *     end of the file
   * @throws IllegalArgumentException if the buffer is full, read-only, or confined to another
   *     thread, the position is negative, position and length overflow, or memory, position or
   *     length is misaligned for direct I/O
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int read(ByteBuffer target, long position) throws IOException {
    requireWritable(target);
    MemorySegment memory = MemorySegment.ofBuffer(target);
    requireNotEmpty(memory);
    Lending.requireAccessible(memory);
    Arguments.requirePosition(position, memory.byteSize());
    requireReadable();
    open.requireAligned(memory, position);
    int n = transfer.read(memory, position);
    target.position(target.position() + n);
    return endOrCount(n);
  }

  /**
   * Reads bytes into several segments, filling one after the other ({@code IORING_OP_READV}, Linux
   * 5.1). At most 1,024 segments are used.
   *
   * @param targets the segments to fill
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes read, at least 1 and possibly fewer than requested, or -1 at the
   *     end of the file
   * @throws IllegalArgumentException if the array is empty, or {@link #read(MemorySegment, long)}
   *     would refuse one of the segments
   * @throws IllegalStateException if the arena of a segment is closed
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public long read(MemorySegment[] targets, long position) throws IOException {
    requireReadable();
    for (MemorySegment target : targets) {
      Lending.requireUsable(target, true);
      open.requireAligned(target, position);
    }
    return endOrCount(Vector.read(open, targets, position));
  }

  /**
   * Reads bytes into several buffers, filling one after the other, and advances their positions;
   * see {@link #read(MemorySegment[], long)}. Data for heap buffers is copied; full buffers are
   * skipped. At most 1,024 buffers are used.
   *
   * @param targets the buffers to fill
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes read, at least 1 and possibly fewer than requested, or -1 at the
   *     end of the file
   * @throws IllegalArgumentException if all buffers are full, one is read-only or confined to
   *     another thread, the position is negative, or memory, position or length is misaligned for
   *     direct I/O
   * @throws IllegalStateException if the arena of a buffer is closed
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public long read(ByteBuffer[] targets, long position) throws IOException {
    requireReadable();
    for (ByteBuffer target : targets) {
      requireWritable(target);
    }
    long n = Vector.read(open, segments(targets, position), position);
    LentVector.advance(targets, n);
    return endOrCount(n);
  }

  /**
   * Reads until a segment is full; see {@link #read(MemorySegment, long)}.
   *
   * @param target the segment to fill, of any size
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @throws EOFException if the file ends before; the segment then holds the bytes up to the end
   * @throws IllegalArgumentException if {@link #read(MemorySegment, long)} would throw it
   * @throws IllegalStateException if the segment's arena is closed, before the read or during it
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void readFully(MemorySegment target, long position) throws IOException {
    Lending.requireUsable(target, true);
    checkRead(target, position);
    long done = 0;
    try {
      while (done < target.byteSize()) {
        MemorySegment rest = target.asSlice(done);
        int n = readRest(rest, position + done);
        if (n == 0) {
          throw new EOFException(
              "the file ends at byte %d, %d bytes short"
                  .formatted(position + done, rest.byteSize()));
        }
        done += n;
      }
    } catch (InterruptedIOException e) {
      throw Progress.after(done, e);
    }
  }

  /** Continues after a short transfer, which direct I/O may have ended at an unaligned position. */
  private int readRest(MemorySegment rest, long position) throws IOException {
    if (open.isMisaligned(rest, position)) {
      return 0; // a direct read ends unaligned only at the end of the file
    }
    return transfer.read(rest, position);
  }

  /**
   * Reads until a buffer has no bytes remaining, and advances its position; see {@link
   * #read(ByteBuffer, long)}.
   *
   * @param target the buffer to fill
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @throws EOFException if the file ends before; the buffer then holds the bytes up to the end
   * @throws IllegalArgumentException if {@link #read(ByteBuffer, long)} would throw it
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void readFully(ByteBuffer target, long position) throws IOException {
    long at = position;
    try {
      do {
        // A direct read ends unaligned only at the end of the file.
        boolean ended = at > position && open.isMisaligned(MemorySegment.ofBuffer(target), at);
        int n = ended ? -1 : read(target, at);
        if (n < 0) {
          throw new EOFException(
              "the file ends at byte %d, %d bytes short".formatted(at, target.remaining()));
        }
        at += n;
      } while (target.hasRemaining());
    } catch (InterruptedIOException e) {
      throw Progress.after(at - position, e);
    }
  }

  /**
   * Reads bytes into an array through a copy; see {@link #read(ByteBuffer, long)}.
   *
   * @param target the array to fill
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes read, at least 1 and possibly fewer than requested, or -1 at the
   *     end of the file
   * @throws IllegalArgumentException if the array is empty, the position is negative, position and
   *     length overflow, or the file was opened with {@link RingOpenOption#DIRECT}, because arrays
   *     are not aligned
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int read(byte[] target, long position) throws IOException {
    return read(ByteBuffer.wrap(target), position);
  }

  /**
   * Reads until an array is full; see {@link #read(byte[], long)}.
   *
   * @param target the array to fill
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @throws IllegalArgumentException if {@link #read(byte[], long)} would throw it
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws EOFException if the file ends before; the array then holds the bytes up to the end
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void readFully(byte[] target, long position) throws IOException {
    readFully(ByteBuffer.wrap(target), position);
  }

  /**
   * Reads the whole file. If the file is written meanwhile, the result may contain old and new
   * bytes.
   *
   * @return the bytes of the file
   * @throws IllegalArgumentException if the file was opened with {@link RingOpenOption#DIRECT},
   *     because arrays are not aligned
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws OutOfMemoryError if the file does not fit into an array
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public byte[] readAllBytes() throws IOException {
    requireReadable();
    if (directAlignment() > 1) {
      throw new IllegalArgumentException(
          "the file was opened with DIRECT: read it into a segment of allocateBuffer");
    }
    long size = size();
    if (size > LARGEST_ARRAY) {
      throw new OutOfMemoryError("a file of %d bytes does not fit into an array".formatted(size));
    }
    byte[] bytes = new byte[(int) size + 1]; // one more tells the end
    int done = 0;
    while (true) {
      int n = read(ByteBuffer.wrap(bytes, done, bytes.length - done), done);
      if (n < 0) {
        return Arrays.copyOf(bytes, done);
      }
      done += n;
      if (done == bytes.length) { // the kernel does not know the size, or the file grows
        if (done == LARGEST_ARRAY) {
          throw new OutOfMemoryError("the file does not fit into an array");
        }
        bytes = Arrays.copyOf(bytes, (int) Math.min(2L * done + LEAST_GROWTH, LARGEST_ARRAY));
      }
    }
  }

  /**
   * Reads the whole file as text in UTF-8; see {@link #readAllBytes}.
   *
   * @return the text
   * @throws java.nio.charset.CharacterCodingException if the bytes are not valid UTF-8
   * @throws IllegalArgumentException if {@link #readAllBytes} would throw it
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws OutOfMemoryError if the file does not fit into an array
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public String readString() throws IOException {
    return readString(StandardCharsets.UTF_8);
  }

  /**
   * Reads the whole file as text; see {@link #readAllBytes}.
   *
   * @param charset the encoding of the text
   * @return the text
   * @throws java.nio.charset.CharacterCodingException if the bytes are not valid in that encoding
   * @throws IllegalArgumentException if {@link #readAllBytes} would throw it
   * @throws NonReadableChannelException if the file is not open for reading
   * @throws OutOfMemoryError if the file does not fit into an array
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public String readString(Charset charset) throws IOException {
    CharsetDecoder decoder = charset.newDecoder(); // it reports what it cannot decode
    return decoder.decode(ByteBuffer.wrap(readAllBytes())).toString();
  }

  /** Reads into an array as a stream does, whose file is not direct; returns 0 at the end. */
  int read(byte[] target, int offset, int length, long position) throws IOException {
    Arguments.requirePosition(position, length);
    requireReadable();
    return transfer.read(target, offset, length, position);
  }

  private void checkRead(MemorySegment target, long position) {
    Arguments.requirePosition(position, target.byteSize());
    requireReadable();
    open.requireAligned(target, position);
  }

  // ---- writing -------------------------------------------------------------------------------

  /**
   * Writes a segment's bytes ({@code IORING_OP_WRITE}, Linux 5.6).
   *
   * @param source the bytes to write, at most 2 GiB less a page
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes written, possibly fewer than requested
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread, the position is negative, position and size overflow, or any of them is misaligned
   *     for direct I/O
   * @throws IllegalStateException if the segment's arena is closed, or the file was opened with
   *     {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int write(MemorySegment source, long position) throws IOException {
    Lending.requireUsable(source, false);
    checkWrite(source, position);
    return transfer.write(source, position);
  }

  /**
   * Writes the first bytes of the buffer of a lease. Bytes that were neither read into the lease
   * nor stored in its {@link Lease#segment} are written as zeros. If the lease's pool is registered
   * with the ring that runs the operation, the kernel need not pin the memory ({@code
   * IORING_OP_WRITE_FIXED}, Linux 5.1); otherwise this is {@link #write(MemorySegment, long)}.
   *
   * @param lease the lease to write from
   * @param length the number of bytes, from 1 to the size of the buffer
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes written, possibly fewer than requested
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalArgumentException if the position is negative, position and length overflow, or
   *     either is misaligned for direct I/O
   * @throws IllegalStateException if the lease is closed, or the file was opened with {@code
   *     APPEND}
   * @throws WrongThreadException if another thread took the lease
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int write(Lease lease, int length, long position) throws IOException {
    LentBuffer buffer = LentBuffer.of(lease);
    checkWrite(buffer.first(length), position);
    buffer.own(length);
    return transfer.write(buffer, length, position);
  }

  /**
   * Writes the first bytes of the concatenated buffers of several leases; see {@link #write(Lease,
   * int, long)}. If all leases belong to one pool that is registered with the ring that runs the
   * operation, the kernel need not pin the memory ({@code IORING_OP_WRITEV_FIXED}, Linux 6.15);
   * otherwise this is {@link #write(MemorySegment[], long)}. At most 1,024 leases are used.
   *
   * @param sources the leases to write from
   * @param length the number of bytes, from 1 to the sum of the sizes
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes written, possibly fewer than requested
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffers
   * @throws IllegalArgumentException if the array has a lease twice, or {@link #write(Lease, int,
   *     long)} would refuse one of them
   * @throws IllegalStateException if a lease is closed, or the file was opened with {@code APPEND}
   * @throws WrongThreadException if another thread took a lease
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public long write(Lease[] sources, long length, long position) throws IOException {
    return Leases.write(open, sources, length, position);
  }

  /**
   * Writes a buffer's bytes, from its position to its limit, and advances its position by the
   * number of bytes written; see {@link #write(MemorySegment, long)}. A heap buffer is copied.
   *
   * @param source the buffer to write
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes written, possibly fewer than requested
   * @throws IllegalArgumentException if the buffer is empty or confined to another thread, the
   *     position is negative, position and length overflow, or memory, position or length is
   *     misaligned for direct I/O
   * @throws IllegalStateException if the buffer's arena is closed, or the file was opened with
   *     {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int write(ByteBuffer source, long position) throws IOException {
    Arguments.requirePosition(position, source.remaining());
    open.requireNoAppend();
    return writeBuffer(source, position);
  }

  private int writeBuffer(ByteBuffer source, long position) throws IOException {
    MemorySegment memory = MemorySegment.ofBuffer(source);
    requireNotEmpty(memory);
    Lending.requireAccessible(memory);
    requireWritable();
    open.requireAligned(memory, position);
    int n = transfer.write(memory, position);
    source.position(source.position() + n);
    return n;
  }

  /**
   * Writes the bytes of several segments, one after the other ({@code IORING_OP_WRITEV}, Linux
   * 5.1). At most 1,024 segments are used.
   *
   * @param sources the segments to write
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes written, possibly fewer than requested
   * @throws IllegalArgumentException if the array is empty, or {@link #write(MemorySegment, long)}
   *     would refuse one of the segments
   * @throws IllegalStateException if the arena of a segment is closed, or the file was opened with
   *     {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public long write(MemorySegment[] sources, long position) throws IOException {
    requireWritable();
    open.requireNoAppend();
    for (MemorySegment source : sources) {
      Lending.requireUsable(source, false);
      open.requireAligned(source, position);
    }
    return Vector.write(open, sources, position);
  }

  /**
   * Writes the bytes of several buffers, one after the other, and advances their positions; see
   * {@link #write(MemorySegment[], long)}. Heap buffers are copied; empty buffers are skipped. At
   * most 1,024 buffers are used.
   *
   * @param sources the buffers to write
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes written, possibly fewer than requested
   * @throws IllegalArgumentException if all buffers are empty, one is confined to another thread,
   *     the position is negative, or memory, position or length is misaligned for direct I/O
   * @throws IllegalStateException if the arena of a buffer is closed, or the file was opened with
   *     {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public long write(ByteBuffer[] sources, long position) throws IOException {
    requireWritable();
    open.requireNoAppend();
    long n = Vector.write(open, segments(sources, position), position);
    LentVector.advance(sources, n);
    return n;
  }

  /**
   * Writes until all of a segment's bytes are written; see {@link #write(MemorySegment, long)}.
   *
   * @param source the bytes to write, any number
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @throws IllegalArgumentException if {@link #write(MemorySegment, long)} would throw it
   * @throws IllegalStateException if the segment's arena is closed, or the file was opened with
   *     {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if a write transfers no bytes, or if it fails otherwise, as described in
   *     {@link RingFile}
   */
  public void writeFully(MemorySegment source, long position) throws IOException {
    Lending.requireUsable(source, false);
    checkWrite(source, position);
    long done = 0;
    try {
      while (done < source.byteSize()) {
        MemorySegment rest = source.asSlice(done);
        open.requireAligned(rest, position + done);
        done += OpenFile.requireProgress(transfer.write(rest, position + done));
      }
    } catch (InterruptedIOException e) {
      throw Progress.after(done, e);
    }
  }

  /**
   * Writes until a buffer has no bytes remaining, and advances its position; see {@link
   * #write(ByteBuffer, long)}.
   *
   * @param source the buffer to write
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @throws IllegalArgumentException if {@link #write(ByteBuffer, long)} would throw it
   * @throws IllegalStateException if the buffer's arena is closed, or the file was opened with
   *     {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if a write transfers no bytes, or if it fails otherwise, as described in
   *     {@link RingFile}
   */
  public void writeFully(ByteBuffer source, long position) throws IOException {
    long at = position;
    try {
      do {
        at += OpenFile.requireProgress(write(source, at));
      } while (source.hasRemaining());
    } catch (InterruptedIOException e) {
      throw Progress.after(at - position, e);
    }
  }

  /**
   * Writes the bytes of an array through a copy; see {@link #write(ByteBuffer, long)}.
   *
   * @param source the array to write
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes written, possibly fewer than requested
   * @throws IllegalArgumentException if {@link #write(ByteBuffer, long)} would throw it
   * @throws IllegalStateException if the file was opened with {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int write(byte[] source, long position) throws IOException {
    return write(ByteBuffer.wrap(source), position);
  }

  /**
   * Writes until all bytes of an array are written; see {@link #write(byte[], long)}.
   *
   * @param source the array to write
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @throws IllegalArgumentException if {@link #write(ByteBuffer, long)} would throw it
   * @throws IllegalStateException if the file was opened with {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if a write transfers no bytes, or if it fails otherwise, as described in
   *     {@link RingFile}
   */
  public void writeFully(byte[] source, long position) throws IOException {
    writeFully(ByteBuffer.wrap(source), position);
  }

  /**
   * Encodes a text in UTF-8 and writes until all of it is written. Writes nothing if the text is
   * empty.
   *
   * @param text the text to write
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes written
   * @throws java.nio.charset.CharacterCodingException if the text contains an unpaired surrogate
   * @throws IllegalArgumentException if {@link #write(ByteBuffer, long)} would throw it
   * @throws IllegalStateException if the file was opened with {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if a write transfers no bytes, or if it fails otherwise, as described in
   *     {@link RingFile}
   */
  public int writeString(CharSequence text, long position) throws IOException {
    return writeString(text, StandardCharsets.UTF_8, position);
  }

  /**
   * Encodes a text and writes until all of it is written. Writes nothing if the text is empty.
   *
   * @param text the text to write
   * @param charset the encoding
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @return the number of bytes written
   * @throws java.nio.charset.CharacterCodingException if the encoding cannot represent a character
   *     of the text
   * @throws IllegalArgumentException if {@link #write(ByteBuffer, long)} would throw it
   * @throws IllegalStateException if the file was opened with {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if a write transfers no bytes, or if it fails otherwise, as described in
   *     {@link RingFile}
   */
  public int writeString(CharSequence text, Charset charset, long position) throws IOException {
    CharsetEncoder encoder = charset.newEncoder(); // it reports what it cannot encode
    ByteBuffer bytes = encoder.encode(CharBuffer.wrap(text));
    int count = bytes.remaining();
    if (count > 0) {
      writeFully(bytes, position);
    }
    return count;
  }

  /**
   * Writes a segment's bytes to the end of a file that was opened with {@link
   * java.nio.file.StandardOpenOption#APPEND} ({@code IORING_OP_WRITE}, Linux 5.6). Concurrent
   * appends do not overlap.
   *
   * @param source the bytes to write, at most 2 GiB less a page
   * @return the number of bytes written, possibly fewer than requested
   * @throws IllegalArgumentException if the segment is empty, on the heap, confined to another
   *     thread, or misaligned for direct I/O
   * @throws IllegalStateException if the segment's arena is closed, or the file was not opened with
   *     {@code APPEND}
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int append(MemorySegment source) throws IOException {
    Lending.requireUsable(source, false);
    open.requireAppend();
    open.requireAligned(source, 0);
    return transfer.write(source, 0);
  }

  /**
   * Writes a buffer's bytes to the end of a file that was opened with {@link
   * java.nio.file.StandardOpenOption#APPEND}, and advances its position; see {@link
   * #append(MemorySegment)}. A heap buffer is copied.
   *
   * @param source the buffer to write
   * @return the number of bytes written, possibly fewer than requested
   * @throws IllegalArgumentException if the buffer is empty, confined to another thread, or
   *     misaligned for direct I/O
   * @throws IllegalStateException if the buffer's arena is closed, or the file was not opened with
   *     {@code APPEND}
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public int append(ByteBuffer source) throws IOException {
    open.requireAppend();
    return writeBuffer(source, 0);
  }

  /**
   * Writes the bytes of several buffers, one after the other, to the end of a file that was opened
   * with {@link java.nio.file.StandardOpenOption#APPEND}, and advances their positions ({@code
   * IORING_OP_WRITEV}, Linux 5.1). Heap buffers are copied; empty buffers are skipped. At most
   * 1,024 buffers are used.
   *
   * @param sources the buffers to write
   * @return the number of bytes written, possibly fewer than requested
   * @throws IllegalArgumentException if all buffers are empty, or one is confined to another thread
   *     or misaligned for direct I/O
   * @throws IllegalStateException if the arena of a buffer is closed, or the file was not opened
   *     with {@code APPEND}
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public long append(ByteBuffer[] sources) throws IOException {
    open.requireAppend();
    long n = Vector.write(open, segments(sources, 0), 0);
    LentVector.advance(sources, n);
    return n;
  }

  // ---- durable writes ------------------------------------------------------------------------

  /**
   * Writes all of a segment's bytes, and returns once they are durable: the device then has them
   * and the metadata needed to read them back, as after {@link #fdatasync} ({@code IORING_OP_WRITE}
   * with {@code RWF_DSYNC}, Linux 5.6). Bytes that other calls wrote are not covered.
   *
   * <p>This is one operation instead of a write and a sync. It is quickest for a file that was
   * opened with {@link RingOpenOption#DIRECT} and whose blocks exist already: then the kernel
   * starts it without a worker thread. {@link #allocate} only reserves blocks; overwrite them once.
   *
   * <p>Each call syncs its own bytes. Where many threads write to one file in the page cache,
   * chains of a write and an {@link #fdatasync} share the syncs and are faster.
   *
   * @param source the bytes to write, any number
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @throws IllegalArgumentException if {@link #write(MemorySegment, long)} would throw it
   * @throws IllegalStateException if the segment's arena is closed, or the file was opened with
   *     {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}; some of the bytes
   *     may have been written. After a failure that may have lost data, it fails as {@link #fsync}
   *     does
   */
  public void writeDurably(MemorySegment source, long position) throws IOException {
    Lending.requireUsable(source, false);
    checkWrite(source, position);
    requireNoDataLost("write");
    transfer.writeDurably(source, position);
  }

  /**
   * Writes a buffer's bytes, from its position to its limit, returns once they are durable, and
   * advances its position; see {@link #writeDurably(MemorySegment, long)}. A heap buffer is copied.
   *
   * @param source the buffer to write
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @throws IllegalArgumentException if {@link #write(ByteBuffer, long)} would throw it
   * @throws IllegalStateException if the buffer's arena is closed, or the file was opened with
   *     {@code APPEND}
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link #writeDurably(MemorySegment,
   *     long)}; the buffer's position is then unchanged
   */
  public void writeDurably(ByteBuffer source, long position) throws IOException {
    MemorySegment memory = MemorySegment.ofBuffer(source);
    requireNotEmpty(memory);
    Lending.requireAccessible(memory);
    checkWrite(memory, position);
    requireNoDataLost("write");
    transfer.writeDurably(memory, position);
    source.position(source.limit());
  }

  /**
   * Writes the first bytes of the buffer of a lease and returns once they are durable; see {@link
   * #writeDurably(MemorySegment, long)}. If the lease's pool is registered with the ring that runs
   * the operation, the kernel need not pin the memory; see {@link #write(Lease, int, long)}.
   *
   * @param lease the lease to write from
   * @param length the number of bytes, from 1 to the size of the buffer
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalArgumentException if {@link #write(Lease, int, long)} would throw it
   * @throws IllegalStateException if the lease is closed, or the file was opened with {@code
   *     APPEND}
   * @throws WrongThreadException if another thread took the lease
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link #writeDurably(MemorySegment,
   *     long)}
   */
  public void writeDurably(Lease lease, int length, long position) throws IOException {
    LentBuffer buffer = LentBuffer.of(lease);
    checkWrite(buffer.first(length), position);
    buffer.own(length);
    requireNoDataLost("write");
    transfer.writeDurably(buffer, length, position);
  }

  private void checkWrite(MemorySegment source, long position) {
    Arguments.requirePosition(position, source.byteSize());
    requireWritable();
    open.requireNoAppend();
    open.requireAligned(source, position);
  }

  // ---- the file as a whole -------------------------------------------------------------------

  /**
   * Flushes data and metadata to the device ({@code IORING_OP_FSYNC}, Linux 5.1). It covers all
   * writes that returned before this call.
   *
   * <p>After a failure that may have lost data, every later sync of this open file fails, including
   * {@link #fdatasync} and {@link #syncFileRange}, because the kernel would report success for data
   * that it has dropped. Such a failure is a failed sync, or a failed write if every write syncs
   * ({@link java.nio.file.StandardOpenOption#SYNC}, {@link java.nio.file.StandardOpenOption#DSYNC},
   * {@code RWF_DSYNC}), unless the error means that the operation was refused. A syncing write that
   * runs out of space counts as data loss, because the kernel reports the same error for both.
   *
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void fsync() throws IOException {
    sync("fsync", 0);
  }

  /**
   * Flushes data, and the metadata needed to read it again ({@code IORING_OP_FSYNC} with {@code
   * IORING_FSYNC_DATASYNC}, Linux 5.1); see {@link #fsync}.
   *
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void fdatasync() throws IOException {
    sync("fdatasync", Constants.IORING_FSYNC_DATASYNC);
  }

  private void sync(String name, int syncFlags) throws IOException {
    sync(name, (operation, fd) -> operation.fsync(fd, syncFlags));
  }

  private void sync(String name, Operation.Encoder encoder) throws IOException {
    requireNoDataLost(name);
    FileErrors.check(name, handle.syncResult(open.single().run(encoder)));
  }

  /**
   * Starts or awaits write-back of a range of the file ({@code IORING_OP_SYNC_FILE_RANGE}, Linux
   * 5.2). It flushes neither metadata nor the device's cache, so it makes nothing durable. After
   * data loss it fails as {@link #fsync} does.
   *
   * @param position the start of the range in bytes
   * @param length the length of the range in bytes; 0 means to the end of the file
   * @param steps the steps; without any this does nothing, but fails after data loss
   * @throws IllegalArgumentException if position or length is negative, or they overflow
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void syncFileRange(long position, long length, SyncRange... steps) throws IOException {
    Arguments.requirePosition(position, requireLength(length));
    int bits = 0;
    for (SyncRange step : steps) {
      bits |= step.bit();
    }
    int chosen = bits;
    Range.inSteps(
        position,
        length,
        (from, count) ->
            sync("sync_file_range", (op, fd) -> op.syncFileRange(fd, from, count, chosen)));
  }

  /**
   * Allocates or deallocates space for a range of the file ({@code IORING_OP_FALLOCATE}, Linux
   * 5.6). On a local file system it calls fallocate(2) on the calling thread while such calls are
   * quick; see {@link io.ringspun.RingOptions#withInlineAttempts}.
   *
   * @param position the start of the range in bytes
   * @param length the length of the range in bytes, at least 1
   * @param modes the modes; none means to allocate and to let the file grow
   * @throws IllegalArgumentException if the position is negative, the length less than 1, or they
   *     overflow
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void allocate(long position, long length, AllocateMode... modes) throws IOException {
    requirePart(position, length);
    requireWritable();
    int bits = AllocateMode.bits(modes);
    int result = open.runInline(InlineRule.RESIZE, SystemCall.FALLOCATE, bits, position, length, 0);
    if (result == -Errno.EAGAIN) {
      result = open.single().run((op, fd) -> op.fallocate(fd, bits, position, length));
    }
    FileErrors.check("fallocate", result);
  }

  /**
   * Sets the file's size by truncating or extending it ({@code IORING_OP_FTRUNCATE}, Linux 6.9;
   * ftruncate(2) before). On a local file system it calls ftruncate(2) on the calling thread while
   * such calls are quick; see {@link io.ringspun.RingOptions#withInlineAttempts}.
   *
   * @param size the new size in bytes
   * @throws IllegalArgumentException if the size is negative
   * @throws NonWritableChannelException if the file is not open for writing
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void truncate(long size) throws IOException {
    requireLength(size);
    requireWritable();
    int result = open.runInline(InlineRule.RESIZE, SystemCall.FTRUNCATE, size, 0, 0, 0);
    if (result == -Errno.EAGAIN) {
      result = open.single().run((operation, fd) -> operation.ftruncate(fd, size));
    }
    if (result == -Errno.EINVAL) {
      // A kernel without the operation reports this error.
      RawHandle raw = open.descriptor();
      result = BlockingTask.run(() -> raw.engine().inline().truncateWaiting(raw, size));
    }
    FileErrors.check("ftruncate", result);
  }

  /**
   * Announces an access pattern for a range of the file ({@code IORING_OP_FADVISE}, Linux 5.6).
   *
   * @param position the start of the range in bytes
   * @param length the length of the range in bytes; 0 means to the end of the file
   * @param pattern the expected access pattern
   * @throws IllegalArgumentException if position or length is negative, or they overflow
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void advise(long position, long length, AccessPattern pattern) throws IOException {
    Arguments.requirePosition(position, requireLength(length));
    Range.inSteps(
        position,
        length,
        (from, count) ->
            open.run("fadvise", (op, fd) -> op.fadvise(fd, from, count, pattern.number())));
  }

  /**
   * Returns the attributes of the file ({@code IORING_OP_STATX}, Linux 5.6). On a local file system
   * it first tries a system call on the calling thread, which does not have to wait for a server;
   * see {@link io.ringspun.RingOptions#withInlineAttempts}.
   *
   * @return a snapshot
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public FileStat stat() throws IOException {
    return open.stat();
  }

  /**
   * Returns an extended attribute ({@code IORING_OP_FGETXATTR}, Linux 5.19; before Linux 6.13 a
   * registered file needs a descriptor, see {@link #installDescriptor}). On a local file system it
   * calls fgetxattr(2) on the calling thread while such calls are quick; see {@link
   * io.ringspun.RingOptions#withInlineAttempts}.
   *
   * @param name the attribute's name with its namespace, for example {@code user.origin}
   * @return the value, or empty if the file has no such attribute
   * @throws IllegalArgumentException if the name is empty or contains a NUL character
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public Optional<byte[]> xattr(String name) throws IOException {
    try (XattrMemory memory = XattrMemory.toGet(name)) {
      int n =
          runXattr(
              SystemCall.FGETXATTR,
              (op, fd) -> op.fgetxattr(fd, memory.name(), memory.value(), memory.length()),
              memory);
      return n == -Errno.ENODATA
          ? Optional.empty()
          : Optional.of(memory.bytes(FileErrors.check("fgetxattr", n)));
    }
  }

  /**
   * Creates or replaces an extended attribute ({@code IORING_OP_FSETXATTR}, Linux 5.19). On a local
   * file system it calls fsetxattr(2) on the calling thread while such calls are quick; see {@link
   * io.ringspun.RingOptions#withInlineAttempts}.
   *
   * @param name the attribute's name with its namespace, for example {@code user.origin}
   * @param value the value, at most 64 KiB, on many file systems less; the array is copied
   * @throws IllegalArgumentException if the name is empty or contains a NUL character
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public void setXattr(String name, byte[] value) throws IOException {
    try (XattrMemory memory = XattrMemory.toSet(name, value)) {
      int result =
          runXattr(
              SystemCall.FSETXATTR,
              (op, fd) -> op.fsetxattr(fd, memory.name(), memory.value(), memory.length(), 0),
              memory);
      FileErrors.check("fsetxattr", result);
    }
  }

  /**
   * Runs an operation on extended attributes. Before Linux 6.13 the kernel accepts only a
   * descriptor, and refuses a slot with EBADF.
   */
  private int runXattr(SystemCall call, Operation.Encoder encoder, XattrMemory memory)
      throws IOException {
    boolean reads = call == SystemCall.FGETXATTR;
    int length = reads ? XattrMemory.USUAL_BYTES : memory.length();
    int result = runXattr(call, memory, length);
    if (reads && result == -Errno.ERANGE) {
      result = runXattr(call, memory, memory.length());
    }
    if (result != -Errno.EAGAIN) {
      return result;
    }
    result = open.single().lending(memory).run(encoder);
    if (result != -Errno.EBADF || !isRegistered()) {
      return result;
    }
    return open.on(open.descriptor()).single().lending(memory).run(encoder);
  }

  private int runXattr(SystemCall call, XattrMemory memory, int length) throws IOException {
    return open.runInline(InlineRule.XATTR, call, memory.name(), memory.value(), length, 0);
  }

  /**
   * Returns the file's size ({@code IORING_OP_STATX}, Linux 5.6). On a local file system it first
   * tries a system call on the calling thread; see {@link #stat}.
   *
   * @return the size in bytes
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  public long size() throws IOException {
    return open.size();
  }

  /**
   * Returns the alignment that transfers require of position, length and memory address.
   *
   * @return the alignment in bytes; 1 unless the file was opened with {@link RingOpenOption#DIRECT}
   */
  public int directAlignment() {
    return open.alignment();
  }

  /**
   * Allocates memory for transfers of this file, aligned for direct I/O if needed.
   *
   * @param arena the arena that allocates and frees the memory
   * @param byteSize the size in bytes
   * @return a native segment
   * @throws IllegalArgumentException if the size is negative, or not a multiple of {@link
   *     #directAlignment}
   */
  public MemorySegment allocateBuffer(Arena arena, long byteSize) {
    if (byteSize % directAlignment() != 0) {
      throw new IllegalArgumentException(
          "direct I/O requires a multiple of %2$d bytes: %1$d"
              .formatted(byteSize, directAlignment()));
    }
    return arena.allocate(byteSize, directAlignment());
  }

  /**
   * Closes the file ({@code IORING_OP_CLOSE}, Linux 5.6): refuses new operations, cancels waiting
   * ones, and blocks until the kernel has released their memory. Cancelled calls throw {@link
   * java.nio.channels.AsynchronousCloseException}. Operations that the hardware has started are
   * awaited. The file is closed even if the thread is interrupted. Closing again has no effect.
   *
   * <p>Closing a {@linkplain RingOpenOption#REGISTERED registered} file frees its slot. Such a file
   * is already closed if its ring is closed or has failed.
   *
   * @throws IOException if the kernel reports that earlier writes failed, which it does only for a
   *     file with a descriptor; the file is closed nevertheless
   */
  @Override
  public void close() throws IOException {
    handle.close();
  }

  @Override
  public String toString() {
    return "RingFile[%s]".formatted(handle);
  }

  // ---- shared --------------------------------------------------------------------------------

  private static int endOrCount(int count) {
    return count == 0 ? -1 : count;
  }

  private static long endOrCount(long count) {
    return count == 0 ? -1 : count;
  }

  OpenFile openFile() {
    return open;
  }

  void requireReadable() {
    open.requireReadable();
  }

  void requireWritable() {
    open.requireWritable();
  }

  private static void requireWritable(ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("Read-only buffer");
    }
  }

  private static void requireNotEmpty(MemorySegment memory) {
    if (memory.byteSize() == 0) {
      throw new IllegalArgumentException("the buffer has no bytes remaining");
    }
  }

  static long requireLength(long length) {
    if (length < 0) {
      throw new IllegalArgumentException("must not be negative: " + length);
    }
    return length;
  }

  static void requirePart(long position, long length) {
    if (length < 1) {
      throw new IllegalArgumentException("the length must be at least 1: " + length);
    }
    Arguments.requirePosition(position, length);
  }

  /** Returns the checked segments of some buffers. */
  private MemorySegment[] segments(ByteBuffer[] buffers, long position) {
    MemorySegment[] segments = LentVector.segments(buffers);
    for (MemorySegment segment : segments) {
      Lending.requireAccessible(segment);
      open.requireAligned(segment, position);
    }
    return segments;
  }

  /**
   * Checks that the file is open for a transfer and that the transfer is aligned for direct I/O.
   *
   * @throws IllegalArgumentException if memory, position or length is misaligned for direct I/O
   * @throws IllegalStateException if this is a write, and the file was opened with {@code APPEND}
   * @throws NonReadableChannelException if this is a read, and the file is not open for reading
   * @throws NonWritableChannelException if this is a write, and the file is not open for writing
   */
  @Override
  protected void checkTransfer(MemorySegment memory, long position, boolean write) {
    open.checkTransfer(memory, position, write);
  }
}
