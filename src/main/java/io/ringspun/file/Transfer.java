package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Lending;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Loan;
import io.ringspun.internal.ring.NativePool;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.RegisteredMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes between a file and one piece of memory: without the ring where that cannot wait, else
 * through it, and by way of a copy where the kernel must not have the memory itself. Arguments are
 * checked already.
 */
final class Transfer {
  /**
   * A read that ends here at a page's border may have ended because the next page is not cached.
   */
  private static final long PAGE_MASK = 4095;

  private final Handle handle;
  private final boolean direct;
  private final boolean append;
  private final long timeoutNanos; // 0 for none

  // Whether plain system calls can do without waiting here; cleared by any thread that learns that
  // they cannot. A race merely costs another attempt.
  private boolean inlineReads;
  private boolean inlineWrites;

  Transfer(Handle handle, OpenFlags flags, long timeoutNanos) {
    this.handle = handle;
    this.timeoutNanos = timeoutNanos;
    direct = flags.direct();
    append = flags.append();
    // With O_DIRECT a call that must not wait for memory or locks still waits for the device.
    inlineReads = !direct && handle instanceof RawHandle;
    inlineWrites = inlineReads && !append;
  }

  /** Reads what one operation gives: 0 at the end. */
  int read(MemorySegment target, long position) throws IOException {
    return target.isNative() ? read(target, null, position) : readCopying(target, position);
  }

  /** Reads likewise, into a pool's buffer. */
  int read(LentBuffer buffer, long position) throws IOException {
    return read(buffer.memory(), buffer, position);
  }

  private int read(MemorySegment target, @Nullable LentBuffer buffer, long position)
      throws IOException {
    int length = (int) Math.min(target.byteSize(), Constants.MAX_RW_COUNT);
    Engine engine = handle.engine();
    engine.requireUsable();
    int done = 0;
    if (inlineReads && engine.config().inlineAttempts()) {
      int n = readInline(engine, target, position);
      boolean isAll = n >= 0 && !endsAtPage(n, length, position);
      engine.countInline(isAll);
      if (isAll) {
        return n;
      }
      done = Math.max(n, 0);
    }
    MemorySegment rest = done == 0 ? target : target.asSlice(done);
    int n = readOnRing(engine, rest, buffer, position + done, length - done);
    return done + RingFile.check("read", n);
  }

  private static boolean endsAtPage(int count, int length, long position) {
    return count < length && ((position + count) & PAGE_MASK) == 0;
  }

  private int readInline(Engine engine, MemorySegment target, long position) throws IOException {
    int n = (int) engine.inline().read((RawHandle) handle, target, position);
    if (n == -Errno.EOPNOTSUPP || n == -Errno.ESPIPE) {
      inlineReads = false;
    }
    return n;
  }

  private int readOnRing(
      Engine engine, MemorySegment target, @Nullable LentBuffer buffer, long position, int length)
      throws IOException {
    handle.acquire(); // the ring releases it at the completion
    if (Lending.isLendable(target)) {
      Call call = engine.single().timeoutNanos(timeoutNanos);
      Operation operation = call.operation(0);
      int slot = buffer == null ? RegisteredMemory.NONE : buffer.slot(engine);
      if (slot >= 0) {
        operation.readFixed(handle.fd(), target.address(), length, position, slot);
      } else {
        operation.read(handle.fd(), target.address(), length, position);
      }
      operation.using(handle, target).repeatable();
      return engine.run(call);
    }
    Loan loan;
    try {
      loan = Loan.toFill(target, Math.min(length, NativePool.LARGEST_BYTES));
    } catch (RuntimeException | Error e) {
      handle.release();
      throw e;
    }
    int n = -1;
    try {
      Call call = engine.single().timeoutNanos(timeoutNanos);
      call.operation(0).read(handle.fd(), loan.address(), (int) loan.byteSize(), position);
      call.operation(0).using(handle, loan.owner()).repeatable();
      n = engine.run(call);
      loan.filled(n);
    } finally {
      if (!engine.hasFailed()) {
        loan.close();
      }
    }
    return n;
  }

