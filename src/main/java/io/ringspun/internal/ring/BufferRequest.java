package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Errno;
import java.lang.foreign.MemorySegment;
import java.util.function.ToIntFunction;

/**
 * Asks a ring's thread to do something with its table of registered memory. Made by the thread that
 * waits for the answer.
 */
final class BufferRequest extends Inbound {
  private final ToIntFunction<BufferTable> action;
  private final Waiter waiter = Waiter.current();

  private int result; // written before done, read after it
  private volatile boolean done; // set once by the ring's thread, or whoever settles what it left

  private BufferRequest(ToIntFunction<BufferTable> action) {
    this.action = action;
  }

  static BufferRequest add(MemorySegment memory) {
    return new BufferRequest(table -> table.add(memory));
  }

  static BufferRequest share(BufferSource source) {
    return new BufferRequest(table -> table.share(source));
  }

  static BufferRequest remove(int slot) {
    return new BufferRequest(table -> table.remove(slot));
  }

  /** Does what is asked for, on the ring's thread. */
  void serve(BufferTable table) {
    answer(action.applyAsInt(table));
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

  /** Returns what the table answered, or a negated errno, once it is done. */
  int result() {
    return result;
  }
}
