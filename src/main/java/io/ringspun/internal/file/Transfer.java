package io.ringspun.internal.file;

import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.Loan;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.Progress;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.RegisteredMemory;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;

/**
 * Moves bytes between a file and one piece of memory: by a non-blocking system call if possible,
 * otherwise through the ring, and through a copy if the memory must not be lent itself. Arguments
 * have already been checked.
 */
public final class Transfer {
  /**
   * A read that ends here at a page's border may have ended because the next page is not cached.
   * One of no bytes has ended at the end of the file: the kernel says EAGAIN if the first page is
   * not cached.
   */
  private static final long PAGE_MASK = 4095;

  private final Handle handle;
  private final boolean direct;
  private final boolean append;
  private final long timeoutNanos; // 0 for none

  // Whether plain system calls can do without waiting here; cleared by any thread that learns that
  // they cannot. A race merely costs another attempt.
  private boolean inlineReads;
  private final boolean inlineWrites;
  private boolean nowaitWrites;

  public Transfer(Handle handle, OpenFlags flags, long timeoutNanos) {
    this.handle = handle;
    this.timeoutNanos = timeoutNanos;
    direct = flags.direct();
    append = flags.append();
    // With O_DIRECT a call that must not wait for memory or locks still waits for the device. So
    // does a write that syncs.
    inlineReads = !direct && handle instanceof RawHandle;
    inlineWrites = inlineReads && !flags.writesSync();
    nowaitWrites = inlineWrites && !append;
  }

  /** Reads what one operation gives: 0 at the end. */
  public int read(MemorySegment target, long position) throws IOException {
    return read(target, target, position);
  }

  /** Reads as many bytes as a pool's buffer has, as {@link #read(MemorySegment, long)} does. */
  public int read(LentBuffer buffer, long position) throws IOException {
    return read(buffer.memory(), buffer, position);
  }

  /**
   * Reads into an array, without making an object of any kind if the page cache has the bytes.
   *
   * @param length at least 1
   */
  public int read(byte[] target, int offset, int length, long position) throws IOException {
    Engine engine = handle.engine();
    engine.requireUsable();
    int n = 0;
    if (inlineReads && engine.config().inlineAttempts()) {
      n = noted((int) engine.inline().read((RawHandle) handle, target, offset, length, position));
      if (isAll(engine, n, length, position)) {
        return n;
      }
    }
    MemorySegment memory = MemorySegment.ofArray(target).asSlice(offset, length);
    return readRest(engine, memory, memory, position, Math.max(n, 0));
  }

  /**
   * Reads.
   *
   * @param lent what the memory belongs to
   */
  private int read(MemorySegment target, Object lent, long position) throws IOException {
    Engine engine = handle.engine();
    engine.requireUsable();
    int n = 0;
    if (inlineReads && engine.config().inlineAttempts()) {
      int length = (int) Math.min(target.byteSize(), Constants.MAX_RW_COUNT);
      n = noted((int) engine.inline().read((RawHandle) handle, target, position));
      if (isAll(engine, n, length, position)) {
        return n;
      }
    }
    return readRest(engine, target, lent, position, Math.max(n, 0));
  }

  /**
   * Tries to read on the calling thread, without making an object of any kind.
   *
   * @param address of memory that nobody frees meanwhile
   * @return the bytes read, or if more may come, their complement ({@code ~}); {@link #readRest}
   *     reads on
   */
  public int readInline(long address, int length, long position) throws IOException {
    Engine engine = handle.engine();
    engine.requireUsable();
    if (!inlineReads || !engine.config().inlineAttempts()) {
      return ~0;
    }
    int n = noted((int) engine.inline().read((RawHandle) handle, address, length, position));
    return isAll(engine, n, length, position) ? n : ~Math.max(n, 0);
  }

  /**
   * Reads on after {@link #readInline}.
   *
   * @param target all that was to be filled
   * @param done how many bytes there are already
   * @return the bytes read, together with those
   */
  public int readRest(MemorySegment target, long position, int done) throws IOException {
    return readRest(handle.engine(), target, target, position, done);
  }

  /** Notes that no attempt to read inline will succeed. */
  private int noted(int result) {
    if (result == -Errno.EOPNOTSUPP || result == -Errno.ESPIPE) {
      inlineReads = false;
    }
    return result;
  }

  /** Counts an attempt to read inline, and returns whether there is nothing left to do. */
  private static boolean isAll(Engine engine, int result, int length, long position) {
    boolean isAll = result >= 0 && !endsAtPage(result, length, position);
    engine.countInline(isAll);
    return isAll;
  }

  /** Reads on where an attempt to read inline has ended. */
  private int readRest(Engine engine, MemorySegment target, Object lent, long position, int done)
      throws IOException {
    MemorySegment rest = done == 0 ? target : target.asSlice(done);
    if (!rest.isNative()) {
      return readCopying(engine, target, position, done);
    }
    int length = (int) Math.min(target.byteSize(), Constants.MAX_RW_COUNT);
    try {
      int n = readOnRing(engine, rest, lent, position + done, length - done);
      return done + FileErrors.check("read", n);
    } catch (IOException e) {
      return (int) Progress.before(e, done);
    }
  }

