package io.ringspun;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Timespec;
import io.ringspun.internal.ring.Arguments;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Lending;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Loan;
import io.ringspun.internal.ring.Operation;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Several operations that are submitted together and awaited once. Plain data until it is run,
 * which may happen once; not safe for use by several threads.
 *
 * <p>Segments are lent to the kernel until {@code run} returns: do not touch or free them
 * meanwhile. A segment of a shared arena is copied.
 *
 * @param <T> the kind of transaction
 * @since 0.1
 */
public abstract sealed class Transaction<T extends Transaction<T>> permits Chain, Batch {

  /** Fills an operation for a descriptor's number and the address of native memory. */
  private interface Encoder {
    void encode(Operation operation, int fd, long address);
  }

  /** One operation, described. */
  record Step(
      String name,
      @Nullable Descriptor target,
      @Nullable MemorySegment memory,
      @Nullable LentBuffer buffer,
      boolean fills,
      boolean syncs,
      Encoder encoder,
      @Nullable RawOperation raw) {

    Step(
        String name,
        @Nullable Descriptor target,
        @Nullable MemorySegment memory,
        @Nullable LentBuffer buffer,
        boolean fills,
        boolean syncs,
        Encoder encoder) {
      this(name, target, memory, buffer, fills, syncs, encoder, null);
    }

    static Step of(RawOperation raw) {
      return new Step(
          raw.name(),
          raw.descriptor(),
          null,
          null,
          false,
          raw.syncs(),
          (_, _, _) -> {}, // the operation encodes itself
          raw);
    }

    int length() {
      if (raw != null) {
        return raw.bytesWanted();
      }
      return memory == null ? 0 : (int) Math.min(memory.byteSize(), Constants.MAX_RW_COUNT);
    }
  }

  private final Engine engine;
  private final List<Step> steps = new ArrayList<>();
  private long timeoutNanos;
  private boolean run;

  Transaction(Engine engine) {
    this.engine = engine;
  }

  /**
   * Adds an operation that does nothing ({@code IORING_OP_NOP}, Linux 5.1).
   *
   * @return this
   */
  public final T nop() {
    return add(new Step("nop", null, null, null, false, false, (op, _, _) -> op.nop()));
  }

  /**
   * Adds a read at a position ({@code IORING_OP_READ}, Linux 5.6). It may transfer fewer bytes than
   * the segment holds, and in a chain that breaks the link to the next operation.
   *
   * @param source what to read from
   * @param target where the bytes go; its whole size is asked for, 2 GiB less a page at most
   * @param position where to start, in bytes from the beginning
   * @return this
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, confined to
   *     another thread, or misaligned for direct I/O, or the position is negative or too large
   * @throws IllegalStateException if the segment's arena is closed, or this has been run
   */
  public final T read(Descriptor source, MemorySegment target, long position) {
    Lending.requireUsable(target, true);
    Arguments.requirePosition(position, target.byteSize());
    source.checkTransfer(target, position, false);
    int length = (int) Math.min(target.byteSize(), Constants.MAX_RW_COUNT);
    return add(
        new Step(
            "read",
            source,
            target,
            null,
            true,
            false,
            (op, fd, address) -> op.read(fd, address, length, position)));
  }

  /**
   * Adds a read into the buffer of a lease, whose size is asked for. The lease must stay open until
   * {@code run}, which must be called by the thread that took it; then {@link Lease#filled} shows
   * what came, of several reads into one lease that of the last one added. If the lease's pool is
   * registered with the ring that this runs on, the kernel need not pin the memory ({@code
   * IORING_OP_READ_FIXED}, Linux 5.1); else this is {@link #read(Descriptor, MemorySegment, long)}.
   *
   * @param source what to read from
   * @param target where the bytes go
   * @param position where to start, in bytes from the beginning
   * @return this
   * @throws IllegalArgumentException if the position is negative or too large, or direct I/O finds
   *     it or the size misaligned
   * @throws IllegalStateException if the lease is closed, or this has been run
   * @throws WrongThreadException if another thread took the lease
   */
  public final T read(Descriptor source, Lease target, long position) {
    LentBuffer buffer = LentBuffer.of(target);
    MemorySegment memory = buffer.memory();
    Arguments.requirePosition(position, memory.byteSize());
    source.checkTransfer(memory, position, false);
    int length = buffer.byteSize();
    int slot = buffer.slot(engine);
    return add(
        new Step(
            "read",
            source,
            memory,
            buffer,
            true,
            false,
            slot < 0
                ? (op, fd, address) -> op.read(fd, address, length, position)
                : (op, fd, address) -> op.readFixed(fd, address, length, position, slot)));
  }

