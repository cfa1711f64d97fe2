package io.ringspun.internal.net;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.MessageHeader;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.LentVector;
import io.ringspun.internal.memory.Loan;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.InlineCalls;
import io.ringspun.internal.ring.KernelWait;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.RegisteredMemory;
import io.ringspun.internal.ring.SocketPoller;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes between a stream socket and memory, through a copy if the memory must not be lent
 * itself. Arguments have already been checked.
 */
public final class StreamTransfer {
  // What plain system calls say that have left a call to the ring.
  private static final int UNTRIED = Integer.MIN_VALUE;
  private static final int WAITED = Integer.MIN_VALUE + 1;

  private final Handle handle;
  private final long zeroCopyAbove; // bytes of one operation

  public StreamTransfer(Handle handle, long zeroCopyAbove) {
    this.handle = handle;
    this.zeroCopyAbove = zeroCopyAbove;
  }

  /** Receives what one operation gives: 0 at the end. */
  public int receive(MemorySegment target, long nanos) throws IOException {
    int length = (int) Math.min(target.byteSize(), Constants.MAX_RW_COUNT);
    MemorySegment part = length == target.byteSize() ? target : target.asSlice(0, length);
    if (Lending.isLendable(target)) {
      return NetErrors.check("recv", receive(part, target, nanos));
    }
    Deadline deadline = Deadline.after(nanos);
    boolean takes = InlineCalls.takes(part);
    int n = takes ? receivePlainly(part, deadline) : UNTRIED;
    if (!isUndecided(n)) {
      return NetErrors.check("recv", n);
    }
    try (Loan loan = Loan.toFill(target, Math.min(length, NativePool.LARGEST_BYTES))) {
      if (!takes) {
        n = receivePlainly(loan.memory(), deadline);
      }
      if (isUndecided(n)) {
        n = receiveWaiting(loan.memory(), loan.owner(), left(n, deadline));
      }
      loan.filled(n);
      return NetErrors.check("recv", n);
    }
  }

  /** Receives into a pool's buffer, as {@link #receive(MemorySegment, long)} does. */
  public int receive(LentBuffer buffer, long nanos) throws IOException {
    return NetErrors.check("recv", receive(buffer.memory(), buffer, nanos));
  }

  private int receive(MemorySegment memory, Object lent, long nanos) throws IOException {
    Deadline deadline = Deadline.after(nanos);
    int n = receivePlainly(memory, deadline);
    return isUndecided(n) ? receiveWaiting(memory, lent, left(n, deadline)) : n;
  }

  /** Returns what is left to a call that plain system calls have left to the ring. */
  private long left(int result, Deadline deadline) throws IOException {
    return result == WAITED ? deadline.left(handle.engine()) : deadline.limitNanos();
  }

  /**
   * Receives by plain system calls, for which a virtual thread may wait.
   *
   * @return the bytes received, 0 at the end, or a negated errno: {@link #UNTRIED}, {@code -EAGAIN}
   *     or {@link #WAITED} if the ring must do it
   */
  private int receivePlainly(MemorySegment memory, Deadline deadline) throws IOException {
    Engine engine = handle.engine();
    boolean mayBeThere = handle.mayHaveLeft();
    // A thread that the ring carries saves little, so it tries only if it may well succeed. One
    // that waits in the kernel does both in one call, unless its time is limited.
    boolean tries =
        kernelWait(true) == null
            ? mayBeThere || !engine.carriesCaller()
            : mayBeThere && deadline.limitNanos() != 0;
    if (!tries || !triesInline(engine)) {
      return UNTRIED;
    }
    RawHandle raw = (RawHandle) handle;
    int n = (int) engine.inline().recv(raw, memory);
    SocketPoller poller = n == -Errno.EAGAIN ? raw.socketPoller() : null;
    if (poller != null) {
      n = receive(engine, poller, raw, memory, deadline);
    }
    engine.countInline(!isUndecided(n));
    handle.noteLeft(n == memory.byteSize());
    return n;
  }

  /** Receives by plain system calls after waiting; {@code -EAGAIN} or WAITED if it cannot. */
  private static int receive(
      Engine engine, SocketPoller poller, RawHandle raw, MemorySegment memory, Deadline deadline)
      throws IOException {
    int n = -Errno.EAGAIN;
    while (raw.awaitArrival(poller, deadline)) {
      try {
        n = (int) engine.inline().recv(raw, memory);
      } catch (ClosedChannelException _) {
        throw new AsynchronousCloseException();
      }
      if (n <= 0 && !raw.isOpen()) {
        throw new AsynchronousCloseException(); // which may be why the peer has ended it
      }
      if (n != -Errno.EAGAIN) {
        return isUndecided(n) ? WAITED : n; // it may wait here only if there is nothing
      }
      n = WAITED;
    }
    return n;
  }

