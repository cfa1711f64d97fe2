package io.ringspun;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Timespec;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawStep;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.TableSlot;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The description of one operation of a {@link Chain} or a {@link Batch}. A step is a value:
 * creating it neither blocks nor reaches the kernel, and it can be run any number of times, in any
 * number of chains and batches.
 *
 * <p>The most common steps have methods of the same names in {@link Chain} and {@link Batch}.
 * {@link io.ringspun.file.FileSteps} has steps for files and names. Other classes have methods
 * whose names end in {@code Step}, such as {@link io.ringspun.net.RingSocket#connectStep
 * RingSocket.connectStep}, {@link io.ringspun.os.Poll#awaitStep Poll.awaitStep} and {@link
 * TableSlot#closeStep}. {@link RawOperation#toStep} creates a step of any operation of the kernel.
 * The method {@code add} of {@link Chain} and {@link Batch} adds any step, and {@link
 * Ring#run(Step)} runs a single one:
 *
 * {@snippet :
 * Step sync = Step.fdatasync(log).within(Duration.ofSeconds(1));
 * Outcomes outcomes = ring.chain().write(log, page, 0).add(sync).run();
 * }
 *
 * <p>The modifiers {@link #within}, {@link #evenIfPreviousFailed}, {@link #afterEverythingElse} and
 * {@link #onKernelWorker} return a new step and leave the original unchanged.
 *
 * <p>Immutable and thread-safe. A step with a confined segment or a lease can be run only by the
 * thread that owns the segment or lease. The memory is lent to the kernel from the start of each
 * run to its end.
 *
 * @since 0.1
 */
public final class Step {

  /** The kind of a step. */
  private enum Kind {
    NOP("nop") {
      @Override
      void encode(Step step, Operation operation, int fd, long address, int slot) {
        operation.nop();
      }
    },
    READ("read") {
      @Override
      void encode(Step step, Operation operation, int fd, long address, int slot) {
        if (slot < 0) {
          operation.read(fd, address, step.length, step.position);
        } else {
          operation.readFixed(fd, address, step.length, step.position, slot);
        }
      }
    },
    WRITE("write") {
      @Override
      void encode(Step step, Operation operation, int fd, long address, int slot) {
        if (slot < 0) {
          operation.write(fd, address, step.length, step.position);
        } else {
          operation.writeFixed(fd, address, step.length, step.position, slot);
        }
      }
    },
    FSYNC("fsync") {
      @Override
      void encode(Step step, Operation operation, int fd, long address, int slot) {
        operation.fsync(fd, 0);
      }
    },
    FDATASYNC("fdatasync") {
      @Override
      void encode(Step step, Operation operation, int fd, long address, int slot) {
        operation.fsync(fd, Constants.IORING_FSYNC_DATASYNC);
      }
    },
    SEND("send") {
      @Override
      void encode(Step step, Operation operation, int fd, long address, int slot) {
        operation.send(fd, address, step.length, Constants.MSG_WAITALL | Constants.MSG_NOSIGNAL);
      }
    },
    RECEIVE("recv") {
      @Override
      void encode(Step step, Operation operation, int fd, long address, int slot) {
        operation.recv(fd, address, step.length, Constants.MSG_WAITALL);
      }
    },
    SHUTDOWN("shutdown") {
      @Override
      void encode(Step step, Operation operation, int fd, long address, int slot) {
        operation.shutdown(fd, Constants.SHUT_WR);
      }
    },
    RAW("raw") {
      @Override
      void encode(Step step, Operation operation, int fd, long address, int slot) {
        throw new AssertionError("a raw operation encodes itself");
      }
    };

    private final String operation; // the kernel's name

    Kind(String operation) {
      this.operation = operation;
    }

    /**
     * Fills an operation.
     *
     * @param fd the descriptor's number, or -1
     * @param address the address of the memory, or 0
     * @param slot the index of the lease's buffer in the ring's table, or negative
     */
    abstract void encode(Step step, Operation operation, int fd, long address, int slot);
  }

  static {
    RawStep.Factory.set(Step::new);
  }

  private final Kind kind;
  private final @Nullable Descriptor target;
  private final @Nullable MemorySegment memory;
  private final @Nullable LentBuffer buffer; // the owner of the memory, if it is leased
  private final int length; // size of the memory in bytes
  private final long position;
  private final @Nullable RawStep raw; // never changed
  private final @Nullable Duration limit;
  private final boolean evenIfPreviousFailed;
  private final boolean afterEverythingElse;
  private final boolean onKernelWorker;

  private Step(
      Kind kind,
      @Nullable Descriptor target,
      @Nullable MemorySegment memory,
      @Nullable LentBuffer buffer,
      long position) {
    this.kind = kind;
    this.target = target;
    this.memory = memory;
    this.buffer = buffer;
    this.position = position;
    length = memory == null ? 0 : (int) Math.min(memory.byteSize(), Constants.MAX_RW_COUNT);
    raw = null;
    limit = null;
    evenIfPreviousFailed = false;
    afterEverythingElse = false;
    onKernelWorker = false;
  }

  /**
   * Creates a step of a raw operation.
   *
   * @param raw an operation that is no longer changed
   */
  private Step(RawStep raw) {
    kind = Kind.RAW;
    target = (Descriptor) raw.descriptor();
    memory = null;
    buffer = null;
    position = 0;
    length = 0;
    this.raw = raw;
    limit = raw.limit();
    evenIfPreviousFailed = false;
    afterEverythingElse = false;
    onKernelWorker = false;
  }

  private Step(
      Step other,
      @Nullable Duration limit,
      boolean evenIfPreviousFailed,
      boolean afterEverythingElse,
      boolean onKernelWorker) {
    kind = other.kind;
    target = other.target;
    memory = other.memory;
    buffer = other.buffer;
    position = other.position;
    length = other.length;
    raw = other.raw;
    this.limit = limit;
    this.evenIfPreviousFailed = evenIfPreviousFailed;
    this.afterEverythingElse = afterEverythingElse;
    this.onKernelWorker = onKernelWorker;
  }

  // ---- common steps --------------------------------------------------------------------

  /**
   * Returns a step that does nothing ({@code IORING_OP_NOP}, Linux 5.1).
   *
   * @return the step
   */
  public static Step nop() {
    return new Step(Kind.NOP, null, null, null, 0);
  }

  /**
   * Returns a step that reads at a position ({@code IORING_OP_READ}, Linux 5.6). The step falls
   * short if it transfers fewer bytes than the segment's size.
   *
   * @param source the file to read
   * @param target the segment to fill; at most 2 GiB less a page are requested
   * @param position the position of the first byte, in bytes from the beginning
   * @return the step, whose result is the number of bytes read
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, confined to
   *     another thread, or misaligned for direct I/O, or the position is negative or too large
   * @throws IllegalStateException if the segment's arena is closed
   */
  public static Step read(Descriptor source, MemorySegment target, long position) {
    Lending.requireUsable(target, true);
    Arguments.requirePosition(position, target.byteSize());
    source.checkTransfer(target, position, false);
    return new Step(Kind.READ, source, target, null, position);
  }

  /**
   * Returns a step that reads at a position into the buffer of a lease and requests its whole size.
   * The lease must be open when the step runs, and its thread must run it. {@link Lease#filled}
   * then returns the bytes read; of several reads into one lease, those of the last one added. If
   * the lease's pool is registered with the ring that runs the step, the kernel need not pin the
   * memory ({@code IORING_OP_READ_FIXED}, Linux 5.1); otherwise this is {@link #read(Descriptor,
   * MemorySegment, long)}.
   *
   * @param source the file to read
   * @param target the lease to read into
   * @param position the position of the first byte, in bytes from the beginning
   * @return the step, whose result is the number of bytes read
   * @throws IllegalArgumentException if the position is negative or too large, or the position or
   *     the size is misaligned for direct I/O
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took the lease
   */
  public static Step read(Descriptor source, Lease target, long position) {
    LentBuffer buffer = LentBuffer.of(target);
    MemorySegment memory = buffer.memory();
    Arguments.requirePosition(position, memory.byteSize());
    source.checkTransfer(memory, position, false);
    return new Step(Kind.READ, source, memory, buffer, position);
  }

  /**
   * Returns a step that writes at a position ({@code IORING_OP_WRITE}, Linux 5.6). The step falls
   * short if it transfers fewer bytes than the segment's size.
   *
   * @param target the file to write
   * @param source the bytes to write, at most 2 GiB less a page
   * @param position the position of the first byte, in bytes from the beginning
   * @return the step, whose result is the number of bytes written
   * @throws IllegalArgumentException if the segment is empty, on the heap, confined to another
   *     thread, or misaligned for direct I/O, or the position is negative or too large
   * @throws IllegalStateException if the segment's arena is closed
   */
  public static Step write(Descriptor target, MemorySegment source, long position) {
    Lending.requireUsable(source, false);
    Arguments.requirePosition(position, source.byteSize());
    target.checkTransfer(source, position, true);
    return new Step(Kind.WRITE, target, source, null, position);
  }

  /**
   * Returns a step that writes the first bytes of the buffer of a lease at a position. The buffer
   * may be filled by an earlier step of the chain; bytes that were never filled are zero. The lease
   * must be open when the step runs, and its thread must run it. If the lease's pool is registered
   * with the ring that runs the step, the kernel need not pin the memory ({@code
   * IORING_OP_WRITE_FIXED}, Linux 5.1); otherwise this is {@link #write(Descriptor, MemorySegment,
   * long)}.
   *
   * @param target the file to write
   * @param source the lease to write from
   * @param length the number of bytes, from 1 to the size of the buffer
   * @param position the position of the first byte, in bytes from the beginning
   * @return the step, whose result is the number of bytes written
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalArgumentException if the position is negative or too large, or the position or
   *     the length is misaligned for direct I/O
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took the lease
   */
  public static Step write(Descriptor target, Lease source, int length, long position) {
    LentBuffer buffer = LentBuffer.of(source);
    MemorySegment memory = buffer.first(length);
    Arguments.requirePosition(position, length);
    target.checkTransfer(memory, position, true);
    return new Step(Kind.WRITE, target, memory, buffer, position);
  }

  /**
   * Returns a step that flushes data and metadata to the device ({@code IORING_OP_FSYNC}, Linux
   * 5.1).
   *
   * @param target the file
   * @return the step
   */
  public static Step fsync(Descriptor target) {
    return new Step(Kind.FSYNC, Objects.requireNonNull(target), null, null, 0);
  }

  /**
   * Returns a step that flushes data, and the metadata needed to read it again, to the device
   * ({@code IORING_OP_FSYNC} with {@code IORING_FSYNC_DATASYNC}, Linux 5.1).
   *
   * @param target the file
   * @return the step
   */
  public static Step fdatasync(Descriptor target) {
    return new Step(Kind.FDATASYNC, Objects.requireNonNull(target), null, null, 0);
  }

  /**
   * Returns a step that sends all bytes of a segment to a connected socket ({@code IORING_OP_SEND}
   * with {@code MSG_WAITALL}, Linux 5.6). The step falls short if it sends fewer bytes, for example
   * because of an error or because the peer has closed the connection.
   *
   * @param target a stream socket
   * @param source the bytes to send, at most 2 GiB less a page
   * @return the step, whose result is the number of bytes sent
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread
   * @throws IllegalStateException if the segment's arena is closed
   */
  public static Step send(Descriptor target, MemorySegment source) {
    Objects.requireNonNull(target);
    Lending.requireUsable(source, false);
    return new Step(Kind.SEND, target, source, null, 0);
  }

  /**
   * Returns a step that receives from a socket until a segment is full ({@code IORING_OP_RECV} with
   * {@code MSG_WAITALL}, Linux 5.6). The step falls short if the stream ends earlier.
   *
   * @param source a stream socket
   * @param target the segment to fill; at most 2 GiB less a page are requested
   * @return the step, whose result is the number of bytes received
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if the segment's arena is closed
   */
  public static Step receive(Descriptor source, MemorySegment target) {
    Objects.requireNonNull(source);
    Lending.requireUsable(target, true);
    return new Step(Kind.RECEIVE, source, target, null, 0);
  }

  /**
   * Returns a step that shuts down the output side of a socket ({@code IORING_OP_SHUTDOWN}, Linux
   * 5.11).
   *
   * @param target a stream socket
   * @return the step
   */
  public static Step shutdownOutput(Descriptor target) {
    return new Step(Kind.SHUTDOWN, Objects.requireNonNull(target), null, null, 0);
  }

  /**
   * Returns a step that waits for a time ({@code IORING_OP_TIMEOUT} with {@code
   * IORING_TIMEOUT_ETIME_SUCCESS}, Linux 5.16). In a chain the next step begins when the time has
   * elapsed.
   *
   * @param time positive; measured by {@code CLOCK_MONOTONIC}, which stops while the machine is
   *     suspended
   * @return the step
   * @throws IllegalArgumentException if not positive
   */
  public static Step delay(Duration time) {
    Arguments.timeoutNanos(time);
    return RawOperation.of(Constants.IORING_OP_TIMEOUT)
        .address(Timespec.of(time), RawOperation.Access.READS)
        .length(1)
        .operationFlags(Constants.IORING_TIMEOUT_ETIME_SUCCESS)
        .toStep();
  }

  // ---- modifiers -----------------------------------------------------------------------------

  /**
   * Returns a copy of this step with a time limit of its own, measured from the moment the kernel
   * starts the step ({@code IORING_OP_LINK_TIMEOUT}, Linux 5.5). When it expires, the step is
   * cancelled, which breaks the chain. It replaces an earlier limit of this step.
   *
   * <p>Only for chains; the method {@code within} of a {@link Batch} limits the batch as a whole.
   * The limit takes an entry of the ring's submission queue and counts against its in-flight limit,
   * like a step.
   *
   * <p>An operation that the hardware has started runs to its end. Since Linux 6.15 the kernel does
   * not apply the limit to operations that run entirely on a kernel worker, such as a splice, a
   * sync or a rename. The method {@code within} of the {@link Chain} cancels these if the worker
   * can be woken.
   *
   * @param limit positive; measured by {@code CLOCK_MONOTONIC}, which stops while the machine is
   *     suspended
   * @return a new step
   * @throws IllegalArgumentException if not positive
   */
  public Step within(Duration limit) {
    Arguments.timeoutNanos(limit);
    return new Step(this, limit, evenIfPreviousFailed, afterEverythingElse, onKernelWorker);
  }

  /**
   * Returns a copy of this step that runs even if the previous step of the chain failed or fell
   * short ({@code IOSQE_IO_HARDLINK} of that step, Linux 5.5). It still waits for that step to end.
   * If an earlier step broke the chain, so that the previous step was cancelled, this step is
   * cancelled too.
   *
   * <p>Only for chains, and not for their first step.
   *
   * @return a new step
   */
  public Step evenIfPreviousFailed() {
    return new Step(this, limit, true, afterEverythingElse, onKernelWorker);
  }

  /**
   * Returns a copy of this step that makes its chain begin only after every operation in flight on
   * the ring has ended, and makes every later operation wait for the end of the chain. This applies
   * to the chain as a whole, so only its first step can have this modifier. Only for chains.
   * Ringspun keeps this order itself, because the kernel's {@code IOSQE_IO_DRAIN} would also wait
   * for the ring's own wake-up read, which never ends.
   *
   * <p>Some operations are exempt; they neither delay the chain nor wait for it:
   *
   * <ul>
   *   <li>operations that may wait indefinitely for a peer: transfers of pipes, sockets and
   *       terminals, accepts, connects, polls, timers, futexes and multishot operations;
   *   <li>operations that end such a wait: closes, shutdowns and cancels.
   * </ul>
   *
   * <p>If the chain itself has a step that may wait indefinitely, later operations wait only for
   * the steps before that one. Reads and writes of a {@linkplain TableSlot slot} are not exempt,
   * because the type of its content is unknown.
   *
   * @return a new step
   */
  public Step afterEverythingElse() {
    return new Step(this, limit, evenIfPreviousFailed, true, onKernelWorker);
  }

  /**
   * Returns a copy of this step that runs on a kernel worker from the start ({@code IOSQE_ASYNC},
   * Linux 5.6), without an initial non-blocking attempt. With this modifier, opening a FIFO waits
   * for the other end.
   *
   * @return a new step
   */
  public Step onKernelWorker() {
    return new Step(this, limit, evenIfPreviousFailed, afterEverythingElse, true);
  }

  // ---- for chains and batches ----------------------------------------------------------------

  /**
   * Returns the name of the operation; see {@link OperationException#operation}.
   *
   * @return the name of the system call or of the {@code IORING_OP_} constant in lower case, for
   *     example {@code "fsync"}
   */
  public String operation() {
    return raw == null ? kind.operation : raw.name();
  }

  @Nullable Descriptor target() {
    return target;
  }

  @Nullable MemorySegment memory() {
    return memory;
  }

  @Nullable LentBuffer buffer() {
    return buffer;
  }

  @Nullable RawStep raw() {
    return raw;
  }

  @Nullable Duration limit() {
    return limit;
  }

  boolean runsEvenIfPreviousFailed() {
    return evenIfPreviousFailed;
  }

  boolean runsAfterEverythingElse() {
    return afterEverythingElse;
  }

  /** Returns whether the kernel writes to the memory. */
  boolean fills() {
    return kind == Kind.READ || kind == Kind.RECEIVE;
  }

  /** Returns whether this is a sync, which may report lost data. */
  boolean syncs() {
    return raw != null ? raw.syncs() : kind == Kind.FSYNC || kind == Kind.FDATASYNC;
  }

  /** Returns how many bytes of the memory are lent to the kernel. */
  int length() {
    return length;
  }

  /** Returns the number of bytes below which this falls short, or 0 if any number will do. */
  int bytesWanted() {
    return raw != null ? raw.bytesWanted() : length;
  }

  /** Refuses a ring that cannot use the step's descriptors. */
  void requireUsableOn(Engine engine) {
    if (raw != null) {
      raw.requireUsableOn(engine);
    } else if (target != null) {
      target.handle().requireUsableOn(engine, target);
    }
  }

  /** Returns whether any ring can run this that knows the step's descriptor. */
  boolean canMoveTo(Engine engine) {
    return raw == null && (target == null || target.handle().isUsableOn(engine));
  }

  /** Converts the kernel's result to the result for the caller. */
  int result(int answer) {
    int result = raw == null ? answer : raw.outcome(answer);
    return target != null && syncs() ? target.handle().syncResult(result) : result;
  }

  /**
   * Encodes an operation, unless this is a raw one.
   *
   * @param fd the descriptor's number, or -1
   * @param address the address of the memory, or 0
   */
  void encode(Operation operation, Engine engine, int fd, long address) {
    kind.encode(this, operation, fd, address, buffer == null ? -1 : buffer.slot(engine));
    if (onKernelWorker) {
      operation.async();
    }
  }

  /** Encodes a raw operation and acquires its handles. */
  void prepareRaw(RawStep raw, Operation operation) throws ClosedChannelException {
    raw.prepare(operation);
    if (onKernelWorker) {
      operation.async();
    }
  }

  @Override
  public String toString() {
    return target == null
        ? "Step[%s]".formatted(operation())
        : "Step[%s of %s]".formatted(operation(), target);
  }
}
