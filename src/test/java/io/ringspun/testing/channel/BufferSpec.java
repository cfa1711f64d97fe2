package io.ringspun.testing.channel;

import io.ringspun.testing.Bytes;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A buffer to be made afresh for each run.
 *
 * @param make where its memory is
 * @param before how much of it is before the position
 * @param remaining how much is between position and limit
 * @param after how much is behind the limit
 * @param readOnly whether it may not be filled
 */
public record BufferSpec(Make make, int before, int remaining, int after, boolean readOnly) {
  /** Where a buffer's memory is. */
  public enum Make {
    HEAP,
    DIRECT,
    /** Part of a larger one on the heap. */
    HEAP_SLICE,
    /** Part of a larger direct one. */
    DIRECT_SLICE,
    /** Of an arena of the calling thread. */
    CONFINED,
    /** Of an arena that any thread may close. */
    SHARED
  }

  /** Makes the buffer, with bytes in it; arenas are for the memory that needs one. */
  ByteBuffer make(Arena confined, Arena shared) {
    int capacity = before + remaining + after;
    ByteBuffer buffer =
        switch (make) {
          case HEAP -> ByteBuffer.allocate(capacity);
          case DIRECT -> ByteBuffer.allocateDirect(capacity);
          case HEAP_SLICE -> ByteBuffer.allocate(capacity + 5).slice(2, capacity);
          case DIRECT_SLICE -> ByteBuffer.allocateDirect(capacity + 5).slice(2, capacity);
          case CONFINED -> confined.allocate(capacity).asByteBuffer();
          case SHARED -> shared.allocate(capacity).asByteBuffer();
        };
    buffer.put(Bytes.of(remaining, 0, capacity));
    buffer.position(before).limit(before + remaining);
    return readOnly ? buffer.asReadOnlyBuffer().limit(before + remaining) : buffer;
  }

  /** Returns all that can be seen of a buffer. */
  static String describe(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.duplicate().clear().get(bytes);
    return "position %d, limit %d, bytes %08x"
        .formatted(buffer.position(), buffer.limit(), Arrays.hashCode(bytes));
  }

  @Override
  public String toString() {
    return "%s%s[%d|%d|%d]".formatted(make, readOnly ? " read-only" : "", before, remaining, after);
  }
}
