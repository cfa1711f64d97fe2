package io.ringspun.os;

import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.Step;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Pipe;
import io.ringspun.raw.RawOperation;
import java.io.IOException;

/**
 * A pipe: bytes written to its sink are read from its source. The ends can be closed separately, or
 * both together with the pipe. Safe for use by multiple concurrent threads.
 *
 * @since 0.1
 */
public final class RingPipe implements AutoCloseable {
  private final RingFd source;
  private final RingFd sink;

  private RingPipe(RingFd source, RingFd sink) {
    this.source = source;
    this.sink = sink;
  }

  /**
   * Opens a pipe ({@code IORING_OP_PIPE}, Linux 6.16; pipe2(2) before). Does not wait for a peer.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @return the pipe, for the caller to close
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationException if the kernel refuses, with {@code EMFILE} if the process has too
   *     many descriptors
   * @throws IOException if another I/O error occurs
   */
  public static RingPipe open(Ring ring) throws IOException {
    try {
      Pipe pipe = Pipe.open(EngineAccess.of(ring));
      return new RingPipe(RingFd.of(pipe.source()), RingFd.of(pipe.sink()));
    } catch (ErrnoException e) {
      OperationException refusal = new OperationException("pipe", e.errno());
      refusal.initCause(e);
      throw refusal;
    }
  }

  /**
   * Returns the read end.
   *
   * @return always the same object
   */
  public RingFd source() {
    return source;
  }

  /**
   * Returns the write end. Bytes that are in the pipe when this end is closed can still be read.
   *
   * @return always the same object
   */
  public RingFd sink() {
    return sink;
  }

  /**
   * Returns the capacity of the pipe ({@code F_GETPIPE_SZ}). Does not block.
   *
   * @return the capacity in bytes
   * @throws java.nio.channels.ClosedChannelException if the sink is closed
   * @throws IOException if the kernel refuses
   */
  public int capacity() throws IOException {
    return sink.call("F_GETPIPE_SZ", SystemCall.FCNTL, sink.handle().fd(), Constants.F_GETPIPE_SZ);
  }

  /**
   * Changes the capacity of the pipe ({@code F_SETPIPE_SZ}). Does not block.
   *
   * @param bytes the minimum capacity in bytes; the kernel rounds up to pages and a power of two
   * @return the new capacity in bytes
   * @throws IllegalArgumentException if less than 1
   * @throws java.nio.channels.ClosedChannelException if the sink is closed
   * @throws OperationException with {@code EBUSY} if the pipe holds more bytes than that, with
   *     {@code EPERM} if the capacity exceeds {@code /proc/sys/fs/pipe-max-size}
   * @throws IOException if another I/O error occurs
   */
  public int resize(int bytes) throws IOException {
    if (bytes < 1) {
      throw new IllegalArgumentException("a pipe must hold at least 1 byte: " + bytes);
    }
    return sink.call(
        "F_SETPIPE_SZ", SystemCall.FCNTL, sink.handle().fd(), Constants.F_SETPIPE_SZ, bytes);
  }

  /**
   * Returns a step that moves bytes between a pipe and another descriptor, or between two pipes,
   * inside the kernel ({@code IORING_OP_SPLICE}, Linux 5.7), at their current positions. A worker
   * of the ring waits until there are bytes to move and room for them. If it moves fewer bytes than
   * requested, the step falls short and breaks the chain.
   *
   * @param source the source
   * @param target the target
   * @param length the number of bytes, at least 1
   * @return the step, whose result is the number of bytes moved, 0 at the end
   * @throws IllegalArgumentException if the length is less than 1
   */
  public static Step spliceStep(Descriptor source, Descriptor target, int length) {
    Splice.requireLength(length);
    return RawOperation.of(Constants.IORING_OP_SPLICE)
        .splicingFrom(source)
        .address(
            Splice.CURRENT) // this operation has no address; the field holds the source's offset
        .on(target)
        .offset(Splice.CURRENT)
        .length(length)
        .toStep();
  }

  /**
   * Closes both ends, the sink first, as the method {@code close} of {@link RingFd} does.
   *
   * @throws IOException if the kernel reports an error; both are closed
   */
  @Override
  public void close() throws IOException {
    try (source) {
      sink.close();
    }
  }

  @Override
  public String toString() {
    return "RingPipe[from %s to %s]".formatted(sink.handle(), source.handle());
  }
}
