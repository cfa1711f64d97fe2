package io.ringspun.os;

import io.ringspun.internal.memory.PathBytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Something that happened to what {@link Inotify} watches.
 *
 * @param watch the number of the watch; -1 with {@link FileEvent#OVERFLOW}
 * @param events what happened
 * @param cookie the same number for both halves of a move, else 0
 * @param name the name in the watched directory, the empty path if it is about the watched thing
 *     itself
 * @since 0.1
 */
public record InotifyEvent(int watch, Set<FileEvent> events, int cookie, Path name) {
  // struct inotify_event: int wd; uint32_t mask, cookie, len; char name[len]
  private static final int HEADER_BYTES = 16;

  /**
   * Makes an event whose set cannot be changed.
   *
   * @param watch as above
   * @param events as above
   * @param cookie as above
   * @param name as above
   */
  public InotifyEvent {
    events = Set.copyOf(events);
  }

  /** Takes apart what the kernel wrote: whole events, one after the other. */
  static List<InotifyEvent> parse(MemorySegment memory) {
    List<InotifyEvent> events = new ArrayList<>();
    long at = 0;
    while (at < memory.byteSize()) {
      int nameBytes = memory.get(ValueLayout.JAVA_INT, at + 12);
      events.add(
          new InotifyEvent(
              memory.get(ValueLayout.JAVA_INT, at),
              FileEvent.set(memory.get(ValueLayout.JAVA_INT, at + 4)),
              memory.get(ValueLayout.JAVA_INT, at + 8),
              name(memory.asSlice(at + HEADER_BYTES, nameBytes))));
      at += HEADER_BYTES + nameBytes;
    }
    return List.copyOf(events);
  }

  /** Returns the path before the first zero. */
  private static Path name(MemorySegment memory) {
    byte[] bytes = memory.toArray(ValueLayout.JAVA_BYTE);
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    return PathBytes.path(Arrays.copyOf(bytes, length));
  }
}
