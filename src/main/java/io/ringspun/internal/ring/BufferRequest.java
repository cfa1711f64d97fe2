package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Errno;
import java.lang.foreign.MemorySegment;

/**
 * Asks a ring's thread to register memory, or to let go of what is registered. Made by the thread
 * that waits for the answer.
 */
final class BufferRequest extends Inbound {
  private static final int NONE = -1;

  private final MemorySegment memory;
  private final int slot; // the one to empty, or NONE to register the memory
  private final Waiter waiter = Waiter.current();

  private int result; // written before done, read after it
  private volatile boolean done; // set once by the ring's thread, or whoever settles what it left

  private BufferRequest(MemorySegment memory, int slot) {
    this.memory = memory;
    this.slot = slot;
  }

  static BufferRequest add(MemorySegment memory) {
    return new BufferRequest(memory, NONE);
  }

  static BufferRequest remove(int slot) {
    return new BufferRequest(MemorySegment.NULL, slot);
  }

  /** Does what is asked for, on the ring's thread. */
  void serve(BufferTable table) {
    int answer = 0;
    if (slot == NONE) {
      answer = table.add(memory);
    } else {
      table.remove(slot);
    }
    answer(answer);
  }

  /** Ends the request on a ring that is gone, whose table went with it. */
  void refuse() {
    answer(-Errno.ECANCELED);
  }

  private void answer(int answer) {
    result = answer;
    done = true;
    waiter.wake();
  }

  boolean isDone() {
    return done;
  }

  /** Returns the slot or a negated errno, once it is done. */
  int result() {
    return result;
  }
}
