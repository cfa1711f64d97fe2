package io.ringspun.internal.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.SubmissionEntry;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The queue to the kernel, written by the ring's thread only.
 *
 * <p>Entries are filled with plain stores; {@link #publish} releases the tail, which the kernel
 * acquires. The kernel releases the head when it has consumed entries; {@link #room} acquires it.
 */
final class SubmissionQueue {
  private static final VarHandle INT = JAVA_INT.varHandle();

  private MemorySegment ring;
  private MemorySegment entries;
  private long headAt;
  private long tailAt;
  private long flagsAt;
  private int count;
  private int tail;

  SubmissionQueue(RingMemory memory) {
    lieIn(memory);
    tail = (int) INT.getAcquire(ring, tailAt);
  }

  /** Goes on in other memory, which holds what this one held. */
  void lieIn(RingMemory memory) {
    RingMemory.Submission layout = memory.submission();
    ring = layout.memory();
    entries = memory.entries();
    headAt = layout.head();
    tailAt = layout.tail();
    flagsAt = layout.flags();
    count = layout.count();
    if (!memory.hasFlag(Constants.IORING_SETUP_NO_SQARRAY)) {
      for (int i = 0; i < count; i++) {
        ring.set(JAVA_INT, layout.array() + i * 4L, i); // entry i is always named by index i
      }
    }
  }

  int capacity() {
    return count;
  }

  int room() {
    return count - unconsumed();
  }

  /** Returns how many entries the kernel has yet to take. */
  int unconsumed() {
    return tail - (int) INT.getAcquire(ring, headAt);
  }

  /** Writes one entry; there must be room. */
  void add(SubmissionEntry entry, long userData, int flags) {
    entry.writeTo(entries, (tail & (count - 1)) * SubmissionEntry.SIZE_BYTES, userData, flags);
    tail++;
  }

  /** Shows the kernel what was added. */
  void publish() {
    INT.setRelease(ring, tailAt, tail);
  }

  /** Returns the {@code IORING_SQ_} flags that the kernel maintains. */
  int flags() {
    return (int) INT.getVolatile(ring, flagsAt);
  }
}
