package io.ringspun.os;

import io.ringspun.Descriptor;
import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.Loan;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Progress;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.ReceiveAccess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * A file descriptor of any kind, such as an end of a pipe, a terminal, or one opened by native
 * code. Reads and writes use its current position.
 *
 * <p>A segment is lent to the kernel until the method returns, normally or not: do not access or
 * free it before then. A segment of a shared arena is copied, and so is a heap {@link ByteBuffer}.
 *
 * <h2>Splicing</h2>
 *
 * <p>A splice moves bytes between a pipe and another descriptor without copying them to the process
 * ({@code IORING_OP_SPLICE}, Linux 5.7). It waits, without occupying a worker, until there are
 * bytes to move and room for them. A kernel worker of the ring then moves the bytes, never the
 * ring's thread, so for a few bytes a splice is slower than a read and a write.
 *
 * <p>If a worker moves bytes to a socket whose peer accepts only some of them, the worker waits for
 * the peer and locks the pipe. Other reads and writes of the pipe then wait, too, and block a ring.
 * So if the target is a socket, fill and empty the pipe in turn from one thread.
 *
 * @since 0.1
 */
public final class RingFd extends SystemDescriptor {

  private RingFd(RawHandle handle, long timeoutNanos) {
    super(handle, timeoutNanos);
  }

  static RingFd of(RawHandle handle) {
    return new RingFd(handle, 0);
  }

  /**
   * Takes ownership of an open descriptor. From then on only the method {@code close} of the result
   * may close it. If the result becomes unreachable without being closed, the descriptor stays
   * open, because the process may have been started with it.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param fd the descriptor's number
   * @return the descriptor, for the caller to close
   * @throws IllegalArgumentException if the number is negative
   */
  public static RingFd adopt(Ring ring, int fd) {
    return of(adopted(ring, fd));
  }

