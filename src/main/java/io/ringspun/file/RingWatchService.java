package io.ringspun.file;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.Watchable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The JDK's watch service, told in ring paths.
 *
 * @param fileSystem that of the paths
 * @param jdk the JDK's service
 */
record RingWatchService(RingFileSystem fileSystem, WatchService jdk) implements WatchService {

  WatchKey register(
      RingPath directory, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers)
      throws IOException {
    return new Key(fileSystem, directory.jdk().register(jdk, events, modifiers));
  }

  private @Nullable WatchKey likeIfAny(@Nullable WatchKey key) {
    return key == null ? null : new Key(fileSystem, key);
  }

  @Override
  public @Nullable WatchKey poll() {
    return likeIfAny(jdk.poll());
  }

  @Override
  public @Nullable WatchKey poll(long timeout, TimeUnit unit) throws InterruptedException {
    return likeIfAny(jdk.poll(timeout, unit));
  }

  @Override
  public WatchKey take() throws InterruptedException {
    return new Key(fileSystem, jdk.take());
  }

  @Override
  public void close() throws IOException {
    jdk.close();
  }

  /** A key of the JDK's; two for the same one are equal. */
  private record Key(RingFileSystem fileSystem, WatchKey jdk) implements WatchKey {
    @Override
    public boolean isValid() {
      return jdk.isValid();
    }

    @Override
    public List<WatchEvent<?>> pollEvents() {
      List<WatchEvent<?>> events = new ArrayList<>();
      for (WatchEvent<?> event : jdk.pollEvents()) {
        events.add(
            event.context() instanceof Path name
                ? new NameEvent<>(kindOfName(event), event.count(), fileSystem.wrap(name))
                : event);
      }
      return events;
    }

    @SuppressWarnings("unchecked") // an event's kind is that of its context
    private static WatchEvent.Kind<Path> kindOfName(WatchEvent<?> event) {
      return (WatchEvent.Kind<Path>) event.kind();
    }

    @Override
    public boolean reset() {
      return jdk.reset();
    }

    @Override
    public void cancel() {
      jdk.cancel();
    }

    @Override
    public Watchable watchable() {
      return fileSystem.wrap((Path) jdk.watchable());
    }
  }

  private record NameEvent<T>(WatchEvent.Kind<T> kind, int count, T context)
      implements WatchEvent<T> {}
}
