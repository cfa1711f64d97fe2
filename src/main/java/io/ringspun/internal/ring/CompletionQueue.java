package io.ringspun.internal.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.ringspun.internal.kernel.CompletionEntry;
import io.ringspun.internal.kernel.RingMemory;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The queue from the kernel, read by the ring's thread only. {@link #ready} acquires the tail that
 * the kernel released, so the plain reads of entries before it are safe; {@link #advance} releases
 * the head, after which the kernel may overwrite them.
 */
final class CompletionQueue {
  private static final VarHandle INT = JAVA_INT.varHandle();

  private MemorySegment ring;
  private long headAt;
  private long tailAt;
  private long entriesAt;
  private int count;
  private int head;

  CompletionQueue(RingMemory memory) {
    lieIn(memory);
    head = (int) INT.getAcquire(ring, headAt);
  }

  /** Goes on in other memory, which holds what this one held. */
  void lieIn(RingMemory memory) {
    RingMemory.Completion layout = memory.completion();
    ring = layout.memory();
    headAt = layout.head();
    tailAt = layout.tail();
    entriesAt = layout.entries();
    count = layout.count();
  }

  int capacity() {
    return count;
  }

  /** Returns how many completions are there to read. */
  int ready() {
    return (int) INT.getAcquire(ring, tailAt) - head;
  }

  long userData() {
    return CompletionEntry.userData(ring, at());
  }

  int result() {
    return CompletionEntry.result(ring, at());
  }

  int flags() {
    return CompletionEntry.flags(ring, at());
  }

  private long at() {
    return entriesAt + (head & (count - 1)) * CompletionEntry.SIZE_BYTES;
  }

  /** Goes on to the next completion; the current one may be overwritten. */
  void advance() {
    INT.setRelease(ring, headAt, ++head);
  }
}
