package io.ringspun.internal.inline;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;

/**
 * The paces of one kind of call. Which file system a name leads to is not known before the kernel
 * has looked it up, so names are told apart by their first 16 bytes: what is slow under {@code
 * /mnt/a} does not slow down what is under {@code /home/b}.
 */
final class PaceTable {
  private static final int PART_BITS = 6;
  private static final int PARTS = 1 << PART_BITS;

  private final Pace[] paces = Stream.generate(Pace::new).limit(PARTS).toArray(Pace[]::new);

  /** Returns the pace of calls on a name; see {@link InlineRule#pace}. */
  Pace of(int directory, MemorySegment name, int length) {
    return paces[part(directory, name, length)];
  }

  /** Returns the pace of calls on a name, told by its first 16 characters. */
  Pace of(String name) {
    int end = Math.min(name.length(), 2 * Long.BYTES);
    long hash = 0;
    for (int i = 0; i < end; i++) {
      hash = hash * 31 + name.charAt(i);
    }
    return of(hash);
  }

  /** Returns the pace of calls on the files of a device. */
  Pace of(long device) {
    return paces[(int) ((device * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - PART_BITS))];
  }

  private static int part(int directory, MemorySegment name, int length) {
    if (name.get(ValueLayout.JAVA_BYTE, 0) != '/') {
      return directory & (PARTS - 1);
    }
    long first = name.get(ValueLayout.JAVA_LONG, 0);
    long second = length > Long.BYTES ? name.get(ValueLayout.JAVA_LONG, Long.BYTES) : 0;
    if (length < Long.BYTES) {
      first &= -1L >>> (Long.SIZE - 8 * length);
    } else if (length < 2 * Long.BYTES && second != 0) {
      second &= -1L >>> (2 * Long.SIZE - 8 * length);
    }
    long hash = (first * 31 + second) * 0x9E3779B97F4A7C15L;
    return (int) (hash >>> (Long.SIZE - PART_BITS));
  }
}
