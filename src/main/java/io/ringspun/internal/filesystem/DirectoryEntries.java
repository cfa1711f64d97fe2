package io.ringspun.internal.filesystem;

import io.ringspun.internal.ring.BlockingTask;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a directory, listed by the JDK. Listing may block, so for a virtual thread another
 * thread reads ahead. Once the stream is closed, entries that were read ahead are not returned.
 */
final class DirectoryEntries implements Iterator<Path> {
  private static final int AHEAD = 256;

  private final Iterator<Path> jdk;
  private final UnaryOperator<Path> converter;
  private final DirectoryStream.Filter<? super Path> filter;
  private final BooleanSupplier closed;

  // Guarded by this.
  private final Queue<Path> ahead = new ArrayDeque<>();
  private @Nullable Path next;

  /**
   * Takes ownership of an iterator.
   *
   * @param jdk the JDK's iterator over all entries
   * @param converter converts the JDK's path of an entry
   * @param filter accepts the entries to return; it is called on the thread that iterates
   * @param closed whether the stream is closed
   */
  DirectoryEntries(
      Iterator<Path> jdk,
      UnaryOperator<Path> converter,
      DirectoryStream.Filter<? super Path> filter,
      BooleanSupplier closed) {
    this.jdk = jdk;
    this.converter = converter;
    this.filter = filter;
    this.closed = closed;
  }

  @Override
  public synchronized boolean hasNext() {
    while (next == null) {
      if (closed.getAsBoolean()) {
        ahead.clear();
      }
      if (ahead.isEmpty() && !readAhead()) {
        return false;
      }
      Path entry = converter.apply(ahead.remove());
      try {
        next = filter.accept(entry) ? entry : null;
      } catch (IOException e) {
        throw new DirectoryIteratorException(e);
      }
    }
    return true;
  }

  private boolean readAhead() {
    int most = Thread.currentThread().isVirtual() ? AHEAD : 1;
    try {
      BlockingTask.run(
          () -> {
            for (int i = 0; i < most && jdk.hasNext(); i++) {
              ahead.add(jdk.next());
            }
          });
    } catch (IOException e) {
      throw new AssertionError(e); // iterators report errors as DirectoryIteratorException
    }
    return !ahead.isEmpty();
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

  @Override
  public void remove() {
    jdk.remove();
  }
}
