package io.ringspun.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.RingMetrics;
import io.ringspun.testing.Await;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * What changes a local file without writing to it is done on the calling thread: its size, its
 * space, its times and its extended attributes.
 */
class InlineChangeTest {
  @TempDir Path directory;

  /** Something that is to need no ring. */
  private interface Change {
    void run() throws IOException;
  }

  /** Runs it until it was done on the calling thread: what ran before may have been slow. */
  private static void inline(Ring ring, Change change) {
    Await.until(
        "it is done on the calling thread",
        () -> {
          RingMetrics before = ring.metrics();
          change.run();
          RingMetrics after = ring.metrics();
          return after.inlineHits() > before.inlineHits()
              && after.submitted() == before.submitted();
        });
  }

  @ParameterizedTest
  @EachCaller
  void openFile(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 10_000);
    byte[] small = {1, 2, 3};
    byte[] large = Bytes.of(1, 0, 2_000); // more than is usual
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, WRITE)) {
      caller.run(
          ring,
          () -> {
            inline(ring, () -> file.truncate(5_000));
            assertEquals(5_000, Files.size(path));
            inline(ring, () -> file.allocate(0, 6_000));
            assertEquals(6_000, Files.size(path));
            inline(ring, () -> file.setXattr("user.small", small));
            inline(ring, () -> file.setXattr("user.large", large));
            inline(ring, () -> assertArrayEquals(small, file.xattr("user.small").orElseThrow()));
            inline(ring, () -> assertArrayEquals(large, file.xattr("user.large").orElseThrow()));
            inline(ring, () -> assertTrue(file.xattr("user.none").isEmpty()));
          });
      file.close();
      assertThrows(ClosedChannelException.class, () -> file.truncate(0));
      assertThrows(ClosedChannelException.class, () -> file.xattr("user.small"));
    }
  }

  @ParameterizedTest
  @EachCaller
  void name(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 10);
    byte[] large = Bytes.of(2, 0, 2_000);
    FileTime time = FileTime.from(Instant.parse("2001-02-03T04:05:06.789123456Z"));
    try (Ring ring = Ring.open()) {
      Path wrapped = RingFileSystems.wrap(ring, path);
      var view = Files.getFileAttributeView(wrapped, BasicFileAttributeView.class);
      caller.run(
          ring,
          () -> {
            inline(ring, () -> Files.setLastModifiedTime(wrapped, time));
            assertEquals(time, Files.getLastModifiedTime(path));
            inline(ring, () -> view.setTimes(null, time, null));
            BasicFileAttributes both = Files.readAttributes(path, BasicFileAttributes.class);
            assertEquals(time, both.lastAccessTime());
            assertEquals(time, both.lastModifiedTime());
            inline(ring, () -> Files.setAttribute(wrapped, "user:large", large));
            inline(
                ring,
                () -> assertArrayEquals(large, (byte[]) Files.getAttribute(wrapped, "user:large")));
            assertArrayEquals(large, (byte[]) Files.getAttribute(path, "user:large"));
          });
      Path none = wrapped.resolveSibling("none");
      assertThrows(NoSuchFileException.class, () -> Files.setLastModifiedTime(none, time));
      assertThrows(NoSuchFileException.class, () -> Files.setAttribute(none, "user:a", large));
    }
  }

  /** Nothing opens a FIFO on the way, and would wait for its other end. */
  @ParameterizedTest
  @EachCaller
  void fifo(Caller caller) throws Exception {
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    FileTime time = FileTime.fromMillis(1_000);
    try (Ring ring = Ring.open()) {
      Path wrapped = RingFileSystems.wrap(ring, pipe);
      caller.run(
          ring,
          () -> {
            Files.setLastModifiedTime(wrapped, time);
            Files.setAttribute(wrapped, "lastAccessTime", time);
            Files.setPosixFilePermissions(wrapped, PosixFilePermissions.fromString("rw-------"));
            assertTrue(Files.isWritable(wrapped));
            assertEquals(pipe.toRealPath().toString(), wrapped.toRealPath().toString());
          });
      assertEquals(time, Files.getLastModifiedTime(pipe));
    }
  }

  /** A file whose writes sync is given to the ring, as its changes may sync, too. */
  @ParameterizedTest
  @EachCaller
  void syncedFile(Caller caller) throws Exception {
    Path path = directory.resolve("file");
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, CREATE, WRITE, DSYNC)) {
      caller.run(
          ring,
          () -> {
            file.write(ByteBuffer.allocate(10), 0);
            long hits = ring.metrics().inlineHits();
            file.truncate(5);
            file.allocate(0, 100);
            assertEquals(hits, ring.metrics().inlineHits());
          });
      assertEquals(100, Files.size(path));
    }
  }
}
