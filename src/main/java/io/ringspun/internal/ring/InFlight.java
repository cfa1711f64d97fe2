package io.ringspun.internal.ring;

import org.jspecify.annotations.Nullable;

/**
 * The operations that the kernel holds, by slot. A completion carries the slot and the generation
 * that the slot had at submission, so one that comes late, or twice, finds no operation and can
 * wake nobody. Touched by the ring's thread only.
 *
 * <p>The table is what keeps every lent buffer reachable: it refers to the {@link Operation}, which
 * refers to the memory.
 */
final class InFlight {
  private final @Nullable Operation[] operations;
  private final int[] generations;
  private final int[] free;
  private int freeCount;

  InFlight(int capacity) {
    operations = new Operation[capacity];
    generations = new int[capacity];
    free = new int[capacity];
    for (int i = 0; i < capacity; i++) {
      free[i] = capacity - 1 - i;
    }
    freeCount = capacity;
  }

  int capacity() {
    return free.length;
  }

  int room() {
    return freeCount;
  }

  int count() {
    return free.length - freeCount;
  }

  /** Gives the operation a slot and returns its {@code user_data}. */
  long add(Operation operation) {
    int slot = free[--freeCount];
    operations[slot] = operation;
    operation.slot = slot;
    return userData(slot);
  }

  long userData(int slot) {
    return (long) generations[slot] << 32 | slot;
  }

  /** Returns the operation that a completion is for, or null if it is no longer expected. */
  @Nullable Operation find(long userData) {
    int slot = (int) userData;
    if (slot < 0 || slot >= operations.length || generations[slot] != (int) (userData >>> 32)) {
      return null;
    }
    return operations[slot];
  }

  /** Ends an operation's tenure; its {@code user_data} is stale from now on. */
  void remove(Operation operation) {
    int slot = operation.slot;
    assert operations[slot] == operation;
    operations[slot] = null;
    generations[slot]++;
    operation.slot = Operation.NO_SLOT;
    free[freeCount++] = slot;
  }

  /** Returns the operation in a slot, or null if the slot is free. */
  @Nullable Operation at(int slot) {
    return operations[slot];
  }
}
