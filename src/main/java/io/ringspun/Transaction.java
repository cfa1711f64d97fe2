package io.ringspun;

import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.Loan;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawStep;
import io.ringspun.raw.TableSlot;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What chains and batches have in common.
 *
 * @param <T> the kind of transaction
 */
abstract sealed class Transaction<T extends Transaction<T>> permits Chain, Batch {

  private Engine engine;
  private final List<Step> steps = new ArrayList<>();
  private long timeoutNanos;
  private @Nullable Duration limit; // the same as timeoutNanos
  private boolean run;

  Transaction(Engine engine) {
    this.engine = engine;
  }

  /**
   * Adds a step. The same step may be added several times, even to different chains and batches.
   *
   * @param step the step to add
   * @return this
   * @throws IllegalArgumentException if the step uses a descriptor that is registered with another
   *     ring, or has a modifier that is not allowed here: in a batch {@link Step#within}, {@link
   *     Step#evenIfPreviousFailed} and {@link Step#afterEverythingElse}; in a chain {@code
   *     evenIfPreviousFailed} on the first step, and {@code afterEverythingElse} on any other
   * @throws IllegalStateException if this chain or batch has been run
   */
  public final T add(Step step) {
    requireNotRun();
    step.requireUsableOn(engine);
    admit(step, steps.size());
    steps.add(step);
    return self();
  }

  /**
   * Adds several steps in order.
   *
   * @param several the steps to add
   * @return this
   * @throws IllegalArgumentException if {@link #add} refuses one of them; those before it have been
   *     added
   * @throws IllegalStateException if this chain or batch has been run
   */
  public final T addAll(Iterable<Step> several) {
    requireNotRun();
    several.forEach(this::add);
    return self();
  }

  /**
   * Adds {@link Step#nop}, which does nothing.
   *
   * @return this
   * @throws IllegalStateException if this chain or batch has been run
   */
  public final T nop() {
    return add(Step.nop());
  }

  /**
   * Adds {@link Step#read(Descriptor, MemorySegment, long)}, a read at a position.
   *
   * @param source the file to read
   * @param target the segment to fill; at most 2 GiB less a page are requested
   * @param position the position of the first byte, in bytes from the beginning
   * @return this
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, confined to
   *     another thread, or misaligned for direct I/O, or the position is negative or too large
   * @throws IllegalStateException if the segment's arena is closed, or this chain or batch has been
   *     run
   */
  public final T read(Descriptor source, MemorySegment target, long position) {
    return add(Step.read(source, target, position));
  }

  /**
   * Adds {@link Step#read(Descriptor, Lease, long)}, a read into the buffer of a lease.
   *
   * @param source the file to read
   * @param target the lease to read into; it must be open during {@code run}, which its thread must
   *     call
   * @param position the position of the first byte, in bytes from the beginning
   * @return this
   * @throws IllegalArgumentException if the position is negative or too large, or the position or
   *     the size is misaligned for direct I/O
   * @throws IllegalStateException if the lease is closed, or this chain or batch has been run
   * @throws WrongThreadException if another thread took the lease
   */
  public final T read(Descriptor source, Lease target, long position) {
    return add(Step.read(source, target, position));
  }

  /**
   * Adds {@link Step#write(Descriptor, MemorySegment, long)}, a write at a position.
   *
   * @param target the file to write
   * @param source the bytes to write, at most 2 GiB less a page
   * @param position the position of the first byte, in bytes from the beginning
   * @return this
   * @throws IllegalArgumentException if the segment is empty, on the heap, confined to another
   *     thread, or misaligned for direct I/O, or the position is negative or too large
   * @throws IllegalStateException if the segment's arena is closed, or this chain or batch has been
   *     run
   */
  public final T write(Descriptor target, MemorySegment source, long position) {
    return add(Step.write(target, source, position));
  }

  /**
   * Adds {@link Step#write(Descriptor, Lease, int, long)}, a write of the first bytes of the buffer
   * of a lease.
   *
   * @param target the file to write
   * @param source the lease to write from; it must be open during {@code run}, which its thread
   *     must call
   * @param length the number of bytes, from 1 to the size of the buffer
   * @param position the position of the first byte, in bytes from the beginning
   * @return this
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalArgumentException if the position is negative or too large, or the position or
   *     the length is misaligned for direct I/O
   * @throws IllegalStateException if the lease is closed, or this chain or batch has been run
   * @throws WrongThreadException if another thread took the lease
   */
  public final T write(Descriptor target, Lease source, int length, long position) {
    return add(Step.write(target, source, length, position));
  }

