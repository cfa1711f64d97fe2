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
 * Any descriptor of the process, such as one end of a pipe, a terminal, or what native code has
 * opened: read and written where it stands.
 *
 * <p>A segment is lent to the kernel until the method returns, normally or not: do not touch or
 * free it before then. A segment of a shared arena is copied, and so is a heap {@link ByteBuffer}.
 *
 * <h2>Splicing</h2>
 *
 * <p>Bytes move between a pipe and another descriptor without coming into the process ({@code
 * IORING_OP_SPLICE}, Linux 5.7). A splice waits, without holding anything, until there is something
 * to move and room for it. The moving itself is done by one of the ring's workers in the kernel,
 * never on the ring's own thread, so for a few bytes it costs more than to read and write them.
 *
 * <p>A worker that moves bytes to a socket whose peer takes only some of them waits for the peer
 * and holds the pipe. Whoever reads or writes the same pipe then waits too, and holds up a ring. So
 * fill and empty a pipe in turn, from one thread, where the other side is a socket.
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
   * Takes charge of an open descriptor. From now on it belongs to the result, whose {@link #close}
   * closes it, and nobody else may. It stays open if nobody closes the result, since it may be one
   * that the process was started with.
   *
   * @param ring the home ring
   * @param fd its number
   * @return the descriptor, for the caller to close
   * @throws IllegalArgumentException if the number is negative
   */
  public static RingFd adopt(Ring ring, int fd) {
    return of(adopted(ring, fd));
  }

  static RawHandle adopted(Ring ring, int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("no descriptor has a negative number: " + fd);
    }
    RawHandle handle = new RawHandle(fd, false, EngineAccess.of(ring));
    handle.leaveOpen();
    return handle;
  }

  /**
   * Returns this descriptor with a time limit on every call: a call that is not over in time is
   * cancelled and throws {@link io.ringspun.OperationTimeoutException}. The descriptor is the same,
   * so closing either closes both.
   *
   * @param limit positive
   * @return another view of this descriptor
   * @throws IllegalArgumentException if not positive
   */
  public RingFd withTimeout(Duration limit) {
    return new RingFd(handle(), Arguments.timeoutNanos(limit));
  }

  // ---- reading and writing -------------------------------------------------------------------

  /**
   * Reads bytes ({@code IORING_OP_READ}, Linux 5.6). Blocks until there are some, or will be none.
   *
   * @param target where the bytes go; its whole size is asked for
   * @return the bytes read, at least 1 and perhaps fewer than asked for, or -1 at the end
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
   * Reads bytes into a buffer, from its position to its limit, and moves its position; see {@link
   * #read(MemorySegment)}. A heap buffer is copied.
   *
   * @param target where the bytes go
   * @return the bytes read, at least 1 and perhaps fewer than asked for, or -1 at the end
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
   * Writes bytes ({@code IORING_OP_WRITE}, Linux 5.6). Blocks until some are taken.
   *
   * @param source the bytes
   * @return the bytes taken, at least 1 and perhaps fewer than asked for
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     EPIPE} if nobody can read
   */
  public int write(MemorySegment source) throws IOException {
    Lending.requireUsable(source, false);
    return writeFrom(source);
  }

  /**
   * Writes a buffer's bytes, from its position to its limit, and moves its position; see {@link
   * #write(MemorySegment)}. A heap buffer is copied.
   *
   * @param source the bytes
   * @return the bytes taken, at least 1 and perhaps fewer than asked for
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
   * Writes until all of a segment's bytes are taken. If an interrupt or a time limit ends it,
   * {@link java.io.InterruptedIOException#bytesTransferred} says how many were. A time limit is for
   * each part.
   *
   * @param source the bytes; any size
   * @throws IllegalArgumentException for the reasons of {@link #write(MemorySegment)}
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

  /** Returns how much one operation can transfer, by way of a copy if need be. */
  private static long step(MemorySegment memory) {
    int max = Lending.isLendable(memory) ? Constants.MAX_RW_COUNT : NativePool.LARGEST_BYTES;
    return Math.min(memory.byteSize(), max);
  }

  private static MemorySegment segment(ByteBuffer buffer) {
    if (!buffer.hasRemaining()) {
      throw new IllegalArgumentException("the buffer has nothing remaining");
    }
    MemorySegment segment = MemorySegment.ofBuffer(buffer);
    Lending.requireAccessible(segment);
    return segment;
  }

  private static int endOrCount(int count) {
    return count == 0 ? -1 : count;
  }

  /**
   * Begins to receive what arrives, into buffers that the kernel takes then ({@code
   * IORING_OP_READ_MULTISHOT}, Linux 6.7), on the buffers' ring. Does not block. This view's time
   * limit holds for each chunk. From the stream, what cannot be polled, such as a regular file, or
   * an older kernel is answered with {@link io.ringspun.OperationException}.
   *
   * @param buffers where the bytes go
   * @return a stream, for the caller to close
   * @throws java.nio.channels.ClosedChannelException if this or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public ReceiveStream receive(BufferRing buffers) throws IOException {
    return (ReceiveStream) ReceiveAccess.receive(buffers, handle(), null, timeoutNanos());
  }

  // ---- splicing ------------------------------------------------------------------------------

  /**
   * Moves bytes from this descriptor to another, one of which is a pipe ({@code IORING_OP_SPLICE},
   * Linux 5.7). Blocks until some have been moved, or there will be none.
   *
   * @param target where they go; a file takes them where its descriptor stands
   * @param length how many at most, in bytes
   * @return the bytes moved, at least 1, or -1 at the end
   * @throws IllegalArgumentException if the length is less than 1
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}, for either
   *     descriptor; {@code EINVAL} if neither is a pipe, both are the same one, or a file was
   *     opened to append
   */
  public int spliceTo(Descriptor target, int length) throws IOException {
    return splice(handle(), Splice.CURRENT, Handle.of(target), Splice.CURRENT, length);
  }

  /**
   * Moves bytes from this pipe to a position of a file; see {@link #spliceTo(Descriptor, int)}.
   *
   * @param target the file
   * @param position where in the file, in bytes from its beginning
   * @param length how many at most, in bytes
   * @return the bytes moved, at least 1, or -1 at the end of the pipe
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
   * @param source where they come from; a file gives them where its descriptor stands
   * @param length how many at most, in bytes
   * @return the bytes moved, at least 1, or -1 at the end
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
   * @param position where in the file, in bytes from its beginning
   * @param length how many at most, in bytes
   * @return the bytes moved, at least 1, or -1 at the end of the file
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
   * Linux 5.8). Blocks until some have been copied, or there will be none.
   *
   * @param target the other pipe
   * @param length how many at most, in bytes
   * @return the bytes copied, at least 1, or -1 at the end
   * @throws IllegalArgumentException if the length is less than 1
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}, for either
   *     descriptor; {@code EINVAL} if either is no pipe, or both are the same one
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
