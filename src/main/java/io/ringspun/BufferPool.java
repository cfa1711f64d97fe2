package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.log.Log;
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

/**
 * A pool of page-aligned buffers of one size. The kernel pins their pages once, when the pool is
 * opened, instead of at every transfer ({@code IORING_REGISTER_BUFFERS2}, Linux 5.19). Safe for use
 * by multiple concurrent threads.
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
 * operation on a lease uses the registered buffer if it runs on one of these rings. On any other
 * ring it uses the memory unregistered. A carried thread's operations run on the ring that carries
 * it, so take buffers from a pool of that ring or of its group.
 *
 * <p>If the kernel refuses to pin the memory, usually because of the limit on locked memory ({@code
 * ulimit -l}), the pool works unregistered. The first refusal is logged with advice; {@link
 * #isRegistered} and {@link RingMetrics#unregisteredPools} report it.
 *
 * <p>The pool owns the memory and frees it when the pool and all its leases are closed. A ring may
 * be closed before either. The pool of a group lends buffers until the last ring of the group is
 * closed or has failed.
 *
 * @since 0.1
 */
public final class BufferPool implements AutoCloseable {
  private static final Log LOG = Log.of(BufferPool.class);
  private static final AtomicBoolean TOLD = new AtomicBoolean();
  private static final long BYTES_MAX = 1 << 30; // the kernel's limit for one registered buffer

  private final MemorySegment memory;
  private final RegisteredMemory registered;
  private final int bufferBytes;
  private final int buffers;
  private final FairPool<MemorySegment> pool;
  private volatile boolean
      lost; // set by the thread that closes a lease, read by the thread that frees the memory

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
          "the number of buffers and their size must be positive: %d of %d bytes"
              .formatted(buffers, bufferBytes));
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
        "A buffer pool of {} KiB works unregistered because the kernel refused to register it: {}."
            + " {} This is logged only once.",
        byteSize >> 10,
        Errno.describe(errno),
        remedy);
  }

  /**
   * Takes a buffer. Blocks until a buffer is free; waiting threads are served in arrival order. Do
   * not take a second buffer while holding one, unless the pool has enough for all threads that do
   * so: otherwise they may deadlock.
   *
   * @return the buffer, for this thread to close
   * @throws java.nio.channels.ClosedChannelException if the pool is closed
   * @throws java.nio.channels.AsynchronousCloseException if the pool is closed while the thread
   *     waits
   * @throws java.io.InterruptedIOException if the thread is interrupted before or while it waits;
   *     its interrupt status is set and it holds no buffer
   * @throws RingClosedException if the ring, or every ring of the group, is closed before or during
   *     the wait
   * @throws RingFailedException if the ring has failed, or no ring of the group is left
   * @throws IOException if another I/O error occurs
   */
  public Lease take() throws IOException {
    Lease lease = take(0);
    assert lease != null : "without a limit it is never null";
    return lease;
  }

  /**
   * Takes a buffer as {@link #take()} does, but waits no longer than a time limit.
   *
   * @param limit positive
   * @return the buffer, for this thread to close
   * @throws OperationTimeoutException if no buffer became free in time
   * @throws IllegalArgumentException if the limit is not positive
   * @throws IOException if {@link #take()} would throw it
   */
  public Lease take(Duration limit) throws IOException {
    Lease lease = take(Arguments.timeoutNanos(limit));
    if (lease == null) {
      throw new OperationTimeoutException("no buffer of the pool became free within " + limit);
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
   * @return false if the kernel refused, for a group on any of its rings
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
   * @return the number requested when the pool was opened
   */
  public int buffers() {
    return buffers;
  }

  /**
   * Closes the pool. Threads that wait for a buffer get {@link
   * java.nio.channels.AsynchronousCloseException}. Open leases stay valid until they are closed.
   * The memory is unregistered and freed by the call that closes the last lease, or by this call if
   * no lease is open; that call blocks until the ring threads have unregistered it. An interrupt
   * does not end that wait. Closing again has no effect.
   *
   * <p>If a ring fails with operations in flight, the kernel may still write to their memory.
   * Buffers of such operations are never reused, and the memory of their pool is never freed. A
   * pool that has lost all its buffers this way is closed.
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
