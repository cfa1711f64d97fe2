package io.ringspun;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An operation described as the kernel takes it, field by field of {@code struct io_uring_sqe}: for
 * what Ringspun has no method for, and for kernels newer than it. {@link Ring#run(RawOperation)}
 * runs it, as often as wanted, and {@link #toStep} makes a step for a {@link Chain} or {@link
 * Batch} of it. Not safe for use by several threads. All fields are 0 until they are set, and the
 * descriptor is -1.
 *
 * <p>Descriptors are held open and segments kept alive until the kernel has answered, as with any
 * other call. What the fields mean is between the caller and the kernel: a number that the kernel
 * takes for an address, or a length beyond what lies there, corrupts memory, as it does with native
 * code. The lengths of reads, writes, receives and sends are checked.
 *
 * <p>What would break the rules of a ring is refused with {@link IllegalArgumentException}:
 * operations that complete many times, that name other operations or rings, or that change the
 * ring's own tables of files and buffers; entries of 128 bytes; and of the {@code IOSQE_} flags all
 * but {@code ASYNC}.
 *
 * @since 0.1
 */
public final class RawOperation {
  private static final int OPCODE_MAX = 0xff;
  private static final int VECTOR_ENTRY_BYTES = 16; // struct iovec

  private static final String BY_NUMBER = "names operations by numbers that only the ring knows";
  private static final String TABLES = "changes tables that are the ring's";
  private static final String MANY = "completes many times";
  private static final String LARGE = "needs a ring with entries of 128 bytes";
  private static final Map<Integer, String> REFUSED =
      Map.ofEntries(
          Map.entry(IORING_OP_ASYNC_CANCEL, BY_NUMBER),
          Map.entry(IORING_OP_POLL_REMOVE, BY_NUMBER),
          Map.entry(IORING_OP_TIMEOUT_REMOVE, BY_NUMBER),
          Map.entry(IORING_OP_LINK_TIMEOUT, "belongs to a chain"),
          Map.entry(IORING_OP_MSG_RING, "completes what other rings have not begun"),
          Map.entry(IORING_OP_FILES_UPDATE, TABLES),
          Map.entry(IORING_OP_PROVIDE_BUFFERS, TABLES),
          Map.entry(IORING_OP_REMOVE_BUFFERS, TABLES),
          Map.entry(IORING_OP_READ_MULTISHOT, MANY),
          Map.entry(IORING_OP_RECV_ZC, MANY),
          Map.entry(IORING_OP_NOP128, LARGE),
          Map.entry(IORING_OP_URING_CMD128, LARGE));

  /** What the kernel does with memory. */
  public enum Access {
    /** It reads the memory, as a write to a file does. */
    READS,
    /** It writes to the memory, and may read it. */
    WRITES
  }

  /** Memory for the kernel. */
  private record Lent(MemorySegment memory, Access access) {
    void check() {
      Lending.requireUsable(memory, access == Access.WRITES);
      if (!Lending.isLendable(memory)) {
        throw new IllegalArgumentException(
            "the segment is of a shared arena, which any thread may close: use one that is"
                + " confined, automatic or global");
      }
    }
  }

  private final int opcode;
  private int flags;
  private int priority;
  private @Nullable Descriptor descriptor;
  private int number = -1;
  private @Nullable Descriptor second; // what it is, goes by the opcode
  private long offset;
  private @Nullable Lent offsetMemory;
  private long address;
  private @Nullable Lent memory;
  private int length;
  private int operationFlags;
  private int bufferIndex;
  private int personality;
  private int fileIndex;
  private long address3;
  private @Nullable Lent memory3;
  private long last;
  private final List<Lent> reachable;
  private @Nullable Duration limit;

  private RawOperation(int opcode) {
    this.opcode = opcode;
    reachable = new ArrayList<>(0);
  }

  private RawOperation(RawOperation other) {
    opcode = other.opcode;
    flags = other.flags;
    priority = other.priority;
    descriptor = other.descriptor;
    number = other.number;
    second = other.second;
    offset = other.offset;
    offsetMemory = other.offsetMemory;
    address = other.address;
    memory = other.memory;
    length = other.length;
    operationFlags = other.operationFlags;
    bufferIndex = other.bufferIndex;
    personality = other.personality;
    fileIndex = other.fileIndex;
    address3 = other.address3;
    memory3 = other.memory3;
    last = other.last;
    reachable = List.copyOf(other.reachable);
    limit = other.limit;
  }

  /**
   * Begins to describe an operation.
   *
   * @param opcode its {@code IORING_OP_} number, known to this library or not
   * @return the description, to be filled
   * @throws IllegalArgumentException if it is not from 0 to 255, or of an operation that would
   *     break the ring's rules; the message says how
   */
  public static RawOperation of(int opcode) {
    if (opcode < 0 || opcode > OPCODE_MAX) {
      throw new IllegalArgumentException("an opcode is from 0 to 255, not " + opcode);
    }
    String reason = REFUSED.get(opcode);
    if (reason != null) {
      throw new IllegalArgumentException("operation %d %s".formatted(opcode, reason));
    }
    return new RawOperation(opcode);
  }

  /**
   * Sets {@code sqe->flags}.
   *
   * @param bits {@code IOSQE_ASYNC} (16, Linux 5.6), or 0
   * @return this
   * @throws IllegalArgumentException if there are others: {@code FIXED_FILE} follows from the
   *     descriptor; {@code IO_LINK}, {@code IO_HARDLINK} and {@code IO_DRAIN} are what {@link
   *     Chain} has; {@code BUFFER_SELECT} is what {@link BufferRing} has; {@code CQE_SKIP_SUCCESS}
   *     would leave the caller waiting
   */
  public RawOperation flags(int bits) {
    if ((bits & ~IOSQE_ASYNC) != 0) {
      throw new IllegalArgumentException("of the flags only IOSQE_ASYNC is the caller's: " + bits);
    }
    flags = bits;
    return this;
  }

  /**
   * Sets {@code sqe->fd} to something open, which stays so while the kernel works.
   *
   * @param target a file, a socket or the like
   * @return this
   */
  public RawOperation on(Descriptor target) {
    descriptor = target;
    return this;
  }

  /**
   * Sets {@code sqe->fd} to a number: {@code AT_FDCWD}, or what an operation has there that needs
   * no descriptor. If it is a descriptor all the same, the caller keeps it open.
   *
   * @param value the number
   * @return this
   */
  public RawOperation on(int value) {
    descriptor = null;
    number = value;
    return this;
  }

  /**
   * Sets {@code sqe->splice_fd_in}, and {@code SPLICE_F_FD_IN_FIXED} if need be, of {@code
   * IORING_OP_SPLICE} and {@code IORING_OP_TEE}. It stays open while the kernel works.
   *
   * @param source where the bytes are to come from
   * @return this
   * @throws IllegalArgumentException if it is another operation
   */
  public RawOperation splicingFrom(Descriptor source) {
    if (!splices()) {
      throw new IllegalArgumentException("only splices and tees have a second descriptor");
    }
    second = source;
    return this;
  }

  /**
   * Sets {@code sqe->file_index} of {@code IORING_OP_OPENAT}, {@code OPENAT2} (Linux 5.15), {@code
   * ACCEPT} (5.15) and {@code SOCKET} (5.19), so that what is opened goes into a slot, in the place
   * of what is there. The kernel refuses {@code O_CLOEXEC} and {@code SOCK_CLOEXEC} then. The slot
   * is not given away while the kernel works.
   *
   * @param slot one of the ring's that is to run this
   * @return this
   * @throws IllegalArgumentException if it is another operation
   */
  public RawOperation into(DescriptorSlot slot) {
    if (!fillsSlots()) {
      throw new IllegalArgumentException(
          "operation %d opens nothing that could go into a slot".formatted(opcode));
    }
    second = slot;
    return this;
  }

  /**
   * Sets {@code sqe->len} of {@code IORING_OP_RENAMEAT} and {@code LINKAT} to a directory, which
   * stays open while the kernel works.
   *
   * @param directory where the new name leads from
   * @return this
   * @throws IllegalArgumentException if it is another operation, or the directory has no descriptor
   */
  public RawOperation movingTo(Descriptor directory) {
    if (!names() || directory.handle() instanceof RegisteredHandle) {
      throw new IllegalArgumentException(
          "%s is no new directory for operation %d".formatted(directory, opcode));
    }
    second = directory;
    return this;
  }

  /** Describes the closing of what is in a slot. */
  static RawOperation emptying(DescriptorSlot slot) {
    RawOperation operation = new RawOperation(IORING_OP_CLOSE).on(0); // else the kernel refuses
    operation.second = slot;
    return operation;
  }

  /**
   * Sets {@code sqe->ioprio}.
   *
   * @param value a priority, or what an operation has there; 16 bits
   * @return this
   */
  public RawOperation priority(int value) {
    priority = value;
    return this;
  }

  /**
   * Sets {@code sqe->off}, of a command {@code sqe->cmd_op}.
   *
   * @param value a position, or what an operation has there
   * @return this
   */
  public RawOperation offset(long value) {
    offset = value;
    offsetMemory = null;
    return this;
  }

  /**
   * Sets {@code sqe->addr2} to the address of a segment, which is kept alive.
   *
   * @param segment native memory
   * @param access what the kernel does with it
   * @return this
   */
  public RawOperation offset(MemorySegment segment, Access access) {
    offset = segment.address();
    offsetMemory = new Lent(segment, access);
    return this;
  }

  /**
   * Sets {@code sqe->addr}.
   *
   * @param value what an operation has there that is no address
   * @return this
   */
  public RawOperation address(long value) {
    address = value;
    memory = null;
    return this;
  }

  /**
   * Sets {@code sqe->addr} to the address of a segment, which is kept alive.
   *
   * @param segment native memory
   * @param access what the kernel does with it
   * @return this
   */
  public RawOperation address(MemorySegment segment, Access access) {
    address = segment.address();
    memory = new Lent(segment, access);
    return this;
  }

  /**
   * Sets {@code sqe->len}.
   *
   * @param value how many bytes, buffers or the like
   * @return this
   */
  public RawOperation length(int value) {
    length = value;
    return this;
  }

  /**
   * Sets {@code sqe->rw_flags} and its like.
   *
   * @param value bits that the operation knows
   * @return this
   */
  public RawOperation operationFlags(int value) {
    operationFlags = value;
    return this;
  }

  /**
   * Sets {@code sqe->buf_index}.
   *
   * @param value the number of a registered buffer, 16 bits
   * @return this
   */
  public RawOperation bufferIndex(int value) {
    bufferIndex = value;
    return this;
  }

  /**
   * Sets {@code sqe->personality}. The operation runs with the rights that whoever registered the
   * credentials had at that moment, whatever the process has given up since. Ringspun registers
   * none.
   *
   * @param value the number of registered credentials, 16 bits
   * @return this
   */
  public RawOperation personality(int value) {
    personality = value;
    return this;
  }

  /**
   * Sets {@code sqe->file_index} and its like.
   *
   * @param value what an operation has there: the options of {@code IORING_OP_WAITID}, the length
   *     of a socket's option
   * @return this
   */
  public RawOperation fileIndex(int value) {
    fileIndex = value;
    return this;
  }

  /**
   * Sets {@code sqe->addr3}.
   *
   * @param value what an operation has there that is no address
   * @return this
   */
  public RawOperation address3(long value) {
    address3 = value;
    memory3 = null;
    return this;
  }

  /**
   * Sets {@code sqe->addr3} to the address of a segment, which is kept alive.
   *
   * @param segment native memory
   * @param access what the kernel does with it
   * @return this
   */
  public RawOperation address3(MemorySegment segment, Access access) {
    address3 = segment.address();
    memory3 = new Lent(segment, access);
    return this;
  }

  /**
   * Sets the 16 bytes of {@code sqe->cmd}: what {@code sqe->addr3} is of other operations, and what
   * follows it ({@code IORING_OP_URING_CMD}, Linux 5.19). The 80 bytes that rings with larger
   * entries have are not to be had.
   *
   * @param first bytes 0 to 7
   * @param second bytes 8 to 15
   * @return this
   */
  public RawOperation command(long first, long second) {
    last = second;
    return address3(first);
  }

  /**
   * Keeps alive, and checks, a segment that the kernel reaches through others, as through an array
   * of {@code struct iovec}.
   *
   * @param segment native memory
   * @param access what the kernel does with it
   * @return this
   */
  public RawOperation reaching(MemorySegment segment, Access access) {
    reachable.add(new Lent(segment, access));
    return this;
  }

  /**
   * Limits the time: from the start of each {@link Ring#run(RawOperation)}, and in a chain as
   * {@link Step#within} does.
   *
   * @param limit positive
   * @return this
   * @throws IllegalArgumentException if not positive
   */
  public RawOperation within(Duration limit) {
    Arguments.timeoutNanos(limit);
    this.limit = limit;
    return this;
  }

  /**
   * Returns a step that does what is described here now. What is set later does not change it.
   *
   * <p>A read, write, splice or tee that transfers fewer bytes than its length falls short, and so
   * does a send or receive with {@code MSG_WAITALL}. Whether any other transferred all that it was
   * to is for the caller to tell.
   *
   * @return a new step
   * @throws IllegalArgumentException if {@link Ring#run(RawOperation)} would refuse this, for
   *     another reason than that a descriptor is registered with another ring
   * @throws IllegalStateException if a segment's arena is closed
   */
  public Step toStep() {
    check();
    return new Step(new RawOperation(this));
  }

  RawResult run(Engine engine) throws IOException {
    check(engine);
    Descriptor synced = syncs() ? descriptor : null;
    if (synced != null) {
      synced.requireNoDataLost(name());
    }
    Call call = engine.single().timeoutNanos(limit == null ? 0 : Arguments.timeoutNanos(limit));
    Operation operation = call.operation(0);
    prepare(operation);
    if (mayWaitForPeer()) {
      operation.openEnded();
    }
    engine.runAll(call);
    int result = outcome(engine.result(call, 0));
    if (synced != null) {
      result = synced.handle().syncResult(result);
    }
    if (result < 0) {
      throw new OperationException(name(), -result);
    }
    return new RawResult(result, operation.flags());
  }

  /** Returns whether nothing is known that would keep it from waiting for ever. */
  private boolean mayWaitForPeer() {
    return switch (opcode) {
      case IORING_OP_NOP,
          IORING_OP_FSYNC,
          IORING_OP_SYNC_FILE_RANGE,
          IORING_OP_FALLOCATE,
          IORING_OP_FTRUNCATE,
          IORING_OP_FADVISE,
          IORING_OP_MADVISE,
          IORING_OP_STATX,
          IORING_OP_RENAMEAT,
          IORING_OP_UNLINKAT,
          IORING_OP_MKDIRAT,
          IORING_OP_SYMLINKAT,
          IORING_OP_LINKAT,
          IORING_OP_FSETXATTR,
          IORING_OP_SETXATTR,
          IORING_OP_FGETXATTR,
          IORING_OP_GETXATTR ->
          false;
      case IORING_OP_READ,
          IORING_OP_WRITE,
          IORING_OP_READ_FIXED,
          IORING_OP_WRITE_FIXED,
          IORING_OP_READV,
          IORING_OP_WRITEV,
          IORING_OP_READV_FIXED,
          IORING_OP_WRITEV_FIXED ->
          descriptor == null; // the handle of one tells
      default -> true;
    };
  }

  String name() {
    return Opcode.describe(opcode);
  }

  @Nullable Descriptor descriptor() {
    return descriptor;
  }

  /** Returns whether its success says that what was written is safe, or on its way. */
  boolean syncs() {
    return (opcode == IORING_OP_FSYNC || opcode == IORING_OP_SYNC_FILE_RANGE) && descriptor != null;
  }

  @Nullable Duration limit() {
    return limit;
  }

  /** Fills an operation. */
  void prepare(Operation operation) {
    Handle handle = descriptor == null ? null : descriptor.handle();
    Handle other = second == null ? null : second.handle();
    encode(operation, handle, other);
    operation.using(handle, other, lent().stream().map(Lent::memory).toArray());
  }

  /** Returns 0 if a result is an error in name only, else the result. */
  int outcome(int result) {
    boolean isEnd = opcode == IORING_OP_TIMEOUT && result == -Errno.ETIME;
    return isEnd && (operationFlags & IORING_TIMEOUT_ETIME_SUCCESS) != 0 ? 0 : result;
  }

  private List<Lent> lent() {
    List<Lent> lent = new ArrayList<>(reachable);
    for (Lent each : new Lent[] {offsetMemory, memory, memory3}) {
      if (each != null) {
        lent.add(each);
      }
    }
    return lent;
  }

  /** Checks all that can be known before it is submitted. */
  void check(Engine engine) {
    check();
    requireUsableOn(engine);
  }

  void requireUsableOn(Engine engine) {
    requireUsable(descriptor, engine);
    requireUsable(second, engine);
  }

  private void check() {
    lent().forEach(Lent::check);
    if (opcode == IORING_OP_CLOSE && descriptor != null) {
      throw new IllegalArgumentException("close the descriptor itself, which counts its users");
    }
    if (isMultishot()) {
      throw new IllegalArgumentException("operation %d %s then".formatted(opcode, MANY));
    }
    if (fileIndex != 0 && takesSlots()) {
      throw new IllegalArgumentException("operation %d %s then".formatted(opcode, TABLES));
    }
    if (splices() && second != null && descriptor == null) {
      throw new IllegalArgumentException("there is a second descriptor but no first");
    }
    long bytes = bytesAtAddress();
    if (memory != null && bytes > memory.memory.byteSize()) {
      throw new IllegalArgumentException(
          "the length takes %d bytes of a segment of %d"
              .formatted(bytes, memory.memory.byteSize()));
    }
  }

  private boolean isMultishot() {
    int bits =
        switch (opcode) {
          case IORING_OP_POLL_ADD -> length & IORING_POLL_ADD_MULTI;
          case IORING_OP_TIMEOUT -> operationFlags & IORING_TIMEOUT_MULTISHOT;
          case IORING_OP_ACCEPT -> priority & IORING_ACCEPT_MULTISHOT;
          case IORING_OP_RECV, IORING_OP_RECVMSG -> priority & IORING_RECV_MULTISHOT;
          case IORING_OP_URING_CMD -> operationFlags & IORING_URING_CMD_MULTISHOT;
          default -> 0;
        };
    return bits != 0;
  }

  private boolean takesSlots() {
    return fillsSlots() || opcode == IORING_OP_CLOSE || opcode == IORING_OP_PIPE;
  }

  private boolean fillsSlots() {
    return switch (opcode) {
      case IORING_OP_OPENAT, IORING_OP_OPENAT2, IORING_OP_SOCKET, IORING_OP_ACCEPT -> true;
      default -> false;
    };
  }

  private boolean splices() {
    return opcode == IORING_OP_SPLICE || opcode == IORING_OP_TEE;
  }

  private boolean names() {
    return opcode == IORING_OP_RENAMEAT || opcode == IORING_OP_LINKAT;
  }

  /** Returns how many bytes it must transfer, or the kernel breaks a chain; 0 if it may be any. */
  int bytesWanted() {
    long bytes =
        switch (opcode) {
          case IORING_OP_READ,
              IORING_OP_WRITE,
              IORING_OP_READ_FIXED,
              IORING_OP_WRITE_FIXED,
              IORING_OP_SPLICE,
              IORING_OP_TEE ->
              Integer.toUnsignedLong(length);
          case IORING_OP_SEND, IORING_OP_SEND_ZC, IORING_OP_RECV ->
              (operationFlags & MSG_WAITALL) != 0 ? Integer.toUnsignedLong(length) : 0;
          case IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_READV_FIXED, IORING_OP_WRITEV_FIXED ->
              memory == null ? 0 : vectorBytes(memory.memory);
          default -> 0;
        };
    return (int) Math.min(bytes, MAX_RW_COUNT);
  }

  private long vectorBytes(MemorySegment vector) {
    long bytes = 0;
    for (int i = 0; i < length; i++) {
      bytes += vector.get(JAVA_LONG_UNALIGNED, (long) i * VECTOR_ENTRY_BYTES + Long.BYTES);
    }
    return bytes;
  }

  private long bytesAtAddress() {
    long count = Integer.toUnsignedLong(length);
    return switch (opcode) {
      case IORING_OP_READ,
          IORING_OP_WRITE,
          IORING_OP_READ_FIXED,
          IORING_OP_WRITE_FIXED,
          IORING_OP_SEND,
          IORING_OP_SEND_ZC,
          IORING_OP_RECV ->
          count;
      case IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_READV_FIXED, IORING_OP_WRITEV_FIXED ->
          count * VECTOR_ENTRY_BYTES;
      default -> 0;
    };
  }

  static void requireUsable(@Nullable Descriptor descriptor, Engine engine) {
    if (descriptor != null && !descriptor.handle().isUsableOn(engine)) {
      throw new IllegalArgumentException(
          "%s is registered with another ring than %s".formatted(descriptor, engine));
    }
  }

  /** Counts the operation in; the ring counts it out at the completion. */
  private void encode(Operation operation, @Nullable Handle handle, @Nullable Handle other) {
    int bits = operationFlags;
    int index = fileIndex;
    int size = length;
    if (other != null && splices()) {
      bits |= other instanceof RegisteredHandle ? SPLICE_F_FD_IN_FIXED : 0;
      index = other.fd();
    } else if (other != null && names()) {
      size = other.fd();
    } else if (other != null) {
      index = other.fd() + 1; // 0 would mean that there is no slot
    }
    operation.raw(
        opcode,
        flags,
        priority,
        handle != null ? handle.fd() : number,
        offset,
        address,
        size,
        bits,
        bufferIndex,
        personality,
        index,
        address3,
        last);
  }

  @Override
  public String toString() {
    return "RawOperation[%d%s]".formatted(opcode, descriptor == null ? "" : " on " + descriptor);
  }
}