  /**
   * Adds {@link Step#fsync}, a flush of data and metadata to the device.
   *
   * @param target the file
   * @return this
   * @throws IllegalStateException if this chain or batch has been run
   */
  public final T fsync(Descriptor target) {
    return add(Step.fsync(target));
  }

  /**
   * Adds {@link Step#fdatasync}, a flush of data and of the metadata needed to read it again.
   *
   * @param target the file
   * @return this
   * @throws IllegalStateException if this chain or batch has been run
   */
  public final T fdatasync(Descriptor target) {
    return add(Step.fdatasync(target));
  }

  /**
   * Adds {@link Step#send}, which sends all bytes of a segment to a connected socket.
   *
   * @param target a stream socket
   * @param source the bytes to send, at most 2 GiB less a page
   * @return this
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread
   * @throws IllegalStateException if the segment's arena is closed, or this chain or batch has been
   *     run
   */
  public final T send(Descriptor target, MemorySegment source) {
    return add(Step.send(target, source));
  }

  /**
   * Adds {@link Step#receive}, which receives from a socket until a segment is full.
   *
   * @param source a stream socket
   * @param target the segment to fill; at most 2 GiB less a page are requested
   * @return this
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if the segment's arena is closed, or this chain or batch has been
   *     run
   */
  public final T receive(Descriptor source, MemorySegment target) {
    return add(Step.receive(source, target));
  }

  /**
   * Adds {@link Step#shutdownOutput}, which shuts down the output side of a socket.
   *
   * @param target a stream socket
   * @return this
   * @throws IllegalStateException if this chain or batch has been run
   */
  public final T shutdownOutput(Descriptor target) {
    return add(Step.shutdownOutput(target));
  }

  /**
   * Adds {@link Step#delay}, which waits for a time.
   *
   * @param time positive; measured by {@code CLOCK_MONOTONIC}, which stops while the machine is
   *     suspended
   * @return this
   * @throws IllegalArgumentException if not positive
   * @throws IllegalStateException if this chain or batch has been run
   */
  public final T delay(Duration time) {
    return add(Step.delay(time));
  }

  /**
   * Limits the time of all steps together, measured from the start of {@code run}. When it expires,
   * unfinished steps are cancelled; a step that the hardware has started runs to its end. It
   * replaces an earlier limit. {@link Step#within} limits a single step.
   *
   * @param limit positive
   * @return this
   * @throws IllegalArgumentException if not positive
   * @throws IllegalStateException if this chain or batch has been run
   */
  public final T within(Duration limit) {
    requireNotRun();
    timeoutNanos = Arguments.timeoutNanos(limit);
    this.limit = limit;
    return self();
  }

  /**
   * Submits the steps, blocks until all of them have ended, and throws unless every one succeeded
   * completely. A virtual thread parks meanwhile, a platform thread waits. An interrupt or a time
   * limit cancels unfinished steps; after an interrupt the interrupt status is set again.
   *
   * @return the outcomes, for example the numbers of bytes transferred
   * @throws IllegalStateException if there is no step, this chain or batch has been run, or a
   *     segment's arena is closed
   * @throws IllegalArgumentException if a chain, including the limits of its steps, exceeds the
   *     ring's submission queue or in-flight limit
   * @throws java.nio.channels.ClosedChannelException if a descriptor is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted, before or during the call;
   *     nothing is submitted if it was interrupted before
   * @throws OperationException if a step would sync a file of which an earlier sync lost data;
   *     nothing is submitted
   * @throws TransactionException if a step failed, was cancelled, or fell short
   * @throws OperationTimeoutException if a step, or the chain or batch as a whole, exceeded its
   *     time limit
   * @throws java.nio.channels.AsynchronousCloseException if a descriptor was closed during the call
   * @throws RingClosedException if the ring is closed, before or during the call
   * @throws RingFailedException if the ring has failed, or fails during the call
   * @throws IOException if another I/O error occurs
   */
  public final Outcomes run() throws IOException {
    return attempt().orThrow();
  }