  /**
   * Adds a write at a position ({@code IORING_OP_WRITE}, Linux 5.6). It may transfer fewer bytes
   * than the segment holds, and in a chain that breaks the link to the next operation.
   *
   * @param target what to write to
   * @param source the bytes; all of them are asked for, 2 GiB less a page at most
   * @param position where to start, in bytes from the beginning
   * @return this
   * @throws IllegalArgumentException if the segment is empty, on the heap, confined to another
   *     thread, or misaligned for direct I/O, or the position is negative or too large
   * @throws IllegalStateException if the segment's arena is closed, or this has been run
   */
  public final T write(Descriptor target, MemorySegment source, long position) {
    Lending.requireUsable(source, false);
    Arguments.requirePosition(position, source.byteSize());
    target.checkTransfer(source, position, true);
    int length = (int) Math.min(source.byteSize(), Constants.MAX_RW_COUNT);
    return add(
        new Step(
            "write",
            target,
            source,
            null,
            false,
            false,
            (op, fd, address) -> op.write(fd, address, length, position)));
  }

  /**
   * Adds a write of the first bytes of the buffer of a lease: what was put there before {@code run}
   * or by an earlier operation of a chain; bytes that nobody put there are written as zeros. The
   * lease must stay open until {@code run}, which must be called by the thread that took it. If the
   * lease's pool is registered with the ring that this runs on, the kernel need not pin the memory
   * ({@code IORING_OP_WRITE_FIXED}, Linux 5.1); else this is {@link #write(Descriptor,
   * MemorySegment, long)}.
   *
   * @param target what to write to
   * @param source the bytes
   * @param length how many of them, from 1 to the size of the buffer
   * @param position where to start, in bytes from the beginning
   * @return this
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalArgumentException if the position is negative or too large, or direct I/O finds
   *     it or the length misaligned
   * @throws IllegalStateException if the lease is closed, or this has been run
   * @throws WrongThreadException if another thread took the lease
   */
  public final T write(Descriptor target, Lease source, int length, long position) {
    LentBuffer buffer = LentBuffer.of(source);
    MemorySegment memory = buffer.first(length);
    Arguments.requirePosition(position, length);
    target.checkTransfer(memory, position, true);
    int slot = buffer.slot(engine);
    return add(
        new Step(
            "write",
            target,
            memory,
            buffer,
            false,
            false,
            slot < 0
                ? (op, fd, address) -> op.write(fd, address, length, position)
                : (op, fd, address) -> op.writeFixed(fd, address, length, position, slot)));
  }

  /**
   * Adds a flush of data and metadata to the device ({@code IORING_OP_FSYNC}, Linux 5.1).
   *
   * @param target the file
   * @return this
   * @throws IllegalStateException if this has been run
   */
  public final T fsync(Descriptor target) {
    Objects.requireNonNull(target);
    return add(new Step("fsync", target, null, null, false, true, (op, fd, _) -> op.fsync(fd, 0)));
  }

  /**
   * Adds a flush of data, and of the metadata needed to read it again ({@code IORING_OP_FSYNC} with
   * {@code IORING_FSYNC_DATASYNC}, Linux 5.1).
   *
   * @param target the file
   * @return this
   * @throws IllegalStateException if this has been run
   */
  public final T fdatasync(Descriptor target) {
    Objects.requireNonNull(target);
    return add(
        new Step(
            "fdatasync",
            target,
            null,
            null,
            false,
            true,
            (op, fd, _) -> op.fsync(fd, Constants.IORING_FSYNC_DATASYNC)));
  }

  /**
   * Adds sending all bytes of a segment to a connected socket ({@code IORING_OP_SEND} with {@code
   * MSG_WAITALL}, Linux 5.6). If it sends fewer, which an error or the peer's end may cause, that
   * breaks the link to the next operation of a chain.
   *
   * @param target a stream socket
   * @param source the bytes; all of them are asked for, 2 GiB less a page at most
   * @return this
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread
   * @throws IllegalStateException if the segment's arena is closed, or this has been run
   */
  public final T send(Descriptor target, MemorySegment source) {
    Objects.requireNonNull(target);
    Lending.requireUsable(source, false);
    int length = (int) Math.min(source.byteSize(), Constants.MAX_RW_COUNT);
    int flags = Constants.MSG_WAITALL | Constants.MSG_NOSIGNAL;
    return add(
        new Step(
            "send",
            target,
            source,
            null,
            false,
            false,
            (op, fd, address) -> op.send(fd, address, length, flags)));
  }

