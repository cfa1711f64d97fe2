package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.LentMemory;
import io.ringspun.internal.memory.LostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A pool's buffer, confined to the thread that took it. While it is lent to the kernel, that thread
 * is parked, so it cannot be returned too early.
 */
public final class LentBuffer implements LentMemory {
  private static volatile @Nullable Function<Object, LentBuffer> key;

  private final MemorySegment memory; // of no arena: only the kernel and this class see it
  private final RegisteredMemory pool; // of which it is a part
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment visible; // the same memory, for as long as it is lent
  private final Thread owner = Thread.currentThread();

  private int filled;
  private int ownBytes; // from here on it may hold what a former user left there
  private boolean open = true;
  private boolean lost; // set by a ring's thread before it wakes the owner, read by the owner

  /**
   * Lends a buffer to the calling thread.
   *
   * @param pool the pool that it belongs to
   */
  public LentBuffer(MemorySegment memory, RegisteredMemory pool) {
    this.memory = memory;
    this.pool = pool;
    visible = NativeMemory.confine(memory, arena);
  }

  /** Called once, by the class that lends buffers to users. */
  public static void setKey(Function<Object, LentBuffer> bufferOf) {
    key = bufferOf;
  }

  /** Returns the buffer behind a user's lease. */
  public static LentBuffer of(Object lease) {
    Function<Object, LentBuffer> bufferOf = key;
    assert bufferOf != null : "there is a lease, so its class is loaded";
    return bufferOf.apply(lease);
  }

  /**
   * Returns the memory, for the kernel.
   *
   * @throws IllegalStateException if it was given back
   * @throws WrongThreadException if it was lent to another thread
   */
  public MemorySegment memory() {
    requireUsable();
    return memory;
  }

  /**
   * Returns its first bytes, for the kernel.
   *
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalStateException if it was given back
   * @throws WrongThreadException if it was lent to another thread
   */
  public MemorySegment first(int length) {
    requireFits(length);
    return memory.asSlice(0, length);
  }

  /**
   * Checks that the calling thread may use a number of its bytes.
   *
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalStateException if it was given back
   * @throws WrongThreadException if it was lent to another thread
   */
  public void requireFits(int length) {
    requireUsable();
    if (length < 1 || length > memory.byteSize()) {
      throw new IndexOutOfBoundsException(
          "%d bytes of a buffer of %d".formatted(length, memory.byteSize()));
    }
  }

  /** Returns its bytes. */
  public int byteSize() {
    return (int) memory.byteSize();
  }

  /** Returns the slot that operations of a ring can name, or {@link RegisteredMemory#NONE}. */
  public int slot(Engine ring) {
    return pool.slot(ring);
  }

  /**
   * Returns the slot for a ring's vectored operation on several buffers, or {@link
   * RegisteredMemory#NONE}.
   */
  public static int slot(LentBuffer[] buffers, Engine ring) {
    for (LentBuffer buffer : buffers) {
      if (buffer.pool != buffers[0].pool) {
        return RegisteredMemory.NONE;
      }
    }
    return ring.capabilities().takesVectors() ? buffers[0].slot(ring) : RegisteredMemory.NONE;
  }

  /**
   * Records that a number of bytes at its start were written by this user, by a transfer or
   * otherwise.
   */
  public void filled(int count) {
    filled = count;
    ownBytes = Math.max(ownBytes, count);
  }

  /** Makes sure that this many bytes at its start are this user's: what is not is zeroed. */
  public void own(int count) {
    if (ownBytes < count) {
      memory.asSlice(ownBytes, count - ownBytes).fill((byte) 0);
      ownBytes = count;
    }
  }

  /** Returns all of it as the user may see it; what the user did not put there is zeroed. */
  public MemorySegment visible() {
    requireUsable();
    own(byteSize());
    return visible;
  }

  /** Returns, for reading only, what the last transfer brought. */
  public MemorySegment visibleFilled() {
    requireUsable();
    return visible.asSlice(0, filled).asReadOnly();
  }

  /**
   * Checks that the calling thread may use it.
   *
   * @throws IllegalStateException if it was given back
   * @throws WrongThreadException if it was lent to another thread
   */
  public void requireUsable() {
    requireOwner();
    if (!open) {
      throw new IllegalStateException("the lease is closed");
    }
  }

  private void requireOwner() {
    if (Thread.currentThread() != owner) {
      throw new WrongThreadException("the lease belongs to " + owner);
    }
  }

  /**
   * Ends the use: every segment given out is dead. Returns false if it had ended.
   *
   * @throws WrongThreadException if it was lent to another thread
   */
  public boolean end() {
    requireOwner();
    boolean wasOpen = open;
    if (wasOpen) {
      open = false;
      arena.close();
    }
    return wasOpen;
  }

  @Override
  public void markLost() {
    lost = true;
  }

  /**
   * Returns whether an operation of a failed ring may still access it, by the buffer or by its
   * {@link #visible} memory: then it must not be reused.
   */
  public boolean isLost() {
    return lost || LostMemory.contains(arena.scope());
  }
}