  private static boolean endsAtPage(int count, int length, long position) {
    return count > 0 && count < length && ((position + count) & PAGE_MASK) == 0;
  }

  private int readOnRing(
      Engine engine, MemorySegment target, Object lent, long position, int length)
      throws IOException {
    if (Lending.isLendable(target)) {
      return run(engine, Kind.READ, target.address(), length, lent, position);
    }
    try (Loan loan = Loan.toFill(target, Math.min(length, NativePool.LARGEST_BYTES))) {
      int step = (int) loan.byteSize();
      int n = run(engine, Kind.READ, loan.address(), step, loan.owner(), position);
      loan.filled(n);
      return n;
    }
  }

  /** Fills heap memory, through copies, as far as one native read would. */
  private int readCopying(Engine engine, MemorySegment target, long position, int already)
      throws IOException {
    int wanted = (int) Math.min(target.byteSize(), Constants.MAX_RW_COUNT);
    int done = already;
    while (done < wanted) {
      int step = Math.min(wanted - done, NativePool.LARGEST_BYTES);
      int n;
      try (NativePool.Block block = NativePool.take(roomFor(step))) {
        MemorySegment copy = block.memory().asSlice(0, step);
        n =
            step > InlineMemory.BUFFER_BYTES
                ? read(copy, block, position + done)
                : FileErrors.check("read", readOnRing(engine, copy, block, position + done, step));
        MemorySegment.copy(copy, 0, target, done, n);
      } catch (IOException e) {
        return (int) Progress.before(e, done);
      }
      done += n;
      if (n < step) {
        break;
      }
    }
    return done;
  }

  /** Returns how large a block must be for it to be aligned as direct I/O needs it. */
  private long roomFor(int byteSize) {
    return direct ? Math.max(byteSize, NativeMemory.ALIGNMENT) : byteSize;
  }

  /** Writes what one operation takes. */
  public int write(MemorySegment source, long position) throws IOException {
    return write(source, source, position);
  }

  /** Writes the first bytes of a pool's buffer, as {@link #write(MemorySegment, long)} does. */
  public int write(LentBuffer buffer, int length, long position) throws IOException {
    return write(buffer.memory().asSlice(0, length), buffer, position);
  }

  /** What {@link #writeInline} answers if there was no attempt. */
  public static final int UNTRIED = -1;

  /**
   * Tries to write on the calling thread, without making an object of any kind.
   *
   * @param address of memory that nobody frees meanwhile
   * @return the bytes written, or {@link #UNTRIED}; {@link #writeRest} does what is left
   */
  public int writeInline(long address, int length, long position) throws IOException {
    Engine engine = handle.engine();
    return mayWriteInline(engine)
        ? written(
            engine, length, engine.inline().write((RawHandle) handle, address, length, position))
        : UNTRIED;
  }

  /** Tries to write from an array; see {@link #writeInline(long, int, long)}. */
  public int writeInline(byte[] source, int offset, int length, long position) throws IOException {
    Engine engine = handle.engine();
    return mayWriteInline(engine)
        ? written(
            engine,
            length,
            engine.inline().write((RawHandle) handle, source, offset, length, position))
        : UNTRIED;
  }

  private boolean mayWriteInline(Engine engine) throws IOException {
    engine.requireUsable();
    return inlineWrites
        && engine.config().inlineAttempts()
        && engine.inline().isLocal((RawHandle) handle);
  }

  private static int written(Engine engine, int length, long result) {
    engine.countInline(result == length);
    return (int) Math.max(result, 0);
  }

  /**
   * Writes what {@link #writeInline} has left.
   *
   * @param source all that was to be written
   * @param done what it answered
   * @return the bytes written, together with those
   */
  public int writeRest(MemorySegment source, long position, int done) throws IOException {
    return done == UNTRIED
        ? write(source, source, position)
        : writeRest(handle.engine(), source, source, position, done);
  }

  /**
   * Writes.
   *
   * @param lent what the memory belongs to
   */
  private int write(MemorySegment source, Object lent, long position) throws IOException {
    int length = (int) Math.min(source.byteSize(), Constants.MAX_RW_COUNT);
    Engine engine = handle.engine();
    engine.requireUsable();
    int done = 0;
    if (inlineWrites && engine.config().inlineAttempts()) {
      int n = writeInline(engine, source, position);
      engine.countInline(n == length);
      if (n == length) {
        return n;
      }
      done = Math.max(n, 0);
    }
    return writeRest(engine, source, lent, position, done);
  }

  private int writeRest(Engine engine, MemorySegment source, Object lent, long position, int done)
      throws IOException {
    if (!source.isNative()) {
      return writeCopying(engine, source, position, done);
    }
    int length = (int) Math.min(source.byteSize(), Constants.MAX_RW_COUNT);
    if (done == length) {
      return done;
    }
    MemorySegment rest = done == 0 ? source : source.asSlice(done);
    try {
      int n = writeOnRing(engine, rest, lent, position + done, length - done, false);
      return done + FileErrors.check("write", n);
    } catch (IOException e) {
      return (int) Progress.before(e, done);
    }
  }

