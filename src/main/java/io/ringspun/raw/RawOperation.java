package io.ringspun.raw;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.ringspun.Batch;
import io.ringspun.Chain;
import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.Step;
import io.ringspun.buffer.BufferRing;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.Opcode.Trait;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawStep;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An operation described by the fields of {@code struct io_uring_sqe}. It covers operations for
 * which Ringspun has no method, including those of newer kernels. {@link Raw#run} runs it, any
 * number of times, and {@link #toStep} converts it to a step of a {@link Chain} or {@link Batch}.
 * Not thread-safe. All fields are initially 0, except for the descriptor, which is -1.
 *
 * <p>Descriptors are held open and segments kept alive until the kernel has completed the
 * operation. Ringspun does not interpret the fields: a number that the kernel uses as an address,
 * or a length beyond the memory at an address, may corrupt memory, as in native code. Only the
 * lengths of reads, writes, receives and sends are checked.
 *
 * <p>Operations that a ring cannot run safely are refused with {@link IllegalArgumentException}:
 * those that complete many times, that refer to other operations or rings, that change the ring's
 * tables of files and buffers, or that need entries of 128 bytes. Of the {@code IOSQE_} flags only
 * {@code ASYNC} is allowed.
 *
 * @since 0.1
 */
public final class RawOperation {
  private static final int OPCODE_MAX = 0xff;
  private static final int VECTOR_ENTRY_BYTES = 16; // struct iovec

  private static final String BY_NUMBER =
      "refers to operations by numbers that only the ring knows";
  private static final String TABLES = "changes tables that the ring manages";
  private static final String MANY = "completes many times";
  private static final String LARGE = "needs a ring with entries of 128 bytes";
  private static final Map<Integer, String> REFUSED =
      Map.ofEntries(
          Map.entry(IORING_OP_ASYNC_CANCEL, BY_NUMBER),
          Map.entry(IORING_OP_POLL_REMOVE, BY_NUMBER),
          Map.entry(IORING_OP_TIMEOUT_REMOVE, BY_NUMBER),
          Map.entry(IORING_OP_LINK_TIMEOUT, "belongs to a chain"),
          Map.entry(IORING_OP_MSG_RING, "posts completions to other rings"),
          Map.entry(IORING_OP_FILES_UPDATE, TABLES),
          Map.entry(IORING_OP_PROVIDE_BUFFERS, TABLES),
          Map.entry(IORING_OP_REMOVE_BUFFERS, TABLES),
          Map.entry(IORING_OP_NOP128, LARGE),
          Map.entry(IORING_OP_URING_CMD128, LARGE));

  /** How the kernel accesses memory. */
  public enum Access {
    /** The kernel reads the memory, as for a write to a file. */
    READS,
    /** The kernel writes to the memory, and may read it. */
    WRITES
  }

  /** Memory lent to the kernel. */
  private record Lent(MemorySegment memory, Access access) {
    private Lent {
      Objects.requireNonNull(memory);
      Objects.requireNonNull(access);
    }

    void check() {
      Lending.requireUsable(memory, access == Access.WRITES);
      if (!Lending.isLendable(memory)) {
        throw new IllegalArgumentException(
            "the segment belongs to a shared arena, which any thread may close: use one that is"
                + " confined, automatic or global");
      }
    }
  }

  static {
    try {
      MethodHandles.lookup().ensureInitialized(Step.class); // which hands in how steps are made
    } catch (IllegalAccessException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** An operation that nobody changes any more. */
  private record Frozen(RawOperation operation) implements RawStep {
    @Override
    public @Nullable Object descriptor() {
      return operation.descriptor;
    }

    @Override
    public String name() {
      return operation.name();
    }

    @Override
    public @Nullable Duration limit() {
      return operation.limit;
    }

    @Override
    public boolean syncs() {
      return operation.syncs();
    }

    @Override
    public int bytesWanted() {
      return operation.bytesWanted();
    }

    @Override
    public int outcome(int result) {
      return operation.outcome(result);
    }

    @Override
    public void check(Engine engine) {
      operation.check(engine);
    }

    @Override
    public void requireUsableOn(Engine engine) {
      operation.requireUsableOn(engine);
    }

    @Override
    public void prepare(Operation entry) {
      operation.prepare(entry);
    }
  }

  private final int opcode;
  private int flags;
  private int priority;
  private @Nullable Descriptor descriptor;
  private int number = -1;
  private @Nullable Descriptor second; // its meaning depends on the opcode
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
   * Creates a description of an operation.
   *
   * @param opcode its {@code IORING_OP_} number, whether known to this library or not
   * @return the description, whose fields are to be set
   * @throws IllegalArgumentException if the opcode is not from 0 to 255, or a ring cannot run the
   *     operation safely; the message says why
   */
  public static RawOperation of(int opcode) {
    if (opcode < 0 || opcode > OPCODE_MAX) {
      throw new IllegalArgumentException("the opcode must be from 0 to 255: " + opcode);
    }
    String reason = Opcode.has(opcode, Trait.MULTISHOT) ? MANY : REFUSED.get(opcode);
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
   * @throws IllegalArgumentException if other bits are set: {@code FIXED_FILE} follows from the
   *     descriptor; {@link Chain} replaces {@code IO_LINK}, {@code IO_HARDLINK} and {@code
   *     IO_DRAIN}; {@link BufferRing} replaces {@code BUFFER_SELECT}; {@code CQE_SKIP_SUCCESS}
   *     would leave the caller waiting
   */
  public RawOperation flags(int bits) {
    if ((bits & ~IOSQE_ASYNC) != 0) {
      throw new IllegalArgumentException("only the flag IOSQE_ASYNC may be set: " + bits);
    }
    flags = bits;
    return this;
  }

  /**
   * Sets {@code sqe->fd} to a descriptor, which is held open while the operation is in flight.
   *
   * @param target a file, a socket or another descriptor
   * @return this
   */
  public RawOperation on(Descriptor target) {
    descriptor = Objects.requireNonNull(target);
    return this;
  }

  /**
   * Sets {@code sqe->fd} to a number: {@code AT_FDCWD}, or another value of an operation that takes
   * no descriptor there. If the number is a descriptor, the caller must keep it open.
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
   * Sets {@code sqe->splice_fd_in}, and {@code SPLICE_F_FD_IN_FIXED} if needed, of {@code
   * IORING_OP_SPLICE} and {@code IORING_OP_TEE}. The descriptor is held open while the operation is
   * in flight.
   *
   * @param source where the bytes come from
   * @return this
   * @throws IllegalArgumentException if this is another operation
   */
  public RawOperation splicingFrom(Descriptor source) {
    if (!has(Trait.SPLICES)) {
      throw new IllegalArgumentException("only splice and tee have a second descriptor");
    }
    second = Objects.requireNonNull(source);
    return this;
  }

  /**
   * Sets {@code sqe->file_index} of {@code IORING_OP_OPENAT}, {@code OPENAT2} (Linux 5.15), {@code
   * ACCEPT} (5.15) and {@code SOCKET} (5.19), so that the opened file or socket goes into a slot
   * and replaces its content. The kernel then refuses {@code O_CLOEXEC} and {@code SOCK_CLOEXEC}.
   * The slot stays reserved while the operation is in flight.
   *
   * @param slot a slot of the ring that is to run this
   * @return this
   * @throws IllegalArgumentException if this is another operation
   */
  public RawOperation into(TableSlot slot) {
    if (!has(Trait.FILLS_SLOT)) {
      throw new IllegalArgumentException("operation %d cannot open into a slot".formatted(opcode));
    }
    second = Objects.requireNonNull(slot);
    return this;
  }

  /**
   * Sets {@code sqe->len} of {@code IORING_OP_RENAMEAT} and {@code LINKAT} to a directory, which is
   * held open while the operation is in flight.
   *
   * @param directory the directory that the new name is relative to
   * @return this
   * @throws IllegalArgumentException if this is another operation, or the directory has no
   *     descriptor
   */
  public RawOperation movingTo(Descriptor directory) {
    if (!has(Trait.GIVES_NAME) || Handle.of(directory) instanceof RegisteredHandle) {
      throw new IllegalArgumentException(
          "%s cannot be the new directory of operation %d".formatted(directory, opcode));
    }
    second = Objects.requireNonNull(directory);
    return this;
  }

  /**
   * Sets {@code sqe->off} of {@code IORING_OP_EPOLL_CTL} to a descriptor, which is held open while
   * the operation is in flight.
   *
   * @param member the descriptor to add, change or remove
   * @return this
   * @throws IllegalArgumentException if this is another operation, or the descriptor is registered
   *     with a ring and has no number
   */
  public RawOperation member(Descriptor member) {
    if (opcode != IORING_OP_EPOLL_CTL || Handle.of(member) instanceof RegisteredHandle) {
      throw new IllegalArgumentException(
          "%s cannot be the member of operation %d".formatted(member, opcode));
    }
    second = Objects.requireNonNull(member);
    return this;
  }

  /** Returns a step that closes the content of a slot. */
  static Step emptying(TableSlot slot) {
    RawOperation operation =
        new RawOperation(IORING_OP_CLOSE).on(0); // the kernel refuses anything else
    operation.second = slot;
    return step(operation);
  }

  /**
   * Sets {@code sqe->ioprio}.
   *
   * @param value a priority, or another value that the operation takes there; 16 bits
   * @return this
   */
  public RawOperation priority(int value) {
    priority = value;
    return this;
  }

  /**
   * Sets {@code sqe->off}, or {@code sqe->cmd_op} of a command.
   *
   * @param value a position, or another value that the operation takes there
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
   * @param segment native memory, but not of a shared arena
   * @param access how the kernel accesses it
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
   * @param value a value that is not an address
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
   * @param segment native memory, but not of a shared arena
   * @param access how the kernel accesses it
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
   * @param value the number of bytes, buffers or other units
   * @return this
   */
  public RawOperation length(int value) {
    length = value;
    return this;
  }

  /**
   * Sets {@code sqe->rw_flags} or the operation's other member of that union.
   *
   * @param value flags that the operation defines
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
   * Sets {@code sqe->personality}. The operation runs with the credentials as they were when they
   * were registered, even if the process has since dropped privileges. Ringspun registers none.
   *
   * @param value the number of registered credentials, 16 bits
   * @return this
   */
  public RawOperation personality(int value) {
    personality = value;
    return this;
  }

  /**
   * Sets {@code sqe->file_index} or the operation's other member of that union.
   *
   * @param value a value that the operation takes there, for example the options of {@code
   *     IORING_OP_WAITID} or the length of a socket option
   * @return this
   */
  public RawOperation fileIndex(int value) {
    fileIndex = value;
    return this;
  }

  /**
   * Sets {@code sqe->addr3}.
   *
   * @param value a value that is not an address
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
   * @param segment native memory, but not of a shared arena
   * @param access how the kernel accesses it
   * @return this
   */
  public RawOperation address3(MemorySegment segment, Access access) {
    address3 = segment.address();
    memory3 = new Lent(segment, access);
    return this;
  }

  /**
   * Sets the 16 bytes of {@code sqe->cmd}, which overlap {@code sqe->addr3} ({@code
   * IORING_OP_URING_CMD}, Linux 5.19). The 80 bytes of rings with larger entries are not supported.
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
   * Checks and keeps alive a segment that the kernel reaches indirectly, for example through an
   * array of {@code struct iovec}.
   *
   * @param segment native memory, but not of a shared arena
   * @param access how the kernel accesses it
   * @return this
   */
  public RawOperation reaching(MemorySegment segment, Access access) {
    reachable.add(new Lent(segment, access));
    return this;
  }

  /**
   * Sets a time limit. It counts from the start of each {@link Raw#run}; in a chain it acts like
   * {@link Step#within}.
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
   * Returns a step with the current fields. Later changes to this object do not affect it.
   *
   * <p>A read, write, splice or tee falls short if it transfers fewer bytes than its length, and so
   * does a send or receive with {@code MSG_WAITALL}. For any other operation the caller has to
   * check the result.
   *
   * @return a new step
   * @throws IllegalArgumentException if {@link Raw#run} would refuse this for any reason except a
   *     descriptor that is registered with another ring
   * @throws IllegalStateException if a segment's arena is closed
   */
  public Step toStep() {
    check();
    return step(new RawOperation(this));
  }

  /** Returns a step that does what nobody changes any more. */
  private static Step step(RawOperation operation) {
    return (Step) RawStep.Factory.stepOf(new Frozen(operation));
  }

  RawResult run(Engine engine) throws IOException {
    check(engine);
    Descriptor synced = syncs() ? descriptor : null;
    if (synced != null) {
      requireNoDataLost(synced);
    }
    Call call = Call.batch(1); // never reused, so that its flags can be read once it has ended
    call.within(limit == null ? 0 : Arguments.timeoutNanos(limit));
    Operation operation = call.operation(0);
    prepare(operation);
    if (mayWaitForPeer()) {
      operation.openEnded();
    }
    engine.runAll(call);
    int result = outcome(engine.result(call, 0));
    if (synced != null) {
      result = Handle.of(synced).syncResult(result);
    }
    if (result < 0) {
      throw new OperationException(name(), -result);
    }
    return new RawResult(result, operation.flags());
  }

  private void requireNoDataLost(Descriptor synced) throws OperationException {
    int lost = Handle.of(synced).lostData();
    if (lost != 0) {
      throw new OperationException(name(), lost, Handle.DATA_LOST);
    }
  }

  /** Returns whether this may wait indefinitely for a peer. */
  private boolean mayWaitForPeer() {
    if (has(Trait.TRANSFERS)) {
      return descriptor == null; // the handle decides
    }
    return !has(Trait.LOCAL);
  }

  private String name() {
    return Opcode.describe(opcode);
  }

  /** Returns whether this is a sync, which may report lost data. */
  private boolean syncs() {
    return has(Trait.SYNCS) && descriptor != null;
  }

  /** Fills an operation. */
  private void prepare(Operation operation) {
    Handle handle = descriptor == null ? null : Handle.of(descriptor);
    Handle other = second == null ? null : Handle.of(second);
    encode(operation, handle, other);
    operation.on(handle).with(other).lending(lent().stream().map(Lent::memory).toArray());
  }

  /** Returns 0 if a result is an error code that means success, else the result. */
  private int outcome(int result) {
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

  /** Checks everything that can be checked before submission. */
  private void check(Engine engine) {
    check();
    requireUsableOn(engine);
  }

  private void requireUsableOn(Engine engine) {
    requireUsable(descriptor, engine);
    requireUsable(second, engine);
  }

  private void check() {
    lent().forEach(Lent::check);
    if (opcode == IORING_OP_CLOSE && descriptor != null) {
      throw new IllegalArgumentException(
          "close the Descriptor object instead, which counts its users");
    }
    if (isMultishot()) {
      throw new IllegalArgumentException("operation %d %s then".formatted(opcode, MANY));
    }
    if (fileIndex != 0 && takesSlots()) {
      throw new IllegalArgumentException("operation %d %s then".formatted(opcode, TABLES));
    }
    if (has(Trait.SPLICES) && second != null && descriptor == null) {
      throw new IllegalArgumentException("there is a second descriptor but no first one");
    }
    long bytes = bytesAtAddress();
    if (memory != null && bytes > memory.memory.byteSize()) {
      throw new IllegalArgumentException(
          "the length is %d bytes but the segment has %d"
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
    return has(Trait.CHANGES_SLOT) || opcode == IORING_OP_PIPE;
  }

  private boolean has(Trait trait) {
    return Opcode.has(opcode, trait);
  }

  /**
   * Returns how many bytes it must transfer for the kernel not to break a chain, or 0 if any number
   * will do.
   */
  private int bytesWanted() {
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

  private static void requireUsable(@Nullable Descriptor descriptor, Engine engine) {
    if (descriptor != null) {
      Handle.of(descriptor).requireUsableOn(engine, descriptor);
    }
  }

  /** Acquires the handles; the ring releases them at the completion. */
  private void encode(Operation operation, @Nullable Handle handle, @Nullable Handle other) {
    int bits = operationFlags;
    int index = fileIndex;
    int size = length;
    long at = offset;
    if (other != null && opcode == IORING_OP_EPOLL_CTL) {
      at = other.fd();
    } else if (other != null && has(Trait.SPLICES)) {
      bits |= other instanceof RegisteredHandle ? SPLICE_F_FD_IN_FIXED : 0;
      index = other.fd();
    } else if (other != null && has(Trait.GIVES_NAME)) {
      size = other.fd();
    } else if (other != null) {
      index = other.fd() + 1; // 0 means no slot
    }
    operation.raw(
        opcode,
        flags,
        priority,
        handle != null ? handle.fd() : number,
        at,
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