  static RawHandle adopted(Ring ring, int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("a descriptor must not be negative: " + fd);
    }
    RawHandle handle = new RawHandle(fd, false, EngineAccess.of(ring));
    handle.leaveOpen();
    return handle;
  }

  /**
   * Returns a view of this descriptor with a time limit on every call. A call that exceeds the
   * limit is cancelled and throws {@link io.ringspun.OperationTimeoutException}. Both objects share
   * the descriptor, so closing either closes both.
   *
   * @param limit positive
   * @return a view of this descriptor
   * @throws IllegalArgumentException if not positive
   */
  public RingFd within(Duration limit) {
    return new RingFd(handle(), Arguments.timeoutNanos(limit));
  }

  // ---- reading and writing -------------------------------------------------------------------

  /**
   * Reads bytes ({@code IORING_OP_READ}, Linux 5.6). Blocks until there is at least one, or the end
   * is reached.
   *
   * @param target the segment to fill
   * @return the number of bytes read, at least 1 and possibly fewer than requested, or -1 at the
   *     end
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if the segment's arena is closed, before the read or during it
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public int read(MemorySegment target) throws IOException {
    Lending.requireUsable(target, true);
    return endOrCount(readTo(target));
  }

  /**
   * Reads bytes into a buffer, from its position to its limit, and advances its position; see
   * {@link #read(MemorySegment)}. Data for a heap buffer is copied.
   *
   * @param target the buffer to fill
   * @return the number of bytes read, at least 1 and possibly fewer than requested, or -1 at the
   *     end
   * @throws IllegalArgumentException if the buffer is full, read-only, or confined to another
   *     thread
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public int read(ByteBuffer target) throws IOException {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("Read-only buffer");
    }
    int n = readTo(segment(target));
    target.position(target.position() + n);
    return endOrCount(n);
  }

  private int readTo(MemorySegment target) throws IOException {
    try (Loan loan = Loan.toFill(target, step(target))) {
      int n =
          transfer(
              Constants.POLLIN,
              (operation, fd) ->
                  operation.read(fd, loan.address(), (int) loan.byteSize(), Splice.CURRENT),
              loan.owner());
      loan.filled(n);
      return check("read", n);
    }
  }

  /**
   * Writes bytes ({@code IORING_OP_WRITE}, Linux 5.6). Blocks until at least one byte is written.
   *
   * @param source the bytes to write
   * @return the number of bytes written, at least 1 and possibly fewer than requested
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     EPIPE} if the read end is closed
   */
  public int write(MemorySegment source) throws IOException {
    Lending.requireUsable(source, false);
    return writeFrom(source);
  }

  /**
   * Writes a buffer's bytes, from its position to its limit, and advances its position; see {@link
   * #write(MemorySegment)}. A heap buffer is copied.
   *
   * @param source the bytes to write
   * @return the number of bytes written, at least 1 and possibly fewer than requested
   * @throws IllegalArgumentException if the buffer is empty or confined to another thread
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public int write(ByteBuffer source) throws IOException {
    int n = writeFrom(segment(source));
    source.position(source.position() + n);
    return n;
  }

  private int writeFrom(MemorySegment source) throws IOException {
    try (Loan loan = Loan.toDrain(source, step(source))) {
      int n =
          transfer(
              Constants.POLLOUT,
              (operation, fd) ->
                  operation.write(fd, loan.address(), (int) loan.byteSize(), Splice.CURRENT),
              loan.owner());
      return check("write", n);
    }
  }

  /**
   * Writes all bytes of a segment ({@code IORING_OP_WRITE}, Linux 5.6). Blocks until all of them
   * are written. After an interrupt or a time limit, {@link
   * java.io.InterruptedIOException#bytesTransferred} is the number of bytes written. A time limit
   * applies to each write operation, not to the whole call.
   *
   * @param source the bytes to write, any number
   * @throws IllegalArgumentException if {@link #write(MemorySegment)} would throw it
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public void writeFully(MemorySegment source) throws IOException {
    Lending.requireUsable(source, false);
    handle()
        .inSteps(
            () -> {
              long done = 0;
              try {
                while (done < source.byteSize()) {
                  done += writeFrom(source.asSlice(done));
                }
                return done;
              } catch (IOException e) {
                throw Progress.after(done, e);
              }
            });
  }

  /** Returns how many bytes one operation can transfer, with a copy if needed. */
  private static long step(MemorySegment memory) {
    int max = Lending.isLendable(memory) ? Constants.MAX_RW_COUNT : NativePool.LARGEST_BYTES;
    return Math.min(memory.byteSize(), max);
  }

  private static MemorySegment segment(ByteBuffer buffer) {
    if (!buffer.hasRemaining()) {
      throw new IllegalArgumentException("the buffer has no bytes remaining");
    }
    MemorySegment segment = MemorySegment.ofBuffer(buffer);
    Lending.requireAccessible(segment);
    return segment;
  }

  private static int endOrCount(int count) {
    return count == 0 ? -1 : count;
  }

  /**
   * Returns a stream that receives into provided buffers, on the buffers' ring ({@code
   * IORING_OP_READ_MULTISHOT}, Linux 6.7). Does not block; receiving begins with the first call of
   * {@link ReceiveStream#next}. The time limit of this view applies to each chunk. For a descriptor
   * that cannot be polled, such as a regular file, or on an older kernel, the stream throws {@link
   * io.ringspun.OperationException}.
   *
   * @param buffers the buffers to receive into
   * @return a stream, for the caller to close
   * @throws java.nio.channels.ClosedChannelException if this or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public ReceiveStream receive(BufferRing buffers) throws IOException {
    return (ReceiveStream) ReceiveAccess.receive(buffers, handle(), null, timeoutNanos());
  }

  // ---- splicing ------------------------------------------------------------------------------

  /**
   * Moves bytes from this descriptor to another, one of which must be a pipe ({@code
   * IORING_OP_SPLICE}, Linux 5.7). Blocks until at least one byte is moved, or the end is reached.
   *
   * @param target the target; a file is written at its current position
   * @param length the maximum number of bytes
   * @return the number of bytes moved, at least 1, or -1 at the end
   * @throws IllegalArgumentException if the length is less than 1
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}, for either
   *     descriptor; {@code EINVAL} if neither is a pipe, both are the same one, or a file was
   *     opened with {@code APPEND}
   */
  public int spliceTo(Descriptor target, int length) throws IOException {
    return splice(handle(), Splice.CURRENT, Handle.of(target), Splice.CURRENT, length);
  }

  /**
   * Moves bytes from this pipe to a position of a file; see {@link #spliceTo(Descriptor, int)}.
   *
   * @param target the file
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @param length the maximum number of bytes
   * @return the number of bytes moved, at least 1, or -1 at the end of the pipe
   * @throws IllegalArgumentException if the position is negative, or under the conditions of {@link
   *     #spliceTo(Descriptor, int)}
   * @throws IOException if the operation fails, as described in {@link #spliceTo(Descriptor, int)}
   */
  public int spliceTo(Descriptor target, long position, int length) throws IOException {
    Arguments.requirePosition(position, length);
    return splice(handle(), Splice.CURRENT, Handle.of(target), position, length);
  }

  /**
   * Moves bytes from another descriptor to this one; see {@link #spliceTo(Descriptor, int)}.
   *
   * @param source the source; a file is read at its current position
   * @param length the maximum number of bytes
   * @return the number of bytes moved, at least 1, or -1 at the end
   * @throws IllegalArgumentException under the conditions of {@link #spliceTo(Descriptor, int)}
   * @throws IOException if the operation fails, as described in {@link #spliceTo(Descriptor, int)}
   */
  public int spliceFrom(Descriptor source, int length) throws IOException {
    return splice(Handle.of(source), Splice.CURRENT, handle(), Splice.CURRENT, length);
  }

  /**
   * Moves bytes from a position of a file to this pipe; see {@link #spliceTo(Descriptor, int)}.
   *
   * @param source the file
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @param length the maximum number of bytes
   * @return the number of bytes moved, at least 1, or -1 at the end of the file
   * @throws IllegalArgumentException if the position is negative, or under the conditions of {@link
   *     #spliceTo(Descriptor, int)}
   * @throws IOException if the operation fails, as described in {@link #spliceTo(Descriptor, long,
   *     int)}
   */
  public int spliceFrom(Descriptor source, long position, int length) throws IOException {
    Arguments.requirePosition(position, length);
    return splice(Handle.of(source), position, handle(), Splice.CURRENT, length);
  }

  private int splice(Handle from, long fromPosition, Handle to, long toPosition, int length)
      throws IOException {
    return endOrCount(
        Splice.run(
            "splice",
            from,
            to,
            length,
            timeoutNanos(),
            (operation, in, out, flags) ->
                operation.splice(in, fromPosition, out, toPosition, length, flags)));
  }

  /**
   * Copies bytes from this pipe to another and leaves them in this one ({@code IORING_OP_TEE},
   * Linux 5.8). Blocks until at least one byte is copied, or the end is reached.
   *
   * @param target the other pipe
   * @param length the maximum number of bytes
   * @return the number of bytes copied, at least 1, or -1 at the end
   * @throws IllegalArgumentException if the length is less than 1
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}, for either
   *     descriptor; {@code EINVAL} if either is not a pipe, or both are the same pipe
   */
  public int teeTo(RingFd target, int length) throws IOException {
    return endOrCount(
        Splice.run(
            "tee",
            handle(),
            target.handle(),
            length,
            timeoutNanos(),
            (operation, in, out, flags) -> operation.tee(in, out, length, flags)));
  }
}
