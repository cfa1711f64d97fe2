package io.ringspun.internal.filesystem;

import io.ringspun.internal.file.DirectoryReader;
import io.ringspun.internal.memory.PathBytes;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The entries of an open directory. Once that is closed, entries that were read ahead are not
 * returned.
 */
final class DirectoryEntries implements Iterator<Path> {
  private final RingPath path;
  private final RawHandle directory;
  private final DirectoryStream.Filter<? super Path> filter;

  // Guarded by this.
  private final DirectoryReader reader;
  private Queue<byte[]> ahead = new ArrayDeque<>();
  private boolean atEnd;
  private @Nullable Path next;

  /**
   * Begins to list a directory.
   *
   * @param path what the entries are resolved against
   * @param filter accepts the entries to return; it is called on the thread that iterates
   */
  DirectoryEntries(
      RingPath path, RawHandle directory, DirectoryStream.Filter<? super Path> filter) {
    this.path = path;
    this.directory = directory;
    this.filter = filter;
    reader = new DirectoryReader(directory);
  }

  @Override
  public synchronized boolean hasNext() {
    try {
      while (next == null) {
        byte[] name = nextName();
        if (name == null) {
          return false;
        }
        Path entry = path.fileSystem().wrap(PathBytes.resolve(path.jdk(), name));
        next = filter.accept(entry) ? entry : null;
      }
      return true;
    } catch (IOException e) {
      throw new DirectoryIteratorException(e);
    }
  }

  private byte @Nullable [] nextName() throws IOException {
    if (!directory.isOpen()) {
      return null;
    }
    if (ahead.isEmpty() && !atEnd) {
      try {
        ahead = reader.next();
      } catch (ClosedChannelException e) {
        if (directory.isOpen()) {
          throw e; // the ring was closed, not the directory
        }
      }
      atEnd = ahead.isEmpty();
    }
    return ahead.poll();
  }

  @Override
  public synchronized Path next() {
    Path entry = hasNext() ? next : null;
    if (entry == null) {
      throw new NoSuchElementException();
    }
    next = null;
    return entry;
  }
}
