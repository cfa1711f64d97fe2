package io.ringspun.internal.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a {@link NativePool} that lie ready for the threads of one carrier. Several
 * carriers may have to share a magazine; one that finds another at it does without.
 */
final class Magazine {
  /** How many bytes of each size are kept at most; none of a size that exceeds it. */
  static final long BYTES_PER_SIZE = 64 << 10;

  /** How many blocks of each size are kept at most. */
  static final long BLOCKS_PER_SIZE = 32;

  private static final Magazine[] MAGAZINES = new Magazine[CarrierThread.STRIPES];

  private static final VarHandle BUSY;

  static {
    try {
      BUSY = MethodHandles.lookup().findVarHandle(Magazine.class, "busy", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
    for (int i = 0; i < MAGAZINES.length; i++) {
      MAGAZINES[i] = new Magazine();
    }
  }

  // Its own objects keep it on lines of its own: a magazine is written together with its arrays.
  private final NativePool.Block[][] blocks = new NativePool.Block[NativePool.sizes()][];
  private final int[] counts = new int[NativePool.sizes() + 32]; // the rest is distance

  @SuppressWarnings("unused") // through BUSY
  private volatile boolean busy;

  @SuppressWarnings("unused") // distance to what the collector puts behind this
  private long p0, p1, p2, p3, p4, p5, p6, p7;

  Magazine() {}

  /** Returns the one of the calling thread's carrier. */
  static Magazine ofCaller() {
    return MAGAZINES[CarrierThread.stripe()];
  }

  /** Takes a block of a size, if there is one. */
  NativePool.@Nullable Block poll(int size) {
    if (counts[size] == 0 || !enter()) { // a racy read: at worst it does without
      return null;
    }
    int count = counts[size];
    NativePool.Block block = null;
    if (count > 0) {
      block = blocks[size][count - 1];
      counts[size] = count - 1;
    }
    leave();
    return block;
  }

  /** Puts a block here; returns whether there was room. */
  boolean offer(int size, NativePool.Block block) {
    int capacity = NativePool.magazineCapacity(size);
    if (counts[size] >= capacity || !enter()) {
      return false;
    }
    NativePool.Block[] kept = blocks[size];
    if (kept == null) {
      kept = new NativePool.Block[capacity];
      blocks[size] = kept;
    }
    int count = counts[size];
    boolean fits = count < capacity;
    if (fits) {
      kept[count] = block;
      counts[size] = count + 1;
    }
    leave();
    return fits;
  }

  /** Takes all blocks of a size out of all magazines that nobody is at. */
  static void drain(int size, Consumer<NativePool.Block> consumer) {
    for (Magazine magazine : MAGAZINES) {
      NativePool.Block block = magazine.poll(size);
      for (; block != null; block = magazine.poll(size)) {
        consumer.accept(block);
      }
    }
  }

  private boolean enter() {
    return !busy && BUSY.compareAndSet(this, false, true);
  }

  private void leave() {
    BUSY.setRelease(this, false);
  }
}