  /**
   * Adds receiving from a socket until a segment is full ({@code IORING_OP_RECV} with {@code
   * MSG_WAITALL}, Linux 5.6). {@code run} blocks until that, or the end of the stream, which leaves
   * it short and in a chain breaks the link to the next operation.
   *
   * @param source a stream socket
   * @param target where the bytes go; its whole size is asked for, 2 GiB less a page at most
   * @return this
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if the segment's arena is closed, or this has been run
   */
  public final T receive(Descriptor source, MemorySegment target) {
    Objects.requireNonNull(source);
    Lending.requireUsable(target, true);
    int length = (int) Math.min(target.byteSize(), Constants.MAX_RW_COUNT);
    return add(
        new Step(
            "recv",
            source,
            target,
            null,
            true,
            false,
            (op, fd, address) -> op.recv(fd, address, length, Constants.MSG_WAITALL)));
  }

  /**
   * Adds the end of writing to a socket ({@code IORING_OP_SHUTDOWN}, Linux 5.11).
   *
   * @param target a stream socket
   * @return this
   * @throws IllegalStateException if this has been run
   */
  public final T shutdownOutput(Descriptor target) {
    Objects.requireNonNull(target);
    return add(
        new Step(
            "shutdown",
            target,
            null,
            null,
            false,
            false,
            (op, fd, _) -> op.shutdown(fd, Constants.SHUT_WR)));
  }

  /**
   * Adds the closing of what is in a slot by then ({@code IORING_OP_CLOSE} of a slot, Linux 5.15):
   * operations on it that are under way go on, and the slot is empty, to be filled again. It fails
   * with {@code EBADF} if there is nothing in it. In a chain it goes well behind a {@linkplain
   * Chain#hardLink() hard link}.
   *
   * @param slot one of the ring's
   * @return this
   * @throws IllegalArgumentException if it is of another ring
   * @throws IllegalStateException if this has been run
   */
  public final T close(DescriptorSlot slot) {
    return submit(RawOperation.emptying(slot));
  }

  /**
   * Adds a pause ({@code IORING_OP_TIMEOUT} with {@code IORING_TIMEOUT_ETIME_SUCCESS}, Linux 5.16):
   * in a chain the next operation begins when it is over.
   *
   * @param time positive; by the steady clock, which stands still while the machine sleeps
   * @return this
   * @throws IllegalArgumentException if not positive
   * @throws IllegalStateException if this has been run
   */
  public final T delay(Duration time) {
    Arguments.timeoutNanos(time);
    return submit(
        RawOperation.of(Constants.IORING_OP_TIMEOUT)
            .address(Timespec.of(time), RawOperation.Access.READS)
            .length(1)
            .operationFlags(Constants.IORING_TIMEOUT_ETIME_SUCCESS));
  }

  /**
   * Adds an operation that is described as the kernel takes it, as it is described when {@code run}
   * is called. A read, write, splice or tee that transfers fewer bytes than its length is short,
   * which breaks the link to the next operation of a chain; so is a send or receive with {@code
   * MSG_WAITALL}. Whether any other transferred all that it was to is for the caller to tell.
   *
   * @param operation what to do
   * @return this
   * @throws IllegalArgumentException as {@link Ring#submit} does, or if it has a {@linkplain
   *     RawOperation#timeout time limit}; {@code run} looks again
   * @throws IllegalStateException if a segment's arena is closed, or this has been run
   */
  public final T submit(RawOperation operation) {
    operation.check(engine);
    if (operation.hasTimeLimit()) {
      throw new IllegalArgumentException(
          "the time limit is for Ring.submit alone: here Chain.within and timeout set one");
    }
    return add(Step.of(operation));
  }

  /**
   * Limits the time from the start of {@code run}: when it is up, whatever is not finished is
   * cancelled. An operation that the hardware already has in hand ends when the hardware is done.
   *
   * @param limit positive
   * @return this
   * @throws IllegalArgumentException if not positive
   * @throws IllegalStateException if this has been run
   */
  public final T timeout(Duration limit) {
    requireNotRun();
    timeoutNanos = Arguments.timeoutNanos(limit);
    return self();
  }

  abstract T self();

  abstract Call newCall();

  final Engine engine() {
    return engine;
  }

  final int count() {
    return steps.size();
  }

  final void requireNotRun() {
    if (run) {
      throw new IllegalStateException("this has been run already; build another");
    }
  }

