package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.FairPool;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.RegisteredMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Buffers of one size, page-aligned, whose pages the kernel pins once, when the pool is opened,
 * instead of at every transfer ({@code IORING_REGISTER_BUFFERS2}, Linux 5.19). Safe for use by many
 * threads.
 *
 * <pre>{@code
 * try (BufferPool pool = ring.bufferPool(64, 16 << 10);
 *     Lease lease = pool.take()) {
 *   int n = file.read(lease, position);
 *   use(lease.filled());
 * }
 * }</pre>
 *
 * <p>A pool belongs to one ring, or to all rings of a group, which share the pinned pages. An
 * operation that is given a lease names the registered buffer if it runs on one of them. On any
 * other ring, such as that which carries the calling thread, it uses the same memory like any
 * other. So take buffers from a pool of the ring that carries the thread, or of its group.
 *
 * <p>Where the kernel refuses to pin the memory, mostly for the limit of locked memory ({@code
 * ulimit -l}), the pool works unregistered. The first refusal is logged with what to do; {@link
 * #isRegistered} and {@link RingMetrics#unregisteredPools} tell.
 *
 * <p>The memory is the pool's. It is freed when the pool is closed and every lease is; a ring may
 * be closed before either. The pool of a group lends buffers until the last of its rings is closed
 * or has failed.
 *
 * @since 0.1
 */
public final class BufferPool implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BufferPool.class);
  private static final AtomicBoolean TOLD = new AtomicBoolean();
  private static final long BYTES_MAX = 1 << 30; // the kernel registers no more in one piece

  private final MemorySegment memory;
  private final RegisteredMemory registered;
  private final int bufferBytes;
  private final int buffers;
  private final FairPool<MemorySegment> pool;
  private volatile boolean lost; // set by who closes a lease, read by who frees the memory

  private BufferPool(
      List<Engine> rings,
      MemorySegment memory,
      RegisteredMemory registered,
      int buffers,
      int bufferBytes,
      long stride) {
    this.memory = memory;
    this.registered = registered;
    this.buffers = buffers;
    this.bufferBytes = bufferBytes;
    List<MemorySegment> all = new ArrayList<>();
    for (int i = 0; i < buffers; i++) {
      all.add(memory.asSlice(i * stride, bufferBytes));
    }
    pool = new FairPool<>(all, rings);
  }

  /** Opens a pool; see {@link Ring#bufferPool} and {@link RingGroup#bufferPool}. */
  static BufferPool open(List<Engine> rings, int buffers, int bufferBytes) throws IOException {
    if (buffers < 1 || bufferBytes < 1) {
      throw new IllegalArgumentException(
          "there must be a buffer of a byte at least: %d of %d".formatted(buffers, bufferBytes));
    }
    long stride = Math.ceilDiv((long) bufferBytes, NativeMemory.ALIGNMENT) * NativeMemory.ALIGNMENT;
    if (buffers * stride > BYTES_MAX) {
      throw new IllegalArgumentException(
          "%d buffers of %d bytes are more than 1 GiB: open several pools"
              .formatted(buffers, bufferBytes));
    }
    Engine.requireUsable(rings);
    MemorySegment memory = NativeMemory.allocate(buffers * stride);
    RegisteredMemory registered = RegisteredMemory.of(rings, memory);
    if (registered.isOrphan()) {
      NativeMemory.free(memory);
      Engine.requireUsable(rings);
      throw new RingClosedException(rings.toString());
    }
    if (registered.errno() != 0 && TOLD.compareAndSet(false, true)) {
      tell(registered.errno(), buffers * stride);
    }
    return new BufferPool(rings, memory, registered, buffers, bufferBytes, stride);
  }

  private static void tell(int errno, long byteSize) {
    String remedy =
        switch (errno) {
          case Errno.ENOMEM, Errno.EPERM ->
              "Raise the limit of locked memory: ulimit -l, LimitMEMLOCK= of systemd, --ulimit"
                  + " memlock= of a container; the sum of all pools counts.";
          case Errno.ENOSPC -> "Open fewer pools on one ring.";
          default -> "";
        };
    LOG.warn(
        "A buffer pool of {} KiB works unregistered, since the kernel would not register it: {}. {}"
            + " This is not said again.",
        byteSize >> 10,
        Errno.describe(errno),
        remedy);
  }

  /**
   * Takes a buffer. While all are taken, blocks until one is given back; threads get them in the
   * order in which they came. Do not take a second one while holding one unless the pool has enough
   * for all threads that do: they might wait for each other.
   *
   * @return the buffer, for this thread to close
   * @throws java.nio.channels.ClosedChannelException if the pool is closed
   * @throws java.nio.channels.AsynchronousCloseException if the pool is closed meanwhile
   * @throws java.io.InterruptedIOException if the thread is interrupted, before or while it waits;
   *     it has no buffer then, and the interrupt is pending
   * @throws RingClosedException if the ring is closed before or meanwhile; of a group, if the last
   *     of its rings is
   * @throws RingFailedException if the ring has failed; of a group, if no ring is left
   * @throws IOException if another I/O error occurs
   */
  public Lease take() throws IOException {
    Lease lease = take(0);
    assert lease != null : "without a limit it is never null";
    return lease;
  }

  /**
   * Takes a buffer as {@link #take()} does, but waits for so long at most.
   *
   * @param limit positive
   * @return the buffer, for this thread to close
   * @throws OperationTimeoutException if none was given back in time
   * @throws IllegalArgumentException if the limit is not positive
   * @throws IOException as for {@link #take()}
   */
  public Lease take(Duration limit) throws IOException {
    Lease lease = take(Arguments.timeoutNanos(limit));
    if (lease == null) {
      throw new OperationTimeoutException("no buffer of the pool was given back within " + limit);
    }
    return lease;
  }

  private @Nullable Lease take(long nanos) throws IOException {
    MemorySegment whole = pool.take(nanos);
    return whole == null ? null : new Lease(this, whole, new LentBuffer(whole, registered));
  }

  void takeBack(MemorySegment whole, boolean isLost) {
    boolean over;
    if (isLost) {
      lost = true;
      over = pool.lose();
    } else {
      over = pool.give(whole);
    }
    if (over) {
      free();
    }
  }

  private void free() {
    registered.release();
    if (!lost) {
      NativeMemory.free(memory);
    }
  }

  /**
   * Returns whether the kernel registered the memory when the pool was opened.
   *
   * @return false if it refused; of a group, for any of the rings
   */
  public boolean isRegistered() {
    return registered.errno() == 0;
  }

  /**
   * Returns whether buffers can be taken.
   *
   * @return false from the moment that closing began
   */
  public boolean isOpen() {
    return !pool.isClosed();
  }

  /**
   * Returns the size of each buffer.
   *
   * @return bytes
   */
  public int bufferBytes() {
    return bufferBytes;
  }

  /**
   * Returns the number of buffers.
   *
   * @return as asked for when the pool was opened
   */
  public int buffers() {
    return buffers;
  }

  /**
   * Lends no more buffers: who waits for one gets {@link
   * java.nio.channels.AsynchronousCloseException}. Leases that are out stay valid until they are
   * closed. The memory is unregistered and freed when the last of them is, or now if none is out;
   * whoever does that waits for the threads of the rings. An interrupt does not end that wait.
   * Closing again has no effect.
   *
   * <p>A ring that fails with operations in flight may leave their memory to the kernel for good. A
   * buffer that one of them had is never used again, whichever ring failed, and its pool's memory
   * is never freed; a pool that loses the last of its buffers is closed.
   */
  @Override
  public void close() {
    if (pool.close()) {
      free();
    }
  }

  @Override
  public String toString() {
    return "BufferPool[%d of %d bytes%s%s]"
        .formatted(
            buffers,
            bufferBytes,
            isRegistered() ? "" : ", unregistered",
            isOpen() ? "" : ", closed");
  }
}
