package io.ringspun.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Everything Ringspun asks of the operating system, in one place so that tests can stand between.
 *
 * <p>Calls that can fail return a negated {@code errno}, as the kernel itself does. None of them
 * may be called with memory that is not native.
 */
public interface Kernel {

  /**
   * Creates a ring and maps it, by {@code io_uring_setup(2)} and {@code mmap(2)}.
   *
   * @throws ErrnoException if the kernel refuses
   */
  RingMemory open(RingParams params) throws ErrnoException;

  /**
   * Resizes the queues of a ring and keeps their entries, by {@code io_uring_register(2)} with
   * {@code IORING_REGISTER_RESIZE_RINGS}, on the ring's own thread. Indices do not change.
   *
   * @return the ring as it lies in memory from now on; what it was is unmapped
   * @throws ErrnoException if the kernel refuses; the ring is as it was
   * @throws IllegalStateException if the process has no room to map it; the ring cannot be used any
   *     more
   */
  RingMemory resize(RingMemory ring, RingParams params) throws ErrnoException;

  /** Unmaps a ring and closes its descriptor. */
  void close(RingMemory ring);

  /**
   * Submits and waits, by {@code io_uring_enter(2)}. Blocks while fewer than {@code minComplete}
   * completions are there, so only a ring's own platform thread may call it.
   *
   * @return the number of entries consumed, or a negated {@code errno}
   */
  int enter(RingMemory ring, int toSubmit, int minComplete, int flags);

  /** Submits and waits with the argument and the flags of an {@link ExtendedWait}. */
  int enter(RingMemory ring, int toSubmit, int minComplete, int flags, MemorySegment argument);

  /** Registers something with a ring, by {@code io_uring_register(2)}. */
  int register(RingMemory ring, int opcode, MemorySegment argument, int count);

  /**
   * Posts a completion to a ring without a sending ring, by {@code io_uring_register(2)} with
   * {@code IORING_REGISTER_SEND_MSG_RING}, Linux 6.13. Any thread may call this; it never blocks.
   *
   * @param entry a {@link SubmissionEntry#message}
   * @return 0 or a negated {@code errno}
   */
  int send(MemorySegment entry);

  /** Makes a blocking, close-on-exec {@code eventfd(2)}; returns it, or a negated {@code errno}. */
  default int eventfd() {
    return (int) call(SystemCall.EVENTFD2, 0, Constants.O_CLOEXEC);
  }

  /** Adds one to an eventfd. Never blocks before 2<sup>64</sup>-2 unread signals. */
  int signal(int eventfd);

  /** Closes a raw descriptor, by {@code close(2)}. */
  int close(int fd);

  /**
   * Makes a system call by {@code syscall(2)}. What the arguments point to must stay reachable
   * meanwhile.
   *
   * @return what the call does, or a negated {@code errno}
   */
  long call(CallMemory memory, SystemCall call, long a, long b, long c, long d, long e, long f);

  /**
   * Makes one of the rarer system calls.
   *
   * @param arguments at most six; the caller keeps what they point to reachable until this returns
   * @return what the call does, or a negated {@code errno}
   */
  default long call(SystemCall call, long... arguments) {
    assert arguments.length <= 6 : call;
    long[] all = Arrays.copyOf(arguments, 6);
    // Not an automatic arena: those are in a list under a monitor of the JDK, for which the thread
    // of a ring must not wait.
    try (Arena arena = Arena.ofConfined()) {
      CallMemory memory = new CallMemory(arena);
      return call(memory, call, all[0], all[1], all[2], all[3], all[4], all[5]);
    }
  }

  /**
   * Reads at a position without a ring, by {@code preadv2(2)}. Called with {@code RWF_NOWAIT} it
   * answers {@code -EAGAIN} instead of waiting for a disk.
   *
   * @param address where the bytes go
   * @param byteSize how many at most
   * @param held what must stay open for the duration of the call; {@link MemorySegment#NULL} if the
   *     caller sees to that
   */
  long preadv2(
      int fd,
      CallMemory call,
      long address,
      long byteSize,
      long position,
      int flags,
      MemorySegment held);

  /** Writes at a position without a ring, by {@code pwritev2(2)}; see {@link #preadv2}. */
  long pwritev2(
      int fd,
      CallMemory call,
      long address,
      long byteSize,
      long position,
      int flags,
      MemorySegment held);

  /** Writes at a position without a ring, by {@code pwrite(2)}, which may wait. */
  long pwrite(
      int fd, CallMemory call, long address, long byteSize, long position, MemorySegment held);

  /**
   * Writes what there is to know of an open file, by {@code statx(2)}.
   *
   * @param flags {@code AT_STATX_} flags
   * @param mask what is wanted, {@code STATX_} bits
   * @param struct {@link Statx#SIZE_BYTES}, and a zero byte behind them
   */
  int statx(int fd, CallMemory call, int flags, int mask, MemorySegment struct);

  /**
   * Sends the first bytes of a segment, by {@code send(2)}; the segment is held open for the
   * duration of the call. Called with {@code MSG_DONTWAIT} it answers {@code -EAGAIN} instead of
   * waiting for the peer.
   */
  long send(int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held);

  /** Receives into a segment, by {@code recv(2)}; see {@link #send}. */
  long recv(int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held);
}
