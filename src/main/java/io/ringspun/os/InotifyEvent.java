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
 * An event that {@link Inotify} reports for a watched file or directory, or for an entry of a
 * watched directory.
 *
 * @param watch the number of the watch; -1 with {@link FileEvent#OVERFLOW}
 * @param events the events
 * @param cookie the same number for both events of a move, else 0
 * @param name the name in the watched directory, or the empty path if the event concerns the
 *     watched file or directory itself
 * @since 0.1
 */
public record InotifyEvent(int watch, Set<FileEvent> events, int cookie, Path name) {
  // struct inotify_event: int wd; uint32_t mask, cookie, len; char name[len]
  private static final int HEADER_BYTES = 16;

  /**
   * Creates a record with an immutable copy of the set.
   *
   * @param watch the number of the watch
   * @param events the events
   * @param cookie the same number for both events of a move, else 0
   * @param name the name in the watched directory
   */
  public InotifyEvent {
    events = Set.copyOf(events);
  }

  /** Decodes the events that the kernel has written. */
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

  /** Returns the path before the first NUL byte. */
  private static Path name(MemorySegment memory) {
    byte[] bytes = memory.toArray(ValueLayout.JAVA_BYTE);
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    return PathBytes.path(Arrays.copyOf(bytes, length));
  }
}