  /** Receives in the kernel or through the ring. */
  private int receiveWaiting(MemorySegment memory, Object lent, long nanos) throws IOException {
    Engine engine = handle.engine();
    KernelWait wait = kernelWait(true);
    if (wait != null) {
      int n = receive(engine, wait, memory, nanos);
      if (n != -Errno.EAGAIN) {
        return n;
      }
    }
    int length = (int) memory.byteSize();
    Operation operation = single(lent, nanos);
    if (handle.mayHaveLeft()) {
      operation.recv(handle.fd(), memory.address(), length, 0);
    } else {
      operation.recvPolledFirst(handle.fd(), memory.address(), length, 0);
    }
    return operation.run();
  }

  /** Receives on the calling thread, which waits in the kernel; {@code -EAGAIN} if it cannot. */
  private int receive(Engine engine, KernelWait wait, MemorySegment memory, long nanos)
      throws IOException {
    engine.requireUsable(handle);
    int n = wait.recv(memory, nanos);
    if (n == -Errno.ETIME) {
      throw engine.timedOut(nanos);
    }
    if (n != -Errno.EAGAIN) {
      engine.countInline(true);
      handle.noteLeft(n == memory.byteSize());
    }
    return n;
  }

  private @Nullable KernelWait kernelWait(boolean reads) throws IOException {
    return handle instanceof RawHandle raw ? raw.kernelWait(reads) : null;
  }

  /** Returns a blank operation on the socket. */
  private Operation single(Object lent, long nanos) {
    return handle.single().lending(lent).within(nanos).openEnded();
  }

  /**
   * Returns whether plain system calls are tried first.
   *
   * @throws IOException if no call can begin
   */
  private boolean triesInline(Engine engine) throws IOException {
    if (!(handle instanceof RawHandle) || !engine.config().inlineAttempts()) {
      return false;
    }
    engine.requireUsable(handle);
    return true;
  }

  /** Returns whether a call that could not wait left it to the ring. */
  private static boolean isUndecided(int result) {
    return result == -Errno.EAGAIN
        || result == -Errno.EINTR
        || result == UNTRIED
        || result == WAITED;
  }

  /**
   * Sends what one operation takes.
   *
   * @param flags with {@code MSG_WAITALL} the kernel continues until all bytes are transferred,
   *     with {@code MSG_MORE} they go in one packet with what is sent next
   */
  public int send(MemorySegment source, int flags, long nanos) throws IOException {
    return send(source, source, flags, nanos);
  }

  /** Sends a part of a pool's buffer, as {@link #send(MemorySegment, int, long)} does. */
  public int send(LentBuffer buffer, int from, int to, int flags, long nanos) throws IOException {
    return send(buffer.memory().asSlice(from, to - from), buffer, flags, nanos);
  }

  /** Sends what belongs to something that is lent. */
  private int send(MemorySegment source, Object lent, int flags, long nanos) throws IOException {
    int length = (int) Math.min(source.byteSize(), Constants.MAX_RW_COUNT);
    if (Lending.isLendable(source)) {
      int n = -Errno.EOPNOTSUPP;
      if (length > zeroCopyAbove) {
        n = sendZeroCopy(source, length, lent, flags, nanos);
      }
      if (isZeroCopyRefused(n)) {
        n = sendCopying(source.asSlice(0, length), flags, lent, nanos);
      }
      return NetErrors.check("send", n);
    }
    boolean takes = InlineCalls.takes(source);
    int n = takes ? sendPlainly(source, flags, nanos) : UNTRIED;
    if (!isUndecided(n)) {
      return NetErrors.check("send", n);
    }
    try (Loan loan = Loan.toDrain(source, Math.min(length, NativePool.LARGEST_BYTES))) {
      n = takes ? n : sendPlainly(loan.memory(), flags, nanos);
      if (isUndecided(n)) {
        n = sendWaiting(loan.memory(), flags, loan.owner(), nanos);
      }
      return NetErrors.check("send", n);
    }
  }

