package io.ringspun.os;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * A kind of event that {@link Inotify} reports for a watched file or directory, or for an entry of
 * a watched directory.
 *
 * @since 0.1
 */
public enum FileEvent {
  /** The file was read ({@code IN_ACCESS}). */
  ACCESS(1),
  /** The file was written or truncated ({@code IN_MODIFY}). */
  MODIFY(1 << 1),
  /** The metadata changed ({@code IN_ATTRIB}). */
  ATTRIBUTES(1 << 2),
  /** The file was closed after having been open for writing ({@code IN_CLOSE_WRITE}). */
  CLOSE_WRITE(1 << 3),
  /**
   * The file or directory was closed after having been open only for reading ({@code
   * IN_CLOSE_NOWRITE}).
   */
  CLOSE_NOWRITE(1 << 4),
  /** The file or directory was opened ({@code IN_OPEN}). */
  OPEN(1 << 5),
  /** An entry was moved out of the directory or within it ({@code IN_MOVED_FROM}). */
  MOVED_FROM(1 << 6),
  /** An entry was moved into the directory or within it ({@code IN_MOVED_TO}). */
  MOVED_TO(1 << 7),
  /** An entry was created in the directory ({@code IN_CREATE}). */
  CREATE(1 << 8),
  /** An entry was removed from the directory ({@code IN_DELETE}). */
  DELETE(1 << 9),
  /** The watched file or directory was removed ({@code IN_DELETE_SELF}). */
  DELETE_SELF(1 << 10),
  /** The watched file or directory was moved ({@code IN_MOVE_SELF}). */
  MOVE_SELF(1 << 11),
  /** The file system was unmounted ({@code IN_UNMOUNT}); cannot be requested, always reported. */
  UNMOUNT(1 << 13),
  /**
   * The queue overflowed and events were lost ({@code IN_Q_OVERFLOW}); cannot be requested, always
   * reported.
   */
  OVERFLOW(1 << 14),
  /**
   * The watch has ended, and its number may be reused ({@code IN_IGNORED}); cannot be requested,
   * always reported.
   */
  IGNORED(1 << 15),
  /**
   * The subject of the event is a directory ({@code IN_ISDIR}); cannot be requested, reported
   * together with another event.
   */
  DIRECTORY(1 << 30);

  private static final int REQUESTABLE = (1 << 12) - 1;

  private final int bit;

  FileEvent(int bit) {
    this.bit = bit;
  }

  /** Returns the mask of requested events. */
  static int mask(FileEvent... events) {
    int bits = 0;
    for (FileEvent event : events) {
      bits |= event.bit;
    }
    if (bits == 0 || (bits & ~REQUESTABLE) != 0) {
      throw new IllegalArgumentException("these events cannot be requested: " + set(bits));
    }
    return bits;
  }

  /** Decodes events of the kernel. */
  static Set<FileEvent> set(int bits) {
    Set<FileEvent> events = EnumSet.noneOf(FileEvent.class);
    for (FileEvent event : values()) {
      if ((bits & event.bit) != 0) {
        events.add(event);
      }
    }
    return Collections.unmodifiableSet(events);
  }
}
