package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The running Linux kernel, reached through liburing and the C library. */
@SuppressWarnings("restricted") // this package has all native calls
public final class LinuxKernel implements Kernel {
  static {
    Machine.requireKnown();
  }

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option SAVE_ERRNO = Linker.Option.captureCallState("errno");
  private static final Liburing LIBURING = Liburing.load();

  private static final MethodHandle SETUP =
      link(LIBURING.symbols(), "io_uring_setup", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle ENTER =
      link(
          LIBURING.symbols(),
          "io_uring_enter",
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          ADDRESS);
  private static final MethodHandle ENTER2 =
      link(
          LIBURING.symbols(),
          "io_uring_enter2",
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          ADDRESS,
          JAVA_LONG);
  private static final MethodHandle REGISTER =
      link(
          LIBURING.symbols(), "io_uring_register", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);

  private static final MethodHandle EVENTFD_WRITE =
      linkSavingErrno("eventfd_write", JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle CLOSE = linkSavingErrno("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle SYSCALL = // long syscall(long number, ...)
      LINKER.downcallHandle(
          LINKER.defaultLookup().find("syscall").orElseThrow(),
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
              JAVA_LONG),
          SAVE_ERRNO,
          Linker.Option.firstVariadicArg(1));

  // One more argument, which C ignores, makes the linker hold the buffer's session during the call:
  // an arena shared between threads cannot be closed while the kernel copies into it.
  private static final MethodHandle PREADV2 =
      linkSavingErrno(
          "preadv2", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS);
  private static final MethodHandle PWRITE =
      linkSavingErrno("pwrite", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS);
  private static final MethodHandle PWRITEV2 =
      linkSavingErrno(
          "pwritev2", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS);

  private static final MethodHandle STATX =
      linkSavingErrno("statx", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG);

  private static final MethodHandle SEND =
      linkSavingErrno("send", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS);

  private static final MethodHandle RECV =
      linkSavingErrno("recv", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS);

  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED_POPULATE = 1 | 0x8000;
  private static final int MADV_DONTFORK = 10;

  /** The one instance. */
  public static final LinuxKernel INSTANCE = new LinuxKernel();

  private LinuxKernel() {}

  /** Returns where liburing was found, in words for a person. */
  public static String liburingOrigin() {
    return LIBURING.origin();
  }

  @Override
  public RingMemory open(RingParams params) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = arena.allocate(RingParams.LAYOUT);
      params.writeTo(struct);
      int fd = setup(params.sqEntries(), struct);
      if (fd < 0) {
        throw params.refusal(-fd);
      }
      try {
        int features = RingParams.get(struct, "features");
        if ((features & IORING_FEAT_SINGLE_MMAP) == 0) {
          throw params.refusal(Errno.ENOSYS);
        }
        return map(fd, RingParams.get(struct, "flags"), features, struct);
      } catch (ErrnoException | RuntimeException | Error e) {
        close(fd);
        throw e;
      }
    }
  }

