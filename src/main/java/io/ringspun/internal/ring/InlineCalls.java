package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.CallMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.Statx;
import io.ringspun.internal.kernel.SystemCall;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Transfers that never block: {@code preadv2} and {@code pwritev2} with {@code RWF_NOWAIT}, {@code
 * recv} and {@code send} with {@code MSG_DONTWAIT}, on the calling thread. They succeed if the page
 * cache or a socket has the data or accepts it, and cost a plain system call; otherwise the kernel
 * returns {@code -EAGAIN} at once and the operation goes through the ring.
 *
 * <p>The descriptor must not be closed meanwhile. A thread that no ring carries acquires and
 * releases the handle. The ring's own thread, where the count would cost a cache line that all
 * processors fight for, writes down which handle it is using and then looks whether that is closed;
 * who closes does it the other way round ({@link #awaitUnused}). Both are volatile, so one of them
 * sees the other.
 */
public final class InlineCalls {
  // Threads that meet in a slot merely make fresh memory; the stride keeps slots on lines of their
  // own.
  private static final int SLOT_BITS = 6;
  private static final int STRIDE = 16;

  private static final VarHandle IN_USE;

  static {
    try {
      IN_USE =
          MethodHandles.lookup().findVarHandle(InlineCalls.class, "inUse", CountedDescriptor.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Kernel kernel;
  private final Thread thread; // the ring's own
  private final CallMemory threadMemory = new CallMemory(); // for calls on the ring's own thread
  private final AtomicReferenceArray<@Nullable CallMemory> pool =
      new AtomicReferenceArray<>(STRIDE << SLOT_BITS);
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();

  @SuppressWarnings("unused") // through IN_USE
  private volatile @Nullable CountedDescriptor
      inUse; // written by the ring's thread, read by the thread that closes

  InlineCalls(Kernel kernel, Thread thread) {
    this.kernel = kernel;
    this.thread = thread;
  }

  /** A system call that transfers what the memory describes, or writes something there. */
  private interface Transfer {
    long run(Kernel kernel, int fd, CallMemory call, long position, MemorySegment held);
  }

  private static final Transfer READ =
      (kernel, fd, call, position, held) ->
          kernel.preadv2(fd, call, 1, position, Constants.RWF_NOWAIT, held);
  private static final Transfer WRITE =
      (kernel, fd, call, position, held) ->
          kernel.pwritev2(fd, call, 1, position, Constants.RWF_NOWAIT, held);

  private static final Transfer STAT =
      (kernel, fd, call, _, held) ->
          kernel.statx(fd, call, Constants.AT_STATX_DONT_SYNC, Statx.ALL, held);

  private static final Transfer RECV =
      (kernel, fd, call, _, held) -> kernel.recv(fd, call, held, Constants.MSG_DONTWAIT);
  private static final Transfer SEND =
      (kernel, fd, call, _, held) ->
          kernel.send(fd, call, held, Constants.MSG_DONTWAIT | Constants.MSG_NOSIGNAL);

  /**
   * Tries to read.
   *
   * @return the bytes read, 0 at the end of the file, or a negated errno
   * @throws ClosedChannelException if the handle is closed
   * @throws IllegalStateException if the segment's arena is closed
   */
  public long read(CountedDescriptor handle, MemorySegment target, long position)
      throws ClosedChannelException {
    return transfer(READ, handle, target, position);
  }

  /** Tries to write; see {@link #read}. */
  public long write(CountedDescriptor handle, MemorySegment source, long position)
      throws ClosedChannelException {
    return transfer(WRITE, handle, source, position);
  }

  /**
   * Tries to receive from a socket.
   *
   * @return the bytes received, 0 at the end of the stream, or a negated errno
   * @throws ClosedChannelException if the handle is closed
   * @throws IllegalStateException if the segment's arena is closed
   */
  public long recv(CountedDescriptor handle, MemorySegment target) throws ClosedChannelException {
    return transfer(RECV, handle, target, 0);
  }

  /** Tries to send, without a signal if the peer has closed the connection; see {@link #recv}. */
  public long send(CountedDescriptor handle, MemorySegment source) throws ClosedChannelException {
    return transfer(SEND, handle, source, 0);
  }

  private long transfer(
      Transfer transfer, CountedDescriptor handle, MemorySegment memory, long position)
      throws ClosedChannelException {
    assert handle.entryFlags() == 0 : "a slot's number means nothing to a system call";
    long length = Math.min(memory.byteSize(), Constants.MAX_RW_COUNT);
    if (CarrierAccess.current() == thread) {
      IN_USE.setVolatile(this, handle);
      try {
        if (!handle.isOpen()) {
          throw new ClosedChannelException();
        }
        threadMemory.vector(memory.address(), length);
        return transfer.run(kernel, handle.fd(), threadMemory, position, memory);
      } finally {
        IN_USE.setRelease(this, null);
      }
    }
    handle.acquire();
    try {
      int home = home();
      CallMemory call = take(home);
      call.vector(memory.address(), length);
      long n = transfer.run(kernel, handle.fd(), call, position, memory);
      pool.lazySet(home, call);
      return n;
    } finally {
      handle.release();
    }
  }

  /** Waits until the ring's thread has no call on a handle that is closed already. */
  void awaitUnused(CountedDescriptor handle) {
    while (inUse == handle) {
      Thread.onSpinWait(); // the call cannot wait, so it takes as long as its copying
    }
  }

  /**
   * Tries to get the attributes of a file. For an open file on a local device the kernel has them
   * in memory.
   *
   * @param block where {@code struct statx} goes, and behind it a zero byte
   * @return 0 or a negated errno: {@code -EAGAIN} if the file system may be elsewhere
   * @throws ClosedChannelException if the handle is closed
   */
  public int stat(CountedDescriptor handle, MemorySegment block) throws ClosedChannelException {
    int result = (int) transfer(STAT, handle, block, 0);
    return result == 0 && Statx.getInt(block, Statx.DEVICE_MAJOR) == 0 ? -Errno.EAGAIN : result;
  }

  /**
   * Sets a file's size; this one may wait, on kernels that cannot do it through a ring.
   *
   * @return 0 or a negated errno
   * @throws ClosedChannelException if the handle is closed
   */
  public int truncate(CountedDescriptor handle, long size) throws ClosedChannelException {
    handle.acquire();
    try {
      return (int) kernel.call(SystemCall.FTRUNCATE, handle.fd(), size);
    } finally {
      handle.release();
    }
  }

  /** Returns the flags that something was opened with, or a negated errno. */
  public int statusFlags(int fd) {
    return (int) kernel.call(SystemCall.FCNTL, fd, Constants.F_GETFL);
  }

  private static int home() {
    long id = Thread.currentThread().threadId();
    return (int) ((id * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - SLOT_BITS)) * STRIDE;
  }

  private CallMemory take(int home) {
    CallMemory call = pool.getAndSet(home, null);
    return call != null ? call : new CallMemory();
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
}