  /** Returns whether a socket, or the memory that may be pinned for it, does not allow it. */
  private static boolean isZeroCopyRefused(int result) {
    return result == -Errno.EOPNOTSUPP || result == -Errno.ENOBUFS || result == -Errno.ENOMEM;
  }

  private int sendCopying(MemorySegment memory, int flags, Object lent, long nanos)
      throws IOException {
    int n = sendPlainly(memory, flags, nanos);
    return isUndecided(n) ? sendWaiting(memory, flags, lent, nanos) : n;
  }

  private static boolean hasMore(int flags) {
    return (flags & Constants.MSG_MORE) != 0;
  }

  /** Returns where the calling thread may wait for room to send something; null if nowhere. */
  private @Nullable KernelWait kernelWait(int flags, long nanos) throws IOException {
    return nanos == 0 && !hasMore(flags) ? kernelWait(false) : null;
  }

  /** Sends by a plain system call that does not wait: the bytes sent, or a negated errno. */
  private int sendPlainly(MemorySegment memory, int flags, long nanos) throws IOException {
    Engine engine = handle.engine();
    if (kernelWait(flags, nanos) != null || !triesInline(engine)) {
      return UNTRIED;
    }
    int n = (int) engine.inline().send((RawHandle) handle, memory, hasMore(flags));
    engine.countInline(!isUndecided(n));
    return n;
  }

  /** Sends in the kernel or through the ring. */
  private int sendWaiting(MemorySegment memory, int flags, Object lent, long nanos)
      throws IOException {
    Engine engine = handle.engine();
    KernelWait wait = kernelWait(flags, nanos);
    if (wait != null) {
      engine.requireUsable(handle);
      int n = wait.send(memory);
      if (n != -Errno.EAGAIN) {
        engine.countInline(true);
        return n;
      }
    }
    Operation operation = single(lent, nanos);
    int length = (int) memory.byteSize();
    operation.send(handle.fd(), memory.address(), length, flags | Constants.MSG_NOSIGNAL);
    return operation.run();
  }

  private int sendZeroCopy(MemorySegment source, int length, Object lent, int flags, long nanos)
      throws IOException {
    int slot =
        lent instanceof LentBuffer buffer ? buffer.slot(handle.engine()) : RegisteredMemory.NONE;
    int allFlags = flags | Constants.MSG_NOSIGNAL;
    Operation operation = single(lent, nanos);
    if (slot >= 0) {
      operation.sendZcFixed(handle.fd(), source.address(), length, allFlags, slot);
    } else {
      operation.sendZc(handle.fd(), source.address(), length, allFlags);
    }
    return operation.run();
  }

  /** Receives into several pieces of memory, one after the other; 0 at the end. */
  public long receive(MemorySegment[] targets, long nanos) throws IOException {
    try (LentVector vector = vector(targets, true)) {
      int n =
          single(vector, nanos)
              .ofStream()
              .run((operation, fd) -> operation.recvmsg(fd, vector.prefix().address(), 0));
      vector.filled(n);
      return NetErrors.check("recvmsg", n);
    }
  }

  /** Sends several pieces of memory, one after the other. */
  public long send(MemorySegment[] sources, int flags, long nanos) throws IOException {
    int allFlags = flags | Constants.MSG_NOSIGNAL;
    try (LentVector vector = vector(sources, false)) {
      long header = vector.prefix().address();
      int n = -Errno.EOPNOTSUPP;
      if (byteSize(sources) > zeroCopyAbove) {
        n = single(vector, nanos).run((operation, fd) -> operation.sendmsgZc(fd, header, allFlags));
      }
      if (isZeroCopyRefused(n)) {
        n = single(vector, nanos).run((operation, fd) -> operation.sendmsg(fd, header, allFlags));
      }
      return NetErrors.check("sendmsg", n);
    }
  }

  private static LentVector vector(MemorySegment[] pieces, boolean fills) {
    LentVector vector = LentVector.of(pieces, fills, MessageHeader.SIZE_BYTES);
    if (vector.count() == 0) {
      vector.close();
      throw new IllegalArgumentException("there is nothing to transfer: all buffers are empty");
    }
    MessageHeader.put(vector.prefix(), 0, 0, vector.address(), vector.count(), 0, 0);
    return vector;
  }

  private static long byteSize(MemorySegment[] pieces) {
    long sum = 0;
    for (MemorySegment piece : pieces) {
      sum += piece.byteSize();
    }
    return sum;
  }
}
