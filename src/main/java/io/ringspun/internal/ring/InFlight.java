package io.ringspun.internal.ring;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The operations that the kernel holds, by slot. A completion carries the slot and the generation
 * that the slot had at submission, so a late or duplicate completion matches no operation and wakes
 * no thread. For the ring's thread, unless said otherwise.
 *
 * <p>The table is what keeps every lent buffer reachable: it refers to the {@link Operation}, which
 * refers to the memory.
 *
 * <p>Operations that a device or the kernel is sure to complete count against a limit, so that
 * their completions always fit the queue. Operations that may wait indefinitely for a peer are
 * exempt, so that they cannot block the very operation that they wait for. The table grows for
 * them, and if too many complete at once, the kernel buffers what the completion queue cannot hold.
 */
final class InFlight {
  private final int limit;
  private int room; // what is left of the limit
  private @Nullable Operation[] operations;
  private int[] generations;
  private int[] free;
  private int freeCount;

  InFlight(int limit) {
    this.limit = limit;
    room = limit;
    operations = new Operation[limit];
    generations = new int[limit];
    free = new int[limit];
    freeSlots(0);
  }

  private void freeSlots(int from) {
    for (int slot = operations.length - 1; slot >= from; slot--) {
      free[freeCount++] = slot;
    }
  }

  /** Returns how many operations that count may be in flight. */
  int limit() {
    return limit;
  }

  /** Returns how many slots there are, free or not. */
  int slots() {
    return operations.length;
  }

  int room() {
    return room;
  }

  int count() {
    return operations.length - freeCount;
  }

  /** Returns how many count against the limit. */
  int counted() {
    return limit - room;
  }

  private void grow() {
    int before = operations.length;
    @Nullable Operation[] largerOperations = Arrays.copyOf(operations, before * 2);
    int[] largerGenerations = Arrays.copyOf(generations, before * 2);
    int[] largerFree = Arrays.copyOf(free, before * 2);
    operations = largerOperations; // only now, when there was memory for all three
    generations = largerGenerations;
    free = largerFree;
    freeSlots(before);
  }

  /** Ensures room for a number of operations. */
  void reserve(int count) {
    while (freeCount < count) {
      grow();
    }
  }

  /** Gives the operation a slot and returns its {@code user_data}. */
  long add(Operation operation) {
    if (freeCount == 0) {
      grow();
    }
    if (!operation.exempt) {
      assert room > 0;
      room--;
    }
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
    if (!operation.exempt) {
      room++;
    }
  }

  /** Returns the operation in a slot, or null if the slot is free. */
  @Nullable Operation at(int slot) {
    return operations[slot];
  }

  /**
   * Any thread: shows the operations to a reader, which may find any of them in the midst of a
   * change. What it returns of one that left its slot meanwhile is dropped.
   */
  <T> List<T> picture(Function<Operation, T> reader) {
    List<T> picture = new ArrayList<>();
    @Nullable Operation[] seen = operations;
    int[] seenGenerations = generations;
    int slots = Math.min(seen.length, seenGenerations.length); // it may be growing
    for (int slot = 0; slot < slots; slot++) {
      int generation = seenGenerations[slot];
      VarHandle.acquireFence();
      Operation operation = seen[slot];
      if (operation == null || operation.finished) { // all are after a failure of the ring
        continue;
      }
      T item = reader.apply(operation);
      VarHandle.acquireFence();
      if (operations[slot] == operation && generations[slot] == generation) {
        picture.add(item);
      }
    }
    return picture;
  }
}
