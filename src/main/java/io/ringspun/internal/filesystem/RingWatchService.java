package io.ringspun.internal.filesystem;

import io.ringspun.internal.ring.BlockingTask;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.Watchable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A wrapper of the JDK's watch service that returns ring paths. */
final class RingWatchService implements WatchService {
  private final RingFileSystem fileSystem;
  private final WatchService jdk;

  /**
   * Held while a key is created, so that no event of the key is delivered before the key is known.
   */
  private final ReentrantLock registering = new ReentrantLock();

  private final Map<WatchKey, Key> keys =
      new ConcurrentHashMap<>(); // the valid keys, by the JDK's keys

  RingWatchService(RingFileSystem fileSystem, WatchService jdk) {
    this.fileSystem = fileSystem;
    this.jdk = jdk;
  }

  /** Watches a directory; one that is watched already keeps its key, and the path that it had. */
  WatchKey register(
      RingPath directory, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers)
      throws IOException {
    registering.lock();
    try {
      WatchKey registered =
          BlockingTask.run(() -> directory.jdk().register(jdk, events, modifiers));
      return keys.computeIfAbsent(registered, key -> new Key(directory, key));
    } finally {
      registering.unlock();
    }
  }

  private Key keyOf(WatchKey signalled) {
    Key known = keys.get(signalled);
    if (known == null) { // being registered, or cancelled while it was queued
      registering.lock();
      try {
        known = keys.get(signalled);
      } finally {
        registering.unlock();
      }
    }
    return known != null
        ? known
        : new Key(new RingPath(fileSystem, (Path) signalled.watchable()), signalled);
  }

  private @Nullable WatchKey keyIfAny(@Nullable WatchKey signalled) {
    return signalled == null ? null : keyOf(signalled);
  }

  @Override
  public @Nullable WatchKey poll() {
    return keyIfAny(jdk.poll());
  }

  @Override
  public @Nullable WatchKey poll(long timeout, TimeUnit unit) throws InterruptedException {
    return keyIfAny(jdk.poll(timeout, unit));
  }

  @Override
  public WatchKey take() throws InterruptedException {
    return keyOf(jdk.take());
  }

  @Override
  public void close() throws IOException {
    jdk.close();
  }

  /** A key of the JDK's. */
  private final class Key implements WatchKey {
    private final RingPath directory; // as it was registered
    private final WatchKey registered;

    Key(RingPath directory, WatchKey registered) {
      this.directory = directory;
      this.registered = registered;
    }

    @Override
    public boolean isValid() {
      return registered.isValid();
    }

    @Override
    public List<WatchEvent<?>> pollEvents() {
      List<WatchEvent<?>> events = new ArrayList<>();
      for (WatchEvent<?> event : registered.pollEvents()) {
        events.add(
            event.context() instanceof Path name
                ? new NameEvent<>(
                    kindOfName(event), event.count(), directory.fileSystem().wrap(name))
                : event);
      }
      return events;
    }

    @SuppressWarnings("unchecked") // the kind determines the type of the context
    private static WatchEvent.Kind<Path> kindOfName(WatchEvent<?> event) {
      return (WatchEvent.Kind<Path>) event.kind();
    }

    @Override
    public boolean reset() {
      boolean valid = registered.reset();
      if (!valid) {
        keys.remove(registered);
      }
      return valid;
    }

    @Override
    public void cancel() {
      registered.cancel();
      keys.remove(registered);
    }

    @Override
    public Watchable watchable() {
      return directory;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key that && registered.equals(that.registered);
    }

    @Override
    public int hashCode() {
      return registered.hashCode();
    }
  }

  private record NameEvent<T>(WatchEvent.Kind<T> kind, int count, T context)
      implements WatchEvent<T> {}
}