  /** Writes on the calling thread: most likely that does not wait, or the kernel refuses to. */
  private int writeInline(Engine engine, MemorySegment source, long position) throws IOException {
    RawHandle raw = (RawHandle) handle;
    if (engine.inline().isLocal(raw)) {
      return (int) engine.inline().write(raw, source, position);
    }
    if (!nowaitWrites) {
      return -Errno.EAGAIN;
    }
    int n = (int) engine.inline().writeNowait(raw, source, position);
    if (n == -Errno.EOPNOTSUPP || n == -Errno.ESPIPE) {
      nowaitWrites = false; // as with pipes
    }
    return n;
  }

  /** Writes all that a pool's buffer has first, and returns once that is durable. */
  public void writeDurably(LentBuffer buffer, int length, long position) throws IOException {
    writeDurably(buffer.memory().asSlice(0, length), buffer, position);
  }

  /** Writes all, and returns once that is durable. */
  public void writeDurably(MemorySegment source, long position) throws IOException {
    writeDurably(source, source, position);
  }

  private void writeDurably(MemorySegment source, Object lent, long position) throws IOException {
    long size = source.byteSize();
    long done = 0;
    try {
      while (done < size) {
        Engine engine = handle.engine();
        engine.requireUsable();
        int length = (int) Math.min(size - done, Constants.MAX_RW_COUNT);
        MemorySegment rest = source.asSlice(done, length);
        int n =
            source.isNative()
                ? writeOnRing(engine, rest, lent, position + done, length, true)
                : writeDurablyCopying(engine, rest, position + done);
        done += OpenFile.requireProgress(FileErrors.check("write", n));
      }
    } catch (InterruptedIOException e) {
      throw Progress.after(done, e);
    }
  }

  private int writeDurablyCopying(Engine engine, MemorySegment source, long position)
      throws IOException {
    int step = (int) Math.min(source.byteSize(), NativePool.LARGEST_BYTES);
    try (NativePool.Block block = NativePool.take(roomFor(step))) {
      MemorySegment copy = block.memory().asSlice(0, step).copyFrom(source.asSlice(0, step));
      return writeOnRing(engine, copy, block, position, step, true);
    }
  }

  private int writeOnRing(
      Engine engine,
      MemorySegment source,
      Object lent,
      long position,
      int length,
      boolean isDurable)
      throws IOException {
    if (Lending.isLendable(source)) {
      return run(engine, Kind.write(isDurable), source.address(), length, lent, position);
    }
    int step = append ? length : Math.min(length, NativePool.LARGEST_BYTES); // as in writeCopying
    try (Loan loan = Loan.toDrain(source, step)) {
      return run(engine, Kind.write(isDurable), loan.address(), step, loan.owner(), position);
    }
  }

  /** What an operation does. */
  private enum Kind {
    READ,
    WRITE,
    /** A write that ends once its bytes are durable. */
    WRITE_DURABLY;

    static Kind write(boolean isDurable) {
      return isDurable ? WRITE_DURABLY : WRITE;
    }
  }

  private int run(Engine engine, Kind kind, long address, int length, Object lent, long position)
      throws IOException {
    Operation operation = engine.single().on(handle).lending(lent).within(timeoutNanos);
    int slot = lent instanceof LentBuffer buffer ? buffer.slot(engine) : RegisteredMemory.NONE;
    int fd = handle.fd();
    boolean isFixed = slot >= 0;
    switch (kind) {
      case READ -> {
        if (isFixed) {
          operation.readFixed(fd, address, length, position, slot);
        } else {
          operation.read(fd, address, length, position);
        }
      }
      case WRITE -> {
        if (isFixed) {
          operation.writeFixed(fd, address, length, position, slot);
        } else {
          operation.write(fd, address, length, position);
        }
      }
      case WRITE_DURABLY -> {
        if (isFixed) {
          operation.writeFixedDurably(fd, address, length, position, slot);
        } else {
          operation.writeDurably(fd, address, length, position);
        }
      }
    }
    if (kind == Kind.READ || !append) {
      operation.repeatable();
    }
    return operation.run();
  }

  /** Writes heap memory, through copies, as far as one native write would. */
  private int writeCopying(Engine engine, MemorySegment source, long position, int already)
      throws IOException {
    int wanted = (int) Math.min(source.byteSize(), Constants.MAX_RW_COUNT);
    int done = already;
    while (done < wanted) {
      // What is appended goes in one piece, or what others append would come in between.
      int step = append ? wanted - done : Math.min(wanted - done, NativePool.LARGEST_BYTES);
      int n;
      try (NativePool.Block block = NativePool.take(roomFor(step))) {
        MemorySegment copy = block.memory().asSlice(0, step);
        MemorySegment.copy(source, done, copy, 0, step);
        n =
            step > InlineMemory.BUFFER_BYTES
                ? write(copy, block, position + done)
                : FileErrors.check(
                    "write", writeOnRing(engine, copy, block, position + done, step, false));
      } catch (IOException e) {
        return (int) Progress.before(e, done);
      }
      done += n;
      if (n < step) {
        break;
      }
    }
    return done;
  }
}
