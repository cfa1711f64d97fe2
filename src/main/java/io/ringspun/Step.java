package io.ringspun;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Timespec;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Operation;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One operation of a {@link Chain} or a {@link Batch}, described. Nothing here blocks or reaches
 * the kernel: a step is a value, to be run as often as wanted, in as many chains and batches as
 * wanted.
 *
 * <p>The everyday steps have methods of the same names in {@link Chain} and {@link Batch}. {@code
 * io.ringspun.file.FileSteps}, {@code io.ringspun.net.SocketSteps} and {@code
 * io.ringspun.os.SystemSteps} have more, and {@link RawOperation#toStep} makes one of anything that
 * the kernel knows. {@link Transaction#add} takes them all, and {@link Ring#run(Step)} runs one by
 * itself:
 *
 * {@snippet :
 * Step sync = Step.fdatasync(log).within(Duration.ofSeconds(1));
 * Outcomes outcomes = ring.chain().write(log, page, 0).add(sync).run();
 * }
 *
 * <p>The modifiers {@link #within}, {@link #evenIfPreviousFailed}, {@link #afterEverythingElse} and
 * {@link #onKernelWorker} return a new step and leave the old one as it is.
 *
 * <p>Immutable, and safe for use by many threads, as far as its memory is: a segment that is
 * confined to a thread, or the lease that a thread took, can be used only by runs of that thread.
 * The memory is lent to the kernel from the start of each run to its end.
 *
 * @since 0.1
 */
public final class Step {

  /** What a step does. */
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

    private final String operation; // as the kernel calls it

    Kind(String operation) {
      this.operation = operation;
    }

    /**
     * Fills an operation.
     *
     * @param fd the descriptor's number, or -1
     * @param address where the memory is, or 0
     * @param slot where the ring has registered the lease's buffer, or negative
     */
    abstract void encode(Step step, Operation operation, int fd, long address, int slot);
  }

  private final Kind kind;
  private final @Nullable Descriptor target;
  private final @Nullable MemorySegment memory;
  private final @Nullable LentBuffer buffer; // whose memory it is, if that is leased
  private final int length; // of the memory, in bytes
  private final long position;
  private final @Nullable RawOperation raw; // never changed
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
   * @param raw an operation that nobody changes any more
   */
  Step(RawOperation raw) {
    kind = Kind.RAW;
    target = raw.descriptor();
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

  // ---- the everyday steps --------------------------------------------------------------------

  /**
   * Does nothing ({@code IORING_OP_NOP}, Linux 5.1).
   *
   * @return the step
   */
  public static Step nop() {
    return new Step(Kind.NOP, null, null, null, 0);
  }

  /**
   * Reads at a position ({@code IORING_OP_READ}, Linux 5.6). If it transfers fewer bytes than the
   * segment holds, it falls short.
   *
   * @param source what to read from
   * @param target where the bytes go; its whole size is asked for, 2 GiB less a page at most
   * @param position where to start, in bytes from the beginning
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
   * Reads at a position into the buffer of a lease, whose size is asked for. The lease must be open
   * when the step runs, which must be in the thread that took it; then {@link Lease#filled} shows
   * what came, of several reads into one lease that of the last one added. If the lease's pool is
   * registered with the ring that the step runs on, the kernel need not pin the memory ({@code
   * IORING_OP_READ_FIXED}, Linux 5.1); else this is {@link #read(Descriptor, MemorySegment, long)}.
   *
   * @param source what to read from
   * @param target where the bytes go
   * @param position where to start, in bytes from the beginning
   * @return the step, whose result is the number of bytes read
   * @throws IllegalArgumentException if the position is negative or too large, or direct I/O finds
   *     it or the size misaligned
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
   * Writes at a position ({@code IORING_OP_WRITE}, Linux 5.6). If it transfers fewer bytes than the
   * segment holds, it falls short.
   *
   * @param target what to write to
   * @param source the bytes; all of them are asked for, 2 GiB less a page at most
   * @param position where to start, in bytes from the beginning
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
   * Writes the first bytes of the buffer of a lease at a position: what was put there before the
   * step runs, or by an earlier step of a chain; bytes that nobody put there are written as zeros.
   * The lease must be open when the step runs, which must be in the thread that took it. If the
   * lease's pool is registered with the ring that the step runs on, the kernel need not pin the
   * memory ({@code IORING_OP_WRITE_FIXED}, Linux 5.1); else this is {@link #write(Descriptor,
   * MemorySegment, long)}.
   *
   * @param target what to write to
   * @param source the bytes
   * @param length how many of them, from 1 to the size of the buffer
   * @param position where to start, in bytes from the beginning
   * @return the step, whose result is the number of bytes written
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalArgumentException if the position is negative or too large, or direct I/O finds
   *     it or the length misaligned
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
   * Flushes data and metadata to the device ({@code IORING_OP_FSYNC}, Linux 5.1).
   *
   * @param target the file
   * @return the step
   */
  public static Step fsync(Descriptor target) {
    return new Step(Kind.FSYNC, Objects.requireNonNull(target), null, null, 0);
  }

  /**
   * Flushes data, and the metadata needed to read it again, to the device ({@code IORING_OP_FSYNC}
   * with {@code IORING_FSYNC_DATASYNC}, Linux 5.1).
   *
   * @param target the file
   * @return the step
   */
  public static Step fdatasync(Descriptor target) {
    return new Step(Kind.FDATASYNC, Objects.requireNonNull(target), null, null, 0);
  }

  /**
   * Sends all bytes of a segment to a connected socket ({@code IORING_OP_SEND} with {@code
   * MSG_WAITALL}, Linux 5.6). If it sends fewer, which an error or the peer's end may cause, it
   * falls short.
   *
   * @param target a stream socket
   * @param source the bytes; all of them are asked for, 2 GiB less a page at most
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
   * Receives from a socket until a segment is full ({@code IORING_OP_RECV} with {@code
   * MSG_WAITALL}, Linux 5.6). It waits until that, or the end of the stream, which makes it fall
   * short.
   *
   * @param source a stream socket
   * @param target where the bytes go; its whole size is asked for, 2 GiB less a page at most
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
   * Ends the writing to a socket ({@code IORING_OP_SHUTDOWN}, Linux 5.11).
   *
   * @param target a stream socket
   * @return the step
   */
  public static Step shutdownOutput(Descriptor target) {
    return new Step(Kind.SHUTDOWN, Objects.requireNonNull(target), null, null, 0);
  }

  /**
   * Closes what is in a slot when the step runs ({@code IORING_OP_CLOSE} of a slot, Linux 5.15).
   * Operations on it that are under way go on, and the slot is empty, to be filled again. The step
   * fails with {@code EBADF} if there is nothing in the slot. In a chain it usually runs
   * {@linkplain #evenIfPreviousFailed even if the step before it failed}.
   *
   * @param slot one of the ring's that the step runs on
   * @return the step
   */
  public static Step close(DescriptorSlot slot) {
    return new Step(RawOperation.emptying(slot));
  }

  /**
   * Pauses ({@code IORING_OP_TIMEOUT} with {@code IORING_TIMEOUT_ETIME_SUCCESS}, Linux 5.16). In a
   * chain the next step begins when the pause is over.
   *
   * @param time positive; by the steady clock, which stands still while the machine sleeps
   * @return the step
   * @throws IllegalArgumentException if not positive
   */
  public static Step delay(Duration time) {
    Arguments.timeoutNanos(time);
    return new Step(
        RawOperation.of(Constants.IORING_OP_TIMEOUT)
            .address(Timespec.of(time), RawOperation.Access.READS)
            .length(1)
            .operationFlags(Constants.IORING_TIMEOUT_ETIME_SUCCESS));
  }

  // ---- modifiers -----------------------------------------------------------------------------

  /**
   * Returns this step with a time limit of its own, which counts from the moment that the kernel
   * begins with it ({@code IORING_OP_LINK_TIMEOUT}, Linux 5.5). When the time is up, the step is
   * cancelled, which breaks the chain. A limit that this step has already is replaced.
   *
   * <p>Only for chains: {@link Batch#within} limits a batch as a whole. The limit takes an entry of
   * the ring's submission queue and one of its in-flight limit, as a step does.
   *
   * <p>What the hardware already has in hand ends when it is done. Since Linux 6.15 the kernel does
   * not measure what a worker of its own does from beginning to end, such as a splice, a sync or a
   * change of names; {@link Chain#within} ends that where the worker can be woken.
   *
   * @param limit positive; by the steady clock, which stands still while the machine sleeps
   * @return a new step
   * @throws IllegalArgumentException if not positive
   */
  public Step within(Duration limit) {
    Arguments.timeoutNanos(limit);
    return new Step(this, limit, evenIfPreviousFailed, afterEverythingElse, onKernelWorker);
  }

  /**
   * Returns this step as one that runs even if the step right before it in the chain failed or fell
   * short ({@code IOSQE_IO_HARDLINK} of that step, Linux 5.5). It waits for that step all the same.
   * If an earlier step broke the chain, so that the step before this one was cancelled, this one is
   * cancelled too.
   *
   * <p>Only for chains, and there for every step but the first.
   *
   * @return a new step
   */
  public Step evenIfPreviousFailed() {
    return new Step(this, limit, true, afterEverythingElse, onKernelWorker);
  }

  /**
   * Returns this step as the first of a chain that waits until every operation that the ring has in
   * flight is over, and that every later operation waits for. This holds for the chain as a whole,
   * so only its first step can have it. Ringspun orders this itself, because the kernel's {@code
   * IOSQE_IO_DRAIN} would also wait for the ring's own wake-up read, which never ends.
   *
   * <p>Some operations are exempt; they neither delay the chain nor wait for it:
   *
   * <ul>
   *   <li>operations that may wait for ever for somebody else: transfers of pipes, sockets and
   *       terminals, accepts, connects, polls, timers, futexes and whatever completes many times;
   *   <li>operations that end such a wait: closes, shutdowns and cancels.
   * </ul>
   *
   * <p>If the chain itself has a step that may wait for ever, later operations wait only for the
   * steps before that one. The kind of a {@linkplain DescriptorSlot slot's} content is not known:
   * reads and writes of it are not exempt.
   *
   * @return a new step
   */
  public Step afterEverythingElse() {
    return new Step(this, limit, evenIfPreviousFailed, true, onKernelWorker);
  }

  /**
   * Returns this step as one that a kernel worker does from the start ({@code IOSQE_ASYNC}, Linux
   * 5.6), without a first attempt that must not wait. That makes the opening of a FIFO wait for the
   * other end.
   *
   * @return a new step
   */
  public Step onKernelWorker() {
    return new Step(this, limit, evenIfPreviousFailed, afterEverythingElse, true);
  }

  // ---- for chains and batches ----------------------------------------------------------------

  /**
   * Returns the name of the operation, as {@link OperationException#operation} has it.
   *
   * @return the system call or the {@code IORING_OP_} number's name in lower case, such as {@code
   *     "fsync"}
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

  @Nullable RawOperation raw() {
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

  /** Returns whether its success says that what was written is safe, or on its way. */
  boolean syncs() {
    return raw != null ? raw.syncs() : kind == Kind.FSYNC || kind == Kind.FDATASYNC;
  }

  /** Returns how much of the memory the kernel is lent, in bytes. */
  int length() {
    return length;
  }

  /** Returns how many bytes it must transfer, or it falls short; 0 if it may be any number. */
  int bytesWanted() {
    return raw != null ? raw.bytesWanted() : length;
  }

  /** Refuses a ring that does not know what the step works on. */
  void requireUsableOn(Engine engine) {
    if (raw != null) {
      raw.requireUsableOn(engine);
    } else {
      RawOperation.requireUsable(target, engine);
    }
  }

  /** Returns the result that a caller is told, for what the kernel answered. */
  int result(int answer) {
    int result = raw == null ? answer : raw.outcome(answer);
    return target != null && syncs() ? target.handle().syncResult(result) : result;
  }

  /**
   * Fills an operation, unless this is a raw one.
   *
   * @param fd the descriptor's number, or -1
   * @param address where the memory is, or 0
   */
  void encode(Operation operation, Engine engine, int fd, long address) {
    kind.encode(this, operation, fd, address, buffer == null ? -1 : buffer.slot(engine));
    if (onKernelWorker) {
      operation.async();
    }
  }

  /** Fills an operation for a raw one, and counts its descriptors in. */
  void prepareRaw(RawOperation raw, Operation operation) throws ClosedChannelException {
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