  @Override
  public RingMemory resize(RingMemory ring, RingParams params) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = arena.allocate(RingParams.LAYOUT);
      params.writeTo(struct);
      int result = register(ring, IORING_REGISTER_RESIZE_RINGS, struct, 1);
      if (result < 0) {
        throw new ErrnoException("IORING_REGISTER_RESIZE_RINGS", -result, "6.13");
      }
      RingMemory resized = remap(ring, struct);
      unmap(ring);
      return resized;
    }
  }

  private static RingMemory remap(RingMemory ring, MemorySegment struct) {
    try {
      return map(ring.fd(), ring.flags(), ring.features(), struct);
    } catch (ErrnoException e) {
      throw new IllegalStateException("a resized ring cannot be mapped", e);
    }
  }

  /** Maps the two rings, which share one mapping on every kernel since 5.4, and the entries. */
  private static RingMemory map(int fd, int flags, int features, MemorySegment struct)
      throws ErrnoException {
    int sqCount = RingParams.get(struct, "sq_entries");
    int cqCount = RingParams.get(struct, "cq_entries");
    long cqEntries = RingParams.get(struct, "cq_off", "cqes");
    long sqArray = RingParams.get(struct, "sq_off", "array");
    long ringSize =
        Math.max(cqEntries + cqCount * CompletionEntry.SIZE_BYTES, sqArray + sqCount * 4L);
    MemorySegment rings = map(fd, IORING_OFF_SQ_RING, ringSize);
    MemorySegment entries;
    try {
      entries = map(fd, IORING_OFF_SQES, sqCount * SubmissionEntry.SIZE_BYTES);
    } catch (ErrnoException e) {
      unmap(rings);
      throw e;
    }
    var submission =
        new RingMemory.Submission(
            rings,
            RingParams.get(struct, "sq_off", "head"),
            RingParams.get(struct, "sq_off", "tail"),
            RingParams.get(struct, "sq_off", "flags"),
            sqArray,
            sqCount);
    var completion =
        new RingMemory.Completion(
            rings,
            RingParams.get(struct, "cq_off", "head"),
            RingParams.get(struct, "cq_off", "tail"),
            RingParams.get(struct, "cq_off", "overflow"),
            cqEntries,
            cqCount);
    return new RingMemory(fd, flags, features, submission, entries, completion);
  }

  @Override
  public void close(RingMemory ring) {
    unmap(ring);
    close(ring.fd());
  }

  private static void unmap(RingMemory ring) {
    unmap(ring.entries());
    unmap(ring.submission().memory());
  }

  private static int setup(int entries, MemorySegment params) {
    try {
      return (int) SETUP.invokeExact(entries, params);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public int enter(RingMemory ring, int toSubmit, int minComplete, int flags) {
    try {
      return (int)
          ENTER.invokeExact(number(ring, flags), toSubmit, minComplete, flags, MemorySegment.NULL);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public int enter(
      RingMemory ring, int toSubmit, int minComplete, int flags, MemorySegment argument) {
    try {
      return (int)
          ENTER2.invokeExact(
              number(ring, flags), toSubmit, minComplete, flags, argument, argument.byteSize());
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  private static int number(RingMemory ring, int enterFlags) {
    return (enterFlags & IORING_ENTER_REGISTERED_RING) != 0 ? OwnRing.INDEX : ring.fd();
  }

  @Override
  public int register(RingMemory ring, int opcode, MemorySegment argument, int count) {
    try {
      return (int) REGISTER.invokeExact(ring.fd(), opcode, argument, count);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public int send(MemorySegment entry) {
    try {
      return (int) REGISTER.invokeExact(-1, IORING_REGISTER_SEND_MSG_RING, entry, 1);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  private static MemorySegment map(int fd, long offset, long size) throws ErrnoException {
    long address =
        INSTANCE.call(SystemCall.MMAP, 0, size, PROT_READ_WRITE, MAP_SHARED_POPULATE, fd, offset);
    if (address < 0) {
      throw new ErrnoException("mmap of a ring", (int) -address);
    }
    MemorySegment mapping = MemorySegment.ofAddress(address).reinterpret(size);
    // A child between fork and exec must not see a ring that it cannot drive.
    long ignored = INSTANCE.call(SystemCall.MADVISE, address, size, MADV_DONTFORK);
    assert ignored == 0 : ignored;
    return mapping;
  }

  private static void unmap(MemorySegment mapping) {
    long result = INSTANCE.call(SystemCall.MUNMAP, mapping.address(), mapping.byteSize());
    assert result == 0 : Errno.describe((int) -result);
  }

  @Override
  public int signal(int eventfd) {
    // The outcome is known without errno: the counter cannot overflow and the descriptor is open.
    try {
      return (int) EVENTFD_WRITE.invokeExact(IGNORED_ERRNO, eventfd, 1L);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  /** The errno of calls whose caller ignores it; races on it are harmless. */
  private static final MemorySegment IGNORED_ERRNO = CallMemory.UNREAD.errno;

  @Override
  public int close(int fd) {
    try (Arena arena = Arena.ofConfined()) { // see Kernel.call
      CallMemory call = new CallMemory(arena);
      int result = (int) CLOSE.invokeExact(call.errno, fd);
      return result < 0 ? -errno(call) : result;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public long call(
      CallMemory memory, SystemCall call, long a, long b, long c, long d, long e, long f) {
    return syscall(memory, call, a, b, c, d, e, f);
  }

  private static long syscall(
      CallMemory memory, SystemCall call, long a, long b, long c, long d, long e, long f) {
    try {
      long result =
          (long) SYSCALL.invokeExact(memory.errno, (long) call.number(), a, b, c, d, e, f);
      return result == -1 ? -errno(memory) : result;
    } catch (Throwable problem) {
      throw broken(problem);
    }
  }

  @Override
  public long preadv2(
      int fd,
      CallMemory call,
      long address,
      long byteSize,
      long position,
      int flags,
      MemorySegment held) {
    try {
      long vector = call.vector(address, byteSize);
      long n = (long) PREADV2.invokeExact(call.errno, fd, vector, 1, position, flags, held);
      return n < 0 ? -errno(call) : n;
    } catch (RuntimeException e) {
      throw e; // the segment's arena is closed, or belongs to another thread
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public long pwritev2(
      int fd,
      CallMemory call,
      long address,
      long byteSize,
      long position,
      int flags,
      MemorySegment held) {
    try {
      long vector = call.vector(address, byteSize);
      long n = (long) PWRITEV2.invokeExact(call.errno, fd, vector, 1, position, flags, held);
      return n < 0 ? -errno(call) : n;
    } catch (RuntimeException e) {
      throw e; // the segment's arena is closed, or belongs to another thread
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public long pwrite(
      int fd, CallMemory call, long address, long byteSize, long position, MemorySegment held) {
    try {
      long n = (long) PWRITE.invokeExact(call.errno, fd, address, byteSize, position, held);
      return n < 0 ? -errno(call) : n;
    } catch (RuntimeException e) {
      throw e; // the segment's arena is closed, or belongs to another thread
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public int statx(int fd, CallMemory call, int flags, int mask, MemorySegment struct) {
    long address = struct.address();
    try {
      int result =
          (int)
              STATX.invokeExact(
                  call.errno, fd, address + Statx.SIZE_BYTES, flags | AT_EMPTY_PATH, mask, address);
      return result < 0 ? -errno(call) : result;
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public long send(
      int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held) {
    try {
      long n = (long) SEND.invokeExact(call.errno, fd, address, byteSize, flags, held);
      return n < 0 ? -errno(call) : n;
    } catch (RuntimeException e) {
      throw e; // as in the methods above
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  @Override
  public long recv(
      int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held) {
    try {
      long n = (long) RECV.invokeExact(call.errno, fd, address, byteSize, flags, held);
      return n < 0 ? -errno(call) : n;
    } catch (RuntimeException e) {
      throw e; // as in the methods above
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  private static int errno(CallMemory call) {
    return call.errno.get(JAVA_INT, 0);
  }

  /** Passes on what is no fault of the call, such as that the caller's stack is full. */
  static Error broken(Throwable e) {
    return e instanceof Error error
        ? error
        : new AssertionError("a downcall was linked or called wrongly", e);
  }

  /** Returns a function of the C library that takes an int and has no effect: {@code abs}. */
  static MemorySegment doesNothing() {
    return LINKER.defaultLookup().findOrThrow("abs");
  }

  static MethodHandle linkSavingErrno(String name, ValueLayout result, MemoryLayout... arguments) {
    MemorySegment symbol =
        LINKER
            .defaultLookup()
            .find(name)
            .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no " + name));
    return LINKER.downcallHandle(symbol, FunctionDescriptor.of(result, arguments), SAVE_ERRNO);
  }

  private static MethodHandle link(
      SymbolLookup symbols, String name, ValueLayout result, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        symbols.find(name).orElseThrow(), FunctionDescriptor.of(result, arguments));
  }
}
