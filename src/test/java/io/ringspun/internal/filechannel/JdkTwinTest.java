package io.ringspun.internal.filechannel;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFileChannel;
import io.ringspun.file.RingOpenOption;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.MappedByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A file that is open is locked and mapped though it may not be opened again, as in the JDK. */
@Once
class JdkTwinTest {
  @TempDir Path directory;

  /** Why a file cannot be opened once more by the kernel's link to its descriptor. */
  enum Obstacle {
    /** Its permissions were taken away. */
    PERMISSIONS {
      @Override
      void arise(Path file) throws Exception {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assertThrows(AccessDeniedException.class, () -> FileChannel.open(file));
      }
    },
    /** There are no such links. */
    NO_PROC {
      @Override
      void arise(Path file) throws Exception {
        Process mount = new ProcessBuilder("mount", "-t", "tmpfs", "none", "/proc").start();
        assertEquals(0, mount.waitFor());
        assertThrows(NoSuchFileException.class, () -> FileChannel.open(Path.of("/proc/self/fd/0")));
      }
    };

    abstract void arise(Path file) throws Exception;
  }

  private ChildJvm child(Obstacle obstacle) {
    ChildJvm child = new ChildJvm().withFlagsOfThisOne();
    if (obstacle == Obstacle.NO_PROC) {
      assumeTrue(Files.isWritable(Path.of("/")), "only root can hide /proc");
      return child.under("unshare", "--mount");
    }
    if (Files.isWritable(Path.of("/"))) {
      assumeTrue(
          Files.exists(Path.of("/usr/bin/setpriv")), "no setpriv to give up CAP_DAC_OVERRIDE with");
      String capabilities = "-dac_override,-dac_read_search";
      child.under("setpriv", "--bounding-set=" + capabilities, "--inh-caps=" + capabilities);
    }
    return child;
  }

  /** Locks and maps a file that it had opened before. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) throws Exception {
      Obstacle obstacle = Obstacle.valueOf(args[0]);
      Caller caller = Caller.valueOf(args[1]);
      Path path = Path.of(args[2]);
      boolean registered = Boolean.parseBoolean(args[3]);
      try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
          RingFileChannel ours =
              RingFileChannel.open(
                  ring,
                  path,
                  registered
                      ? Set.of(READ, WRITE, RingOpenOption.REGISTERED)
                      : Set.of(READ, WRITE));
          RingFileChannel reader = RingFileChannel.open(ring, path, Set.of(READ));
          FileChannel jdk = FileChannel.open(path, READ, WRITE)) {
        obstacle.arise(path);
        caller.run(ring, () -> lock(ours, jdk));
        caller.run(ring, () -> map(ours));
        caller.run(
            ring,
            () -> {
              try (FileLock lock = reader.lock(0, 10, true)) {
                assertTrue(lock.isShared());
              }
              assertEquals(1, reader.map(MapMode.READ_ONLY, 0, 100).get(7));
            });
      }
      System.out.println("done");
    }

    private static void lock(RingFileChannel ours, FileChannel jdk) throws IOException {
      FileLock lock = ours.lock(0, 50, false);
      assertThrows(OverlappingFileLockException.class, () -> jdk.tryLock(20, 5, false));
      assertThrows(OverlappingFileLockException.class, () -> jdk.lock(20, 5, false));
      lock.release();
      try (FileLock theirs = jdk.lock()) {
        assertTrue(theirs.isValid());
        assertThrows(OverlappingFileLockException.class, () -> ours.tryLock(20, 5, false));
        assertThrows(OverlappingFileLockException.class, () -> ours.lock(20, 5, false));
      }
    }

    private static void map(RingFileChannel ours) throws IOException {
      MappedByteBuffer mapped = ours.map(MapMode.READ_WRITE, 0, 200);
      assertEquals(200, ours.size());
      mapped.put(7, (byte) 1);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment segment = ours.map(MapMode.READ_WRITE, 0, 300, arena);
        assertTrue(segment.isMapped());
        assertEquals(300, ours.size());
        assertEquals(1, segment.get(ValueLayout.JAVA_BYTE, 7));
      }
    }
  }

  static Stream<Arguments> obstacles() {
    return Stream.of(
            Arguments.of(Obstacle.PERMISSIONS, Caller.PLATFORM, false),
            Arguments.of(Obstacle.PERMISSIONS, Caller.CARRIED, false),
            Arguments.of(Obstacle.PERMISSIONS, Caller.CARRIED, true),
            Arguments.of(Obstacle.NO_PROC, Caller.VIRTUAL, false),
            Arguments.of(Obstacle.NO_PROC, Caller.CARRIED, true))
        .filter(row -> Caller.inThisRun().contains(row.get()[1]));
  }

  @ParameterizedTest
  @MethodSource("obstacles")
  void lockAndMap_fileMayNotBeOpenedAgain(Obstacle obstacle, Caller caller, boolean registered)
      throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    String output =
        child(obstacle)
            .run(Program.class, obstacle + "", caller + "", path.toString(), registered + "");
    assertTrue(output.contains("done"), output);
    try (var left = Files.list(directory)) {
      assertEquals(1, left.count());
    }
  }

  /** Says what is in the way when there is no place for a temporary file, either. */
  static final class WithoutPlace {
    private WithoutPlace() {}

    public static void main(String[] args) throws Exception {
      Path path = Path.of(args[0]);
      try (Ring ring = Ring.open();
          RingFileChannel ours = RingFileChannel.open(ring, path, Set.of(READ, WRITE))) {
        Obstacle.PERMISSIONS.arise(path);
        Files.delete(Path.of(System.getProperty("java.io.tmpdir")));
        IOException e = assertThrows(IOException.class, ours::lock);
        assertTrue(ours.isOpen());
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void lock_noPlaceForATemporaryFile() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    String output =
        child(Obstacle.PERMISSIONS)
            .with("-Djava.io.tmpdir=" + Files.createDirectory(directory.resolve("none")))
            .run(WithoutPlace.class, path.toString());
    assertTrue(output.contains("java.io.tmpdir"), output);
    assertTrue(output.contains("AccessDeniedException"), output);
    assertFalse(output.contains("null"), output);
  }

  /** The thread that locks for a virtual thread may begin only when the channel is closed. */
  @Test
  void block_closedBeforeItBegins() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (Ring ring = Ring.open();
        RingFileChannel ours = RingFileChannel.open(ring, path, Set.of(READ, WRITE));
        FileChannel jdk = FileChannel.open(path, READ, WRITE)) {
      JdkDelegate delegate = new JdkDelegate(jdk, ours);
      assertThrows(
          AsynchronousCloseException.class,
          () ->
              delegate.block(
                  channel -> {
                    channel.close();
                    return channel.lock();
                  }));
      IOException e = assertThrows(ClosedChannelException.class, () -> delegate.lock(0, 1, false));
      assertEquals(ClosedChannelException.class, e.getClass());
    }
  }
}
