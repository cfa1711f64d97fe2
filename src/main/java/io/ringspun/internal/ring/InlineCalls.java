package io.ringspun.internal.ring;

import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.internal.inline.InlineRule;
import io.ringspun.internal.inline.Locality;
import io.ringspun.internal.inline.Mounts;
import io.ringspun.internal.inline.Pace;
import io.ringspun.internal.inline.Place;
import io.ringspun.internal.kernel.CallMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.FileStatus;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.Statx;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.CarrierThread;
import io.ringspun.internal.memory.Lending;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Plain system calls on the calling thread, as {@link InlineRule} allows them. Where one cannot be
 * made, or did not do its work, the answer is {@code -EAGAIN}, and the operation goes through the
 * ring.
 *
 * <p>The descriptor must not be closed meanwhile. A count of users would cost a cache line that all
 * processors fight for. So a thread writes down in its carrier's {@link InlineMemory} which handle
 * it is using, and then looks whether that is closed; who closes does it the other way round
 * ({@link #awaitUnused}). Both are volatile, so one of them sees the other. A handle knows whether
 * only one memory was ever used for it ({@link CountedDescriptor#noteOnTheSpot}), as is common:
 * then whoever closes it does not look at the others.
 */
public final class InlineCalls {
  private static final int SEND_FLAGS = Constants.MSG_DONTWAIT | Constants.MSG_NOSIGNAL;

  private final Kernel kernel;
  private final Thread thread; // the ring's own
  private final InlineMemory threadMemory = InlineMemory.create(); // for the ring's own thread
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder slow = new LongAdder();

  InlineCalls(Kernel kernel, Thread thread) {
    this.kernel = kernel;
    this.thread = thread;
  }

  // ---- open files and sockets ----------------------------------------------------------------

  /** A system call on something open. */
  private enum OpenCall {
    READ,
    WRITE,
    WRITE_NOWAIT,
    RECV,
    SEND,
    SEND_MORE,
    ACCEPT,
    LIST,
    SIZE;

    // Not a method of each, and addresses instead of segments: what is called through a table of
    // methods, the compiler does not inline, and all objects that are passed it makes on the heap.
    long run(
        Kernel kernel,
        int fd,
        InlineMemory memory,
        long address,
        long byteSize,
        long position,
        MemorySegment held) {
      CallMemory call = memory.call();
      return switch (this) {
        case READ ->
            kernel.preadv2(fd, call, address, byteSize, position, Constants.RWF_NOWAIT, held);
        case WRITE -> kernel.pwrite(fd, call, address, byteSize, position, held);
        case WRITE_NOWAIT ->
            kernel.pwritev2(fd, call, address, byteSize, position, Constants.RWF_NOWAIT, held);
        case RECV -> kernel.recv(fd, call, address, byteSize, Constants.MSG_DONTWAIT, held);
        case SEND -> kernel.send(fd, call, address, byteSize, SEND_FLAGS, held);
        case SEND_MORE ->
            kernel.send(fd, call, address, byteSize, SEND_FLAGS | Constants.MSG_MORE, held);
        case ACCEPT ->
            kernel.call(
                call, SystemCall.ACCEPT4, fd, address, byteSize, Constants.SOCK_CLOEXEC, 0, 0);
        case LIST -> kernel.call(call, SystemCall.GETDENTS64, fd, address, byteSize, 0, 0, 0);
        case SIZE -> size(kernel, fd, memory);
      };
    }

    private static long size(Kernel kernel, int fd, InlineMemory memory) {
      long struct = memory.statx().address();
      long result = kernel.call(memory.call(), SystemCall.FSTAT, fd, struct, 0, 0, 0, 0);
      return result < 0 ? result : FileStatus.size(memory.statx());
    }
  }

  /**
   * Tries to read.
   *
   * @return the bytes read, 0 at the end of the file, or a negated errno
   * @throws ClosedChannelException if the handle is closed
   * @throws IllegalStateException if the segment's arena is closed
   */
  public long read(CountedDescriptor handle, MemorySegment target, long position)
      throws ClosedChannelException {
    return transfer(OpenCall.READ, handle, target, position, null);
  }

  /** Tries to read into memory that is lendable and not freed meanwhile; see {@link #read}. */
  public long read(CountedDescriptor handle, long address, int length, long position)
      throws ClosedChannelException {
    return run(OpenCall.READ, handle, address, length, MemorySegment.NULL, position, null);
  }

  /** Tries to read into an array; see {@link #read(CountedDescriptor, MemorySegment, long)}. */
  public long read(CountedDescriptor handle, byte[] target, int offset, int length, long position)
      throws ClosedChannelException {
    return fill(OpenCall.READ, handle, target, offset, length, position, null);
  }

  /**
   * Reads the next entries of a local directory while that is quick, as {@code struct
   * linux_dirent64}.
   *
   * @return their bytes, 0 at the end, or a negated errno
   * @throws ClosedChannelException if the handle is closed
   */
  public long entries(CountedDescriptor directory, byte[] target) throws ClosedChannelException {
    Place known = place(directory);
    return known.locality() == Locality.LOCAL
        ? fill(OpenCall.LIST, directory, target, 0, target.length, 0, InlineRule.LIST.pace(known))
        : -Errno.EAGAIN;
  }

  private long fill(
      OpenCall call,
      CountedDescriptor handle,
      byte[] target,
      int offset,
      int length,
      long position,
      @Nullable Pace pace)
      throws ClosedChannelException {
    InlineMemory own = length <= InlineMemory.BUFFER_BYTES ? memoryFor(handle) : null;
    if (own == null) {
      return -Errno.EAGAIN;
    }
    try {
      long n = onBuffer(call, handle, own, length, position, pace);
      if (n > 0) {
        own.copyTo(target, offset, (int) n);
      }
      return n;
    } finally {
      own.close();
    }
  }

  /**
   * Tries to write where the file system can refuse to wait; see {@link #read}. Not for local
   * files: on one that is frozen even this call waits.
   */
  public long writeNowait(CountedDescriptor handle, MemorySegment source, long position)
      throws ClosedChannelException {
    return transfer(OpenCall.WRITE_NOWAIT, handle, source, position, null);
  }

  /** Writes to a {@linkplain #isLocal local} file while its writes are quick; see {@link #read}. */
  public long write(CountedDescriptor handle, MemorySegment source, long position)
      throws ClosedChannelException {
    return transfer(OpenCall.WRITE, handle, source, position, InlineRule.WRITE.pace(place(handle)));
  }

  /** Writes from memory that is lendable and not freed meanwhile; see {@link #write}. */
  public long write(CountedDescriptor handle, long address, int length, long position)
      throws ClosedChannelException {
    Pace pace = InlineRule.WRITE.pace(place(handle));
    return run(OpenCall.WRITE, handle, address, length, MemorySegment.NULL, position, pace);
  }

  /** Writes from an array; see {@link #write}. */
  public long write(CountedDescriptor handle, byte[] source, int offset, int length, long position)
      throws ClosedChannelException {
    InlineMemory own = length <= InlineMemory.BUFFER_BYTES ? memoryFor(handle) : null;
    if (own == null) {
      return -Errno.EAGAIN;
    }
    try {
      own.copyFrom(source, offset, length);
      Pace pace = InlineRule.WRITE.pace(place(handle));
      return onBuffer(OpenCall.WRITE, handle, own, length, position, pace);
    } finally {
      own.close();
    }
  }

  /** Returns whether this is a file that answers from memory most of the time. */
  public boolean isLocal(CountedDescriptor handle) throws ClosedChannelException {
    return place(handle).locality() == Locality.LOCAL;
  }

  /**
   * Tries to receive from a socket.
   *
   * @param target which this {@linkplain #takes takes}
   * @return the bytes received, 0 at the end of the stream, or a negated errno: {@code -EAGAIN} if
   *     there was nothing
   * @throws ClosedChannelException if the handle is closed
   * @throws IllegalStateException if the segment's arena is closed
   */
  public long recv(CountedDescriptor handle, MemorySegment target) throws ClosedChannelException {
    return transfer(OpenCall.RECV, handle, target, 0, null);
  }

  /**
   * Tries to send, without a signal if the peer has closed the connection; see {@link #recv}.
   *
   * @param more whether more will be sent at once, to go in the same packet
   */
  public long send(CountedDescriptor handle, MemorySegment source, boolean more)
      throws ClosedChannelException {
    return transfer(more ? OpenCall.SEND_MORE : OpenCall.SEND, handle, source, 0, null);
  }

  /**
   * Tries to accept a connection on a socket that has {@code O_NONBLOCK}; see {@link #recv}.
   *
   * @param address where the address of the peer is written, or 0
   * @param length where the room for it is found and its length is written, or 0
   * @return the descriptor, or a negated errno: {@code -EAGAIN} if there was no connection
   */
  public long accept(CountedDescriptor listener, long address, long length)
      throws ClosedChannelException {
    return run(OpenCall.ACCEPT, listener, address, length, MemorySegment.NULL, 0, null);
  }

  /**
   * Returns the size of a local file.
   *
   * @return the size in bytes, or a negated errno
   * @throws ClosedChannelException if the handle is closed
   */
  public long size(CountedDescriptor handle) throws ClosedChannelException {
    if (!Place.isKnown(handle.place())) {
      return askWithSize(handle);
    }
    return isLocal(handle)
        ? transfer(OpenCall.SIZE, handle, MemorySegment.NULL, 0, null)
        : -Errno.EAGAIN;
  }

  /** Asks the kernel once where a file is and how large. */
  private long askWithSize(CountedDescriptor handle) throws ClosedChannelException {
    handle.acquire();
    try (InlineMemory memory = memory()) {
      long size = OpenCall.size(kernel, handle.fd(), memory);
      if (size < 0) {
        return size;
      }
      Place found = Locality.of(kernel, handle.fd(), memory, memory.statx());
      handle.notePlace(found);
      return found.locality() == Locality.LOCAL ? size : -Errno.EAGAIN;
    } finally {
      handle.release();
    }
  }

  /**
   * Makes a system call that takes a descriptor first, on a local file while such calls are quick.
   *
   * @return its result or a negated errno: {@code -EAGAIN} if the ring is to do it
   * @throws ClosedChannelException if the handle is closed
   */
  public long onFile(
      InlineRule rule, SystemCall call, CountedDescriptor handle, long a, long b, long c, long d)
      throws ClosedChannelException {
    Place known = place(handle);
    InlineMemory own = known.locality() == Locality.LOCAL ? memoryFor(handle) : null;
    if (own == null) {
      return -Errno.EAGAIN;
    }
    try {
      if (!handle.isOpen()) {
        throw new ClosedChannelException();
      }
      if (!own.begins(rule.pace(known), kernel)) {
        return -Errno.EAGAIN;
      }
      try {
        return kernel.call(own.call(), call, handle.fd(), a, b, c, d, 0);
      } finally {
        ended(own);
      }
    } finally {
      own.close();
    }
  }

  /**
   * Sets a file's size, however long that takes.
   *
   * @return 0 or a negated errno
   * @throws ClosedChannelException if the handle is closed
   */
  public int truncateWaiting(CountedDescriptor handle, long size) throws ClosedChannelException {
    handle.acquire();
    try {
      return (int) kernel.call(SystemCall.FTRUNCATE, handle.fd(), size);
    } finally {
      handle.release();
    }
  }

  private Place place(CountedDescriptor handle) throws ClosedChannelException {
    Place known = handle.place();
    return known != null && Place.isKnown(known) ? known : ask(handle);
  }

  private Place ask(CountedDescriptor handle) throws ClosedChannelException {
    handle.acquire();
    try {
      Place found = place(handle.fd());
      handle.notePlace(found);
      return found;
    } finally {
      handle.release();
    }
  }

  private long transfer(
      OpenCall call,
      CountedDescriptor handle,
      MemorySegment segment,
      long position,
      @Nullable Pace pace)
      throws ClosedChannelException {
    if (!segment.isNative()) {
      return transferCopying(call, handle, segment, position, pace);
    }
    long length = Math.min(segment.byteSize(), Constants.MAX_RW_COUNT);
    MemorySegment held = Lending.isLendable(segment) ? MemorySegment.NULL : segment;
    try {
      return run(call, handle, segment.address(), length, held, position, pace);
    } finally {
      Reference.reachabilityFence(segment);
    }
  }

  private long run(
      OpenCall call,
      CountedDescriptor handle,
      long address,
      long length,
      MemorySegment held,
      long position,
      @Nullable Pace pace)
      throws ClosedChannelException {
    assert handle.entryFlags() == 0 : "a slot's number means nothing to a system call";
    InlineMemory own = memoryFor(handle);
    if (own == null) {
      handle.acquire();
      try {
        InlineMemory made = InlineMemory.create();
        return timed(call, handle.fd(), made, address, length, held, position, pace);
      } finally {
        handle.release();
      }
    }
    try {
      if (!handle.isOpen()) {
        throw new ClosedChannelException();
      }
      return timed(call, handle.fd(), own, address, length, held, position, pace);
    } finally {
      own.close();
    }
  }

  private long transferCopying(
      OpenCall call,
      CountedDescriptor handle,
      MemorySegment heap,
      long position,
      @Nullable Pace pace)
      throws ClosedChannelException {
    if (heap.byteSize() > InlineMemory.BUFFER_BYTES) {
      return -Errno.EAGAIN;
    }
    InlineMemory own = memoryFor(handle);
    if (own == null) {
      handle.acquire();
      try {
        return transferCopying(call, handle, heap, InlineMemory.create(), position, pace);
      } finally {
        handle.release();
      }
    }
    try {
      return transferCopying(call, handle, heap, own, position, pace);
    } finally {
      own.close();
    }
  }

  private long transferCopying(
      OpenCall call,
      CountedDescriptor handle,
      MemorySegment heap,
      InlineMemory memory,
      long position,
      @Nullable Pace pace)
      throws ClosedChannelException {
    MemorySegment copy = memory.buffer();
    long length = heap.byteSize();
    boolean fills = call == OpenCall.READ || call == OpenCall.RECV;
    if (!fills) {
      MemorySegment.copy(heap, 0, copy, 0, length);
    }
    long n = onBuffer(call, handle, memory, length, position, pace);
    if (fills && n > 0) {
      MemorySegment.copy(copy, 0, heap, 0, n);
    }
    return n;
  }

  /** Returns whether a transfer is tried without a copy that the caller has to make. */
  public static boolean takes(MemorySegment segment) {
    return segment.isNative() || segment.byteSize() <= InlineMemory.BUFFER_BYTES;
  }

  /** Makes a call that transfers to or from the buffer of the memory. */
  private long onBuffer(
      OpenCall call,
      CountedDescriptor handle,
      InlineMemory memory,
      long length,
      long position,
      @Nullable Pace pace)
      throws ClosedChannelException {
    if (!handle.isOpen()) {
      throw new ClosedChannelException();
    }
    long address = memory.buffer().address();
    return timed(call, handle.fd(), memory, address, length, MemorySegment.NULL, position, pace);
  }

  /**
   * Takes memory for one call on a handle, which is not closed until the memory is given back,
   * unless it is closed already.
   *
   * @return null if another thread has it
   */
  private @Nullable InlineMemory memoryFor(CountedDescriptor handle) {
    InlineMemory own = take(handle);
    if (own != null) {
      try {
        handle.noteOnTheSpot(own);
      } catch (Throwable e) { // the stack is full
        own.close();
        throw e;
      }
    }
    return own;
  }

  private @Nullable InlineMemory take(Object work) {
    if (CarrierThread.current() == thread) {
      return threadMemory.use(work) ? threadMemory : null;
    }
    return InlineMemory.take(work);
  }

  private long timed(
      OpenCall call,
      int fd,
      InlineMemory memory,
      long address,
      long length,
      MemorySegment held,
      long position,
      @Nullable Pace pace) {
    if (pace == null) {
      return call.run(kernel, fd, memory, address, length, position, held);
    }
    if (!memory.begins(pace, kernel)) {
      return -Errno.EAGAIN;
    }
    try {
      return call.run(kernel, fd, memory, address, length, position, held);
    } finally {
      ended(memory);
    }
  }

  private void ended(InlineMemory memory) {
    if (memory.ended(kernel)) {
      slow.increment();
    }
  }

  /** Waits until the ring's thread has no call on a handle that is closed already. */
  void awaitUnused(CountedDescriptor handle) {
    threadMemory.awaitOther(handle);
  }

  /**
   * Tries to get the attributes of a file. For an open file on a local device the kernel has them
   * in memory.
   *
   * @param memory of the calling thread, where {@code struct statx} goes
   * @return 0 or a negated errno: {@code -EAGAIN} if the file system may be elsewhere
   * @throws ClosedChannelException if the handle is closed
   */
  public int stat(CountedDescriptor handle, InlineMemory memory) throws ClosedChannelException {
    handle.acquire();
    try {
      int flags = Constants.AT_STATX_DONT_SYNC;
      int result = kernel.statx(handle.fd(), memory.call(), flags, Statx.ALL, memory.statx());
      boolean hasDevice = result == 0 && Statx.getInt(memory.statx(), Statx.DEVICE_MAJOR) != 0;
      if (hasDevice && !Place.isKnown(handle.place())) {
        handle.notePlace(Locality.ofDevice(memory.statx())); // else it would be asked for
      }
      return result == 0 && !hasDevice ? -Errno.EAGAIN : result;
    } finally {
      handle.release();
    }
  }

  /**
   * Closes the descriptor of a local file while that is quick.
   *
   * @param handle closed, and used by nobody any more
   * @return 0 or a negated errno: {@code -EAGAIN} if it is still open
   */
  long close(CountedDescriptor handle) {
    try (InlineMemory memory = memory()) {
      Place known = handle.place();
      if (known == null) {
        known = Locality.of(kernel, handle.fd(), memory);
      }
      boolean isLocal = known.locality() == Locality.LOCAL || known.locality() == Locality.UNASKED;
      if (!isLocal || !memory.begins(InlineRule.CLOSE.pace(known), kernel)) {
        return -Errno.EAGAIN;
      }
      try {
        long result = kernel.call(memory.call(), SystemCall.CLOSE, handle.fd(), 0, 0, 0, 0, 0);
        return result == -Errno.EAGAIN ? -Errno.EIO : result; // it is closed even so
      } finally {
        ended(memory);
      }
    }
  }

  /**
   * Copies bytes from one local file to another while that is quick.
   *
   * @param from not closed meanwhile
   * @param to not closed meanwhile
   * @param length at most
   * @return the bytes copied, 0 at the end, or a negated errno
   * @throws ClosedChannelException if a handle is closed
   */
  public long copy(
      CountedDescriptor from, long position, CountedDescriptor to, long toPosition, long length)
      throws ClosedChannelException {
    Pace pace = InlineRule.COPY.pace(place(from));
    try (InlineMemory memory = memory()) {
      if (!memory.begins(pace, kernel)) {
        return -Errno.EAGAIN;
      }
      try {
        long in = memory.position(0, position);
        long out = memory.position(1, toPosition);
        SystemCall call = SystemCall.COPY_FILE_RANGE;
        return kernel.call(memory.call(), call, from.fd(), in, to.fd(), out, length, 0);
      } finally {
        ended(memory);
      }
    }
  }

  /** What {@link #sendFile} answers if the page cache may not have what is to be sent. */
  public static final long NOT_CACHED = -Errno.ENODATA;

  /** Returns whether {@link #sendFile} may be tried: both have numbers for a system call. */
  public static boolean canSendFile(CountedDescriptor socket, CountedDescriptor file) {
    return socket.entryFlags() == 0 && file.entryFlags() == 0;
  }

  /**
   * Sends a part of a local file that is in the page cache, as far as the socket has room.
   *
   * @param socket for which {@link #canSendFile} is true
   * @param length at least 1
   * @return the bytes sent, 0 at the end of the file, {@link #NOT_CACHED} if it cannot be done, or
   *     a negated errno: {@code -EAGAIN} if the socket has no room
   * @throws ClosedChannelException if a handle is closed
   */
  public long sendFile(CountedDescriptor socket, CountedDescriptor file, long position, int length)
      throws ClosedChannelException {
    Place known = place(file);
    if (known.locality() != Locality.LOCAL) {
      return NOT_CACHED;
    }
    socket.acquire();
    try {
      file.acquire();
      try {
        if (!socket.beginsNonblockingCall()) {
          return NOT_CACHED;
        }
        try (InlineMemory memory = memory()) {
          return sendFile(known, socket.fd(), file, memory, position, length);
        } finally {
          socket.endNonblockingCall();
        }
      } finally {
        file.release();
      }
    } finally {
      socket.release();
    }
  }

  private long sendFile(
      Place known, int to, CountedDescriptor file, InlineMemory memory, long position, int length) {
    if (!isCached(file, memory, position, length)
        || !memory.begins(InlineRule.SEND_FILE.pace(known), kernel)) {
      return NOT_CACHED;
    }
    try {
      long offset = memory.position(0, position);
      return kernel.call(memory.call(), SystemCall.SENDFILE, to, file.fd(), offset, length, 0, 0);
    } finally {
      ended(memory);
    }
  }

  /** Returns whether the page cache has the first and the last byte, so most likely all. */
  private boolean isCached(CountedDescriptor file, InlineMemory memory, long position, int length) {
    return readByte(file, memory, position) == 1
        && readByte(file, memory, position + length - 1) >= 0; // the file may end before
  }

  private long readByte(CountedDescriptor file, InlineMemory memory, long position) {
    long address = memory.buffer().address();
    MemorySegment none = MemorySegment.NULL;
    return kernel.preadv2(
        file.fd(), memory.call(), address, 1, position, Constants.RWF_NOWAIT, none);
  }

  /** Returns where something is that has just been opened. */
  public Place place(int fd) {
    try (InlineMemory memory = memory()) {
      return Locality.of(kernel, fd, memory);
    }
  }

  /** Returns whether there are positions in what has just been opened, as in a file. */
  public boolean isSeekable(int fd) {
    try (InlineMemory memory = memory()) {
      return kernel.call(memory.call(), SystemCall.LSEEK, fd, 0, Constants.SEEK_CUR, 0, 0, 0) >= 0;
    }
  }

  /** Returns the flags that something was opened with, or a negated errno. */
  public int statusFlags(int fd) {
    return (int) kernel.call(SystemCall.FCNTL, fd, Constants.F_GETFL);
  }

  // ---- names ---------------------------------------------------------------------------------

  /** A system call on one or two names, which lie in the memory. */
  public interface NameCall {
    /**
     * Makes the call.
     *
     * @param at the descriptor that the name is relative to
     * @param newAt the descriptor that the second name is relative to
     */
    long run(Kernel kernel, InlineMemory memory, int at, int newAt, long a, long b);
  }

  /**
   * Returns memory for one call of the calling thread, which closes it. It should neither park nor
   * yield meanwhile: then others of its carrier have to make memory of their own.
   */
  public InlineMemory memory() {
    InlineMemory own = take(this);
    return own != null ? own : InlineMemory.create();
  }

  /** Makes a call on a name. */
  public long onName(
      InlineRule rule,
      NameCall call,
      InlineMemory memory,
      @Nullable CountedDescriptor directory,
      Path name,
      long a,
      long b)
      throws ClosedChannelException {
    if (Mounts.isRemote(name) || !memory.hasRoomFor(name)) {
      return -Errno.EAGAIN;
    }
    return onPath(rule, call, memory, directory, null, a, b);
  }

  /** Makes a call on two names. */
  public long onNames(
      InlineRule rule,
      NameCall call,
      InlineMemory memory,
      @Nullable CountedDescriptor directory,
      Path name,
      @Nullable CountedDescriptor newDirectory,
      Path newName,
      long a)
      throws ClosedChannelException {
    if (Mounts.isRemote(name)
        || Mounts.isRemote(newName)
        || !memory.hasRoomFor(name)
        || !memory.hasRoomForSecond(newName)) {
      return -Errno.EAGAIN;
    }
    return onPath(rule, call, memory, directory, newDirectory, a, 0);
  }

  private long onPath(
      InlineRule rule,
      NameCall call,
      InlineMemory memory,
      @Nullable CountedDescriptor directory,
      @Nullable CountedDescriptor newDirectory,
      long a,
      long b)
      throws ClosedChannelException {
    if (directory != null) {
      directory.acquire();
    }
    try {
      if (newDirectory != null) {
        newDirectory.acquire();
      }
      try {
        int at = directory == null ? Constants.AT_FDCWD : directory.fd();
        int newAt = newDirectory == null ? Constants.AT_FDCWD : newDirectory.fd();
        return timed(rule, call, memory, at, newAt, a, b);
      } finally {
        if (newDirectory != null) {
          newDirectory.release();
        }
      }
    } finally {
      if (directory != null) {
        directory.release();
      }
    }
  }

  private long timed(
      InlineRule rule, NameCall call, InlineMemory memory, int at, int newAt, long a, long b) {
    if (!rule.mayWait()) {
      return call.run(kernel, memory, at, newAt, a, b);
    }
    Pace pace = rule.pace(at, memory);
    boolean begun =
        rule == InlineRule.STAT_NAME
            ? memory.beginsBrief(pace, kernel)
            : memory.begins(pace, kernel);
    if (!begun) {
      return -Errno.EAGAIN;
    }
    try {
      return call.run(kernel, memory, at, newAt, a, b);
    } finally {
      ended(memory);
    }
  }

  // ---- figures -------------------------------------------------------------------------------

  /** Has calls that have been going on for long send those like them to the ring. */
  void noticeSlowCall(long now) {
    threadMemory.noticeSlowCall(now);
  }

  void count(boolean hit) {
    (hit ? hits : misses).increment();
  }

  long hits() {
    return hits.sum();
  }

  long misses() {
    return misses.sum();
  }

  long slow() {
    return slow.sum();
  }
}
