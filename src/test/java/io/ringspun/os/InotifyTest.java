package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.file.RingFileSystems;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.RawNames;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class InotifyTest {
  @TempDir Path directory;

  @ParameterizedTest
  @EachCaller
  void take_fourEnds(Caller caller) throws Exception {
    int[] count = {0};
    try (Ring ring = Ring.open();
        Inotify inotify = Inotify.open(ring)) {
      int watch = inotify.watch(directory, FileEvent.CREATE);
      new FourEnds(
              () -> {
                List<InotifyEvent> events = inotify.take();
                assertEquals(
                    List.of(
                        new InotifyEvent(
                            watch, Set.of(FileEvent.CREATE), 0, Path.of("name-" + count[0]))),
                    events);
                return true;
              },
              () -> Files.createFile(directory.resolve("name-" + ++count[0])),
              inotify::close)
          .check(ring, caller, true);
    }
  }

  private static List<InotifyEvent> takeAll(Inotify inotify, int count) throws Exception {
    List<InotifyEvent> all = new ArrayList<>();
    while (all.size() < count) {
      all.addAll(inotify.take());
    }
    return all;
  }

  @Test
  void events_whatTheyTell() throws Exception {
    try (Ring ring = Ring.open();
        Inotify inotify = Inotify.open(ring)) {
      Path file = Files.createFile(directory.resolve("Grüße"));
      int watch =
          inotify.watch(
              directory,
              FileEvent.CREATE,
              FileEvent.MOVED_FROM,
              FileEvent.MOVED_TO,
              FileEvent.DELETE);
      int self = inotify.watch(file, FileEvent.MODIFY);
      assertNotEquals(watch, self);
      Files.writeString(file, "text");
      Files.createDirectory(directory.resolve("d"));
      Files.move(file, directory.resolve("other"));
      List<InotifyEvent> events = takeAll(inotify, 4);
      assertEquals(new InotifyEvent(self, Set.of(FileEvent.MODIFY), 0, Path.of("")), events.get(0));
      assertEquals(
          new InotifyEvent(watch, Set.of(FileEvent.CREATE, FileEvent.DIRECTORY), 0, Path.of("d")),
          events.get(1));
      int cookie = events.get(2).cookie();
      assertNotEquals(0, cookie);
      assertEquals(
          new InotifyEvent(watch, Set.of(FileEvent.MOVED_FROM), cookie, Path.of("Grüße")),
          events.get(2));
      assertEquals(
          new InotifyEvent(watch, Set.of(FileEvent.MOVED_TO), cookie, Path.of("other")),
          events.get(3));

      inotify.unwatch(self);
      assertEquals(
          List.of(new InotifyEvent(self, Set.of(FileEvent.IGNORED), 0, Path.of(""))),
          inotify.take());
      assertEquals(
          Errno.EINVAL,
          assertThrows(OperationException.class, () -> inotify.unwatch(self)).errno());
    }
  }

  /** A name that is no text in the locale is told as the path that it is, and watched as well. */
  @ParameterizedTest
  @FieldSource("io.ringspun.testing.RawNames#ALL")
  void names_areBytes(String hex) throws Exception {
    try (Ring ring = Ring.open();
        Inotify inotify = Inotify.open(ring)) {
      Path folder = Files.createDirectory(RawNames.resolve(directory, hex));
      inotify.watch(folder, FileEvent.CREATE);
      Path file = Files.createFile(RawNames.resolve(folder, hex));
      Path name = inotify.take().getFirst().name();
      assertEquals(file.getFileName(), name);
      assertTrue(Files.exists(folder.resolve(name)));
    }
  }

  @Test
  void watch_again() throws Exception {
    try (Ring ring = Ring.open();
        Inotify inotify = Inotify.open(ring)) {
      int watch = inotify.watch(directory, FileEvent.CREATE);
      assertEquals(watch, inotify.watch(directory, FileEvent.DELETE));
      Files.delete(Files.createFile(directory.resolve("file")));
      assertEquals(
          List.of(new InotifyEvent(watch, Set.of(FileEvent.DELETE), 0, Path.of("file"))),
          inotify.take());
    }
  }

  /** More events than one read has room for. */
  @ParameterizedTest
  @EachCaller
  void take_many(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Inotify inotify = Inotify.open(ring)) {
      inotify.watch(directory, FileEvent.CREATE);
      List<Path> made = new ArrayList<>();
      for (int i = 0; i < 600; i++) { // of 32 bytes each
        made.add(Path.of("name-" + i));
        Files.createFile(directory.resolve("name-" + i));
      }
      List<InotifyEvent> taken = caller.call(ring, () -> takeAll(inotify, made.size()));
      assertEquals(made, taken.stream().map(InotifyEvent::name).toList());
    }
  }

  @Test
  void watch_refused() throws Exception {
    try (Ring ring = Ring.open();
        Inotify inotify = Inotify.open(ring)) {
      assertEquals(
          Errno.ENOENT,
          assertThrows(
                  OperationException.class,
                  () -> inotify.watch(directory.resolve("none"), FileEvent.OPEN))
              .errno());
      assertThrows(IllegalArgumentException.class, () -> inotify.watch(directory));
      assertThrows(
          IllegalArgumentException.class, () -> inotify.watch(directory, FileEvent.IGNORED));
      Path foreign = RingFileSystems.wrap(directory);
      assertThrows(ProviderMismatchException.class, () -> inotify.watch(foreign, FileEvent.OPEN));
      Inotify hasty = inotify.within(Duration.ofMillis(5));
      assertThrows(OperationTimeoutException.class, hasty::take);
      assertTrue(hasty.isOpen());
    }
  }
}