  /**
   * Submits the steps, blocks until all of them have ended, and returns their outcomes, whether
   * they succeeded or not. {@link #run()} throws if a step did not succeed; this method does not. A
   * virtual thread parks meanwhile, a platform thread waits. An interrupt or a time limit cancels
   * unfinished steps; after an interrupt the interrupt status is set again.
   *
   * @return the outcomes, which the caller has to check
   * @throws IllegalStateException if there is no step, this chain or batch has been run, or a
   *     segment's arena is closed
   * @throws IllegalArgumentException if a chain, including the limits of its steps, exceeds the
   *     ring's submission queue or in-flight limit
   * @throws java.nio.channels.ClosedChannelException if a descriptor is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted before the call; nothing is
   *     submitted
   * @throws OperationException if a step would sync a file of which an earlier sync lost data;
   *     nothing is submitted
   * @throws RingClosedException if the ring is closed
   * @throws RingFailedException if the ring has failed, or fails during the call
   * @throws IOException if another I/O error occurs
   */
  public final Outcomes attempt() throws IOException {
    requireNotRun();
    if (steps.isEmpty()) {
      throw new IllegalStateException("there is nothing to run: add a step first");
    }
    Step[] all = steps.toArray(Step[]::new);
    Call call = newCall(all).within(timeoutNanos);
    run = true;
    Loan[] loans = new Loan[all.length];
    engine.requireUsable();
    engine = nearest();
    prepare(all, call, loans);
    try {
      engine.runAll(call);
    } finally {
      finish(all, call, loans);
    }
    return outcomes(all, call);
  }

  /** Returns the ring that carries the calling thread if it can run all the steps as well. */
  private Engine nearest() {
    Engine near = engine.near();
    if (near != engine) {
      for (Step step : steps) {
        if (!step.canMoveTo(near)) {
          return engine;
        }
      }
    }
    return near;
  }

  private Outcomes outcomes(Step[] all, Call call) {
    int[] results = new int[all.length];
    int[] wanted = new int[all.length];
    BitSet overdue = new BitSet();
    Map<Integer, IOException> closings = Map.of();
    for (int i = 0; i < all.length; i++) {
      Operation operation = call.operation(i);
      results[i] = all[i].result(operation.result());
      wanted[i] = all[i].bytesWanted();
      if (results[i] >= 0) {
        continue;
      }
      if (operation.timedOut()) {
        overdue.set(i);
      }
      IOException closing = engine.closing(call, i);
      if (closing != null) {
        closings = closings.isEmpty() ? new HashMap<>() : closings;
        closings.put(i, closing);
      }
    }
    Duration exceeded = call.timedOut() ? limit : null;
    return new Outcomes(
        this instanceof Chain,
        all,
        results,
        wanted,
        call.interrupted(),
        exceeded,
        overdue,
        closings);
  }

  /**
   * Refuses a step that is not allowed at a position.
   *
   * @param position its position, from 0
   * @throws IllegalArgumentException if it is not allowed
   */
  abstract void admit(Step step, int position);

  abstract T self();

  abstract Call newCall(Step[] all);

  final Engine engine() {
    return engine;
  }

  private void requireNotRun() {
    if (run) {
      throw new IllegalStateException("this transaction has already been run: create another");
    }
  }

  private void prepare(Step[] all, Call call, @Nullable Loan[] loans) throws IOException {
    int done = 0;
    try {
      for (; done < all.length; done++) {
        prepare(all[done], call.operation(done), loans, done);
      }
    } finally {
      if (done < all.length) {
        for (int i = 0; i < done; i++) {
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
    boolean mayChange = target instanceof TableSlot; // before this one is submitted
    if (target != null && !mayChange && step.syncs()) {
      target.requireNoDataLost(step.operation());
    }
    RawStep raw = step.raw();
    if (raw != null) {
      raw.check(engine);
      step.prepareRaw(raw, operation);
      return;
    }
    MemorySegment memory = step.memory();
    int fd = -1;
    Handle handle = null;
    if (target != null) {
      handle = target.handle();
      fd = handle.fd();
    }
    long address = 0;
    Loan loan = null;
    if (memory != null) {
      Lending.requireUsable(memory, step.fills());
      prepare(step.buffer(), step);
      loan =
          step.fills() ? Loan.toFill(memory, step.length()) : Loan.toDrain(memory, step.length());
      address = loan.address();
      loans[index] = loan;
    }
    step.encode(operation, engine, fd, address);
    operation.on(handle).lending(lent(step.buffer(), loan));
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

  /** Copies back the bytes read and ends every loan, even if the arena of a segment was closed. */
  private void finish(Step[] all, Call call, @Nullable Loan[] loans) {
    RuntimeException problem = null;
    for (int i = 0; i < loans.length; i++) {
      Loan loan = loans[i];
      if (loan != null) {
        try (loan) {
          Step step = all[i];
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