  /** Fills heap memory, by way of copies, as far as one native read would. */
  private int readCopying(MemorySegment target, long position) throws IOException {
    int wanted = (int) Math.min(target.byteSize(), Constants.MAX_RW_COUNT);
    int done = 0;
    boolean hadFailed = handle.engine().hasFailed();
    while (done < wanted) {
      int step = Math.min(wanted - done, NativePool.LARGEST_BYTES);
      NativePool.Block block = NativePool.take(step);
      int n;
      try {
        MemorySegment copy = block.memory().asSlice(0, step);
        n = read(copy, position + done);
        MemorySegment.copy(copy, 0, target, done, n);
      } finally {
        giveBack(handle.engine(), block, hadFailed);
      }
      done += n;
      if (n < step) {
        break;
      }
    }
    return done;
  }

  /** Writes what one operation takes. */
  int write(MemorySegment source, long position) throws IOException {
    return source.isNative() ? write(source, null, position) : writeCopying(source, position);
  }

  /** Writes likewise, from the start of a pool's buffer. */
  int write(LentBuffer buffer, int length, long position) throws IOException {
    return write(buffer.memory().asSlice(0, length), buffer, position);
  }

  private int write(MemorySegment source, @Nullable LentBuffer buffer, long position)
      throws IOException {
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
    MemorySegment rest = done == 0 ? source : source.asSlice(done);
    int n = writeOnRing(engine, rest, buffer, position + done, length - done);
    return n < 0 && done > 0 ? done : done + RingFile.check("write", n);
  }

  private int writeInline(Engine engine, MemorySegment source, long position) throws IOException {
    int n = (int) engine.inline().write((RawHandle) handle, source, position);
    if (n == -Errno.EOPNOTSUPP || n == -Errno.ESPIPE) {
      inlineWrites = false; // as on ext4, and as with pipes
    }
    return n;
  }

  private int writeOnRing(
      Engine engine, MemorySegment source, @Nullable LentBuffer buffer, long position, int length)
      throws IOException {
    handle.acquire(); // the ring releases it at the completion
    Loan loan;
    try {
      boolean whole = Lending.isLendable(source) || append; // as in writeCopying
      int step = whole ? length : Math.min(length, NativePool.LARGEST_BYTES);
      loan = Loan.toDrain(source, step);
    } catch (RuntimeException | Error e) {
      handle.release();
      throw e;
    }
    try {
      Call call = engine.single().timeoutNanos(timeoutNanos);
      Operation operation = call.operation(0);
      int step = (int) loan.byteSize();
      int slot = buffer == null ? RegisteredMemory.NONE : buffer.slot(engine);
      if (slot >= 0) {
        operation.writeFixed(handle.fd(), loan.address(), step, position, slot);
      } else {
        operation.write(handle.fd(), loan.address(), step, position);
      }
      operation.using(handle, loan.owner());
      if (!append) {
        operation.repeatable();
      }
      return engine.run(call);
    } finally {
      if (!engine.hasFailed()) {
        loan.close();
      }
    }
  }

  /** Writes heap memory, by way of copies, as far as one native write would. */
  private int writeCopying(MemorySegment source, long position) throws IOException {
    int wanted = (int) Math.min(source.byteSize(), Constants.MAX_RW_COUNT);
    int done = 0;
    boolean hadFailed = handle.engine().hasFailed();
    while (done < wanted) {
      // What is appended goes in one piece, or what others append would come in between.
      int step = append ? wanted : Math.min(wanted - done, NativePool.LARGEST_BYTES);
      NativePool.Block block = NativePool.take(step);
      int n;
      try {
        MemorySegment copy = block.memory().asSlice(0, step);
        MemorySegment.copy(source, done, copy, 0, step);
        n = write(copy, position + done);
      } finally {
        giveBack(handle.engine(), block, hadFailed);
      }
      done += n;
      if (n < step) {
        break;
      }
    }
    return done;
  }

  /**
   * Returns a block to the pool, unless the ring failed while the kernel may have had it: then
   * nobody knows when it lets go. A ring that had failed before never lent it.
   */
  static void giveBack(Engine engine, NativePool.Block block, boolean hadFailed) {
    if (hadFailed || !engine.hasFailed()) {
      block.close();
    }
  }
}