  private T add(Step step) {
    requireNotRun();
    Descriptor target = step.target();
    if (target != null && !target.handle().isUsableOn(engine)) {
      throw new IllegalArgumentException(
          "%s is registered with another ring than %s".formatted(target, engine));
    }
    steps.add(step);
    return self();
  }

  /**
   * Runs the steps and returns what became of each.
   *
   * @param limits of those that have one, by their positions
   */
  final Results execute(Map<Integer, Duration> limits) throws IOException {
    requireNotRun();
    if (steps.isEmpty()) {
      throw new IllegalStateException("there is nothing to run: add an operation first");
    }
    run = true;
    Call call = newCall().timeoutNanos(timeoutNanos);
    Loan[] loans = new Loan[steps.size()];
    engine.requireUsable();
    prepare(call, loans);
    try {
      engine.runAll(call);
    } finally {
      finish(call, loans);
    }
    int[] results = new int[steps.size()];
    for (int i = 0; i < results.length; i++) {
      results[i] = result(steps.get(i), call.operation(i).result());
    }
    Map<Integer, Duration> overdue = new HashMap<>(limits);
    overdue.keySet().removeIf(index -> !call.operation(index).timedOut());
    Map<Integer, IOException> closings = new HashMap<>();
    for (int i = 0; i < results.length; i++) {
      IOException closing = engine.closing(call, i);
      if (closing != null) {
        closings.put(i, closing);
      }
    }
    return new Results(List.copyOf(steps), results, call.timedOut(), overdue, closings);
  }

  private static int result(Step step, int answer) {
    Descriptor target = step.target();
    int result = step.raw() == null ? answer : step.raw().outcome(answer);
    return step.syncs() && target != null ? target.handle().syncResult(result) : result;
  }

  private void prepare(Call call, @Nullable Loan[] loans) throws IOException {
    int done = 0;
    try {
      for (; done < steps.size(); done++) {
        prepare(steps.get(done), call.operation(done), loans, done);
      }
    } finally {
      if (done < steps.size()) {
        for (int i = 0; i < done; i++) {
          call.operation(i).release();
          Loan loan = loans[i];
          if (loan != null) {
            loan.close();
          }
        }
      }
    }
  }

  private void prepare(Step step, Operation operation, @Nullable Loan[] loans, int index)
      throws IOException {
    Descriptor target = step.target();
    boolean mayChange = target instanceof DescriptorSlot; // before this comes to its turn
    if (target != null && !mayChange && step.syncs()) {
      target.requireNoDataLost(step.name());
    }
    RawOperation raw = step.raw();
    if (raw != null) {
      raw.check(engine);
      raw.prepare(operation);
      return;
    }
    MemorySegment memory = step.memory();
    int fd = -1;
    Handle handle = null;
    if (target != null) {
      handle = target.handle();
      handle.acquire();
      fd = handle.fd();
    }
    long address = 0;
    Loan loan = null;
    if (memory != null) {
      try {
        Lending.requireUsable(memory, step.fills());
        prepare(step.buffer(), step);
        loan =
            step.fills() ? Loan.toFill(memory, step.length()) : Loan.toDrain(memory, step.length());
      } catch (RuntimeException | Error e) {
        if (handle != null) {
          handle.release();
        }
        throw e;
      }
      address = loan.address();
      loans[index] = loan;
    }
    step.encoder().encode(operation, fd, address);
    operation.using(handle, lent(step.buffer(), loan));
  }

  private static @Nullable Object lent(@Nullable LentBuffer buffer, @Nullable Loan loan) {
    if (buffer != null) {
      return buffer;
    }
    return loan == null ? null : loan.owner();
  }

  private static void prepare(@Nullable LentBuffer buffer, Step step) {
    if (buffer == null) {
      return;
    }
    buffer.requireUsable();
    if (step.fills()) {
      buffer.filled(0);
    } else {
      buffer.own(step.length());
    }
  }

  /** Hands over what was read and ends every loan, also if the arena of some segment was closed. */
  private void finish(Call call, @Nullable Loan[] loans) {
    RuntimeException problem = null;
    for (int i = 0; i < loans.length; i++) {
      Loan loan = loans[i];
      if (loan != null) {
        try (loan) {
          Step step = steps.get(i);
          if (step.fills()) {
            int result = call.operation(i).result();
            loan.filled(result);
            if (step.buffer() != null) {
              step.buffer().filled(Math.max(result, 0));
            }
          }
        } catch (RuntimeException e) {
          problem = e;
        }
      }
    }
    if (problem != null) {
      throw problem;
    }
  }
}
