package io.ringspun.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.Ring;
import io.ringspun.internal.inline.Mounts;
import io.ringspun.net.RingSelectorProvider;
import io.ringspun.net.RingSocketFactory;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.TestNames;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.Selector;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever a carried thread waits for in a call of this library, other threads of its ring go on.
 * Each call is made while what it needs is held by another process: a lock, the other end of a
 * FIFO, or a whole file system, by a FUSE server that does not answer.
 */
class BlockingCallsTest {
  @TempDir Path directory;
  private Ring ring;

  @BeforeEach
  void open() throws Exception {
    ring = Ring.open();
  }

  @AfterEach
  void close() {
    ring.close();
  }

  /** Checks that another thread of the same kind makes a call and ends. */
  private void assertOthersGoOn() throws Exception {
    Path file = Bytes.file(directory.resolve("other"), 2, 10);
    BlockedCall.start(
            ring,
            () -> {
              ring.nop();
              try (RingFile other = RingFile.open(ring, file)) {
                return other.size();
              }
            })
        .result();
  }

  // ---- a file system that does not answer ----------------------------------------------------

  /** A FUSE server; see {@code silent_fs.py}. */
  private record SilentFileSystem(Process server, BufferedReader said, Writer told)
      implements AutoCloseable {
    static SilentFileSystem mount(Path place) throws IOException {
      assumeTrue(Files.isWritable(Path.of("/")), "only root can mount");
      assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "this machine has no FUSE");
      Process server;
      try {
        server =
            new ProcessBuilder("python3", "src/test/resources/silent_fs.py", place.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
      } catch (IOException e) {
        return abort("there is no python3 to serve a file system: " + e);
      }
      SilentFileSystem mounted =
          new SilentFileSystem(server, server.inputReader(), server.outputWriter());
      assumeTrue("mounted".equals(mounted.said.readLine()), "this process may not mount");
      return mounted;
    }

    void tell(String line) throws IOException {
      told.write(line + "\n");
      told.flush();
    }

    void awaitHeld() throws IOException {
      assertEquals("held", said.readLine());
    }

    void refuse() throws IOException {
      tell("refuse");
      String line = said.readLine();
      while (!line.equals("refused")) { // there may have been more requests
        line = said.readLine();
      }
    }

    @Override
    public void close() throws IOException, InterruptedException {
      told.close();
      server.waitFor();
    }
  }

  /** What asks a file system for something. */
  enum Asking {
    OPEN(path -> FileChannel.open(path)),
    OPEN_TO_CREATE(path -> Files.newOutputStream(path)),
    OPEN_ASYNCHRONOUSLY(path -> AsynchronousFileChannel.open(path)),
    READ_STREAM(path -> Files.newInputStream(path)),
    LIST(path -> Files.list(path)),
    WALK(path -> Files.walk(path).count()),
    STREAM(path -> Files.newDirectoryStream(path)),
    CREATE_DIRECTORY(path -> Files.createDirectory(path)),
    CREATE_LINK(path -> Files.createLink(path, path.resolveSibling("other"))),
    CREATE_SYMBOLIC_LINK(path -> Files.createSymbolicLink(path, path.resolveSibling("other"))),
    READ_SYMBOLIC_LINK(path -> Files.readSymbolicLink(path)),
    REAL_PATH(path -> path.toRealPath()),
    DELETE(
        path -> {
          Files.delete(path);
          return null;
        }),
    COPY(path -> Files.copy(path, path.resolveSibling("other"))),
    COPY_HERE(path -> Files.copy(path, new ByteArrayOutputStream())),
    MOVE(path -> Files.move(path, path.resolveSibling("other"))),
    SAME_FILE(path -> Files.isSameFile(path, path.resolveSibling("other"))),
    FILE_STORE(path -> Files.getFileStore(path)),
    EXISTS(path -> Files.exists(path)),
    READABLE(path -> Files.isReadable(path)),
    WRITABLE(path -> Files.isWritable(path)),
    ATTRIBUTES(path -> Files.readAttributes(path, PosixFileAttributes.class)),
    ATTRIBUTES_BY_NAME(path -> Files.readAttributes(path, "unix:*")),
    DOS_ATTRIBUTE(path -> Files.getAttribute(path, "dos:hidden")),
    SET_TIME(path -> Files.setLastModifiedTime(path, FileTime.fromMillis(0))),
    SET_TIMES(
        path -> {
          Files.getFileAttributeView(path, BasicFileAttributeView.class)
              .setTimes(FileTime.fromMillis(0), null, null);
          return null;
        }),
    SET_ATTRIBUTE(path -> Files.setAttribute(path, "unix:mode", 0644)),
    SET_PERMISSIONS(
        path -> Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"))),
    USER_ATTRIBUTES(
        path -> Files.getFileAttributeView(path, UserDefinedFileAttributeView.class).list()),
    WATCH(
        path -> {
          try (var service = path.getFileSystem().newWatchService()) {
            return path.register(service, java.nio.file.StandardWatchEventKinds.ENTRY_CREATE);
          }
        }),
    RING_FILE(path -> RingFile.open(RingFileSystems.unwrap(path))),
    RING_DIRECTORY(path -> RingDirectory.open(RingFileSystems.unwrap(path)));

    /** Something to do with a path. */
    private interface Call {
      Object on(Path path) throws Exception;
    }

    private final Call call;

    Asking(Call call) {
      this.call = call;
    }
  }

  @Test
  void call_fileSystemIsSilent() throws Exception {
    Path place = Files.createDirectory(directory.resolve("silent"));
    Path path = RingFileSystems.wrap(ring, place.resolve("file"));
    try (SilentFileSystem fileSystem = SilentFileSystem.mount(place)) {
      Await.until("the mount is noticed", () -> Mounts.isRemote(place));
      for (Asking asking : Asking.values()) {
        fileSystem.tell("hold");
        BlockedCall<Object> call = BlockedCall.start(ring, () -> asking.call.on(path));
        fileSystem.awaitHeld();
        try {
          assertOthersGoOn();
        } catch (Error e) {
          throw new AssertionError(asking + " holds the ring", e);
        }
        assertFalse(call.hasEnded(), asking::toString);
        fileSystem.refuse();
        try {
          Object answer = call.result();
          assertTrue(answer == null || answer instanceof Boolean, () -> asking + ": " + answer);
        } catch (IOException | java.io.UncheckedIOException _) {
          // What it was refused, it tells.
        }
      }
    }
  }

  // ---- locks ---------------------------------------------------------------------------------

  private Process lockingProcess(Path path) throws IOException {
    String script =
        "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f,fcntl.LOCK_EX);"
            + " print('locked',flush=True); sys.stdin.read()";
    try {
      Process holder = new ProcessBuilder("python3", "-c", script, path.toString()).start();
      assertEquals("locked", holder.inputReader().readLine());
      return holder;
    } catch (IOException e) {
      return abort("there is no python3 to hold a lock: " + e);
    }
  }

  /** What ends the wait for a lock. */
  enum End {
    RELEASE,
    CLOSE,
    INTERRUPT
  }

  @ParameterizedTest
  @EnumSource
  void lock_heldByAnotherProcess(End end) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    Process holder = lockingProcess(path);
    try (FileChannel channel = FileChannel.open(RingFileSystems.wrap(ring, path), READ, WRITE)) {
      BlockedCall<FileLock> locking = BlockedCall.start(ring, () -> channel.lock());
      BlockedCall.start(ring, () -> channel.size()).result();
      assertOthersGoOn();
      assertFalse(locking.hasEnded());
      switch (end) {
        case RELEASE -> {
          holder.outputWriter().close();
          assertTrue(locking.result().isValid());
        }
        case CLOSE -> {
          BlockedCall.start(
                  ring,
                  () -> {
                    channel.close();
                    return null;
                  })
              .result();
          assertThrows(AsynchronousCloseException.class, locking::result);
        }
        case INTERRUPT -> {
          locking.interrupt();
          assertThrows(FileLockInterruptionException.class, locking::result);
          assertTrue(locking.interruptPending());
          assertFalse(channel.isOpen());
        }
      }
    } finally {
      holder.destroy();
    }
  }

  // ---- FIFOs ---------------------------------------------------------------------------------

  @Test
  void copy_ofAFifo() throws Exception {
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    Path copy = directory.resolve("copy");
    BlockedCall<Path> copying =
        BlockedCall.start(
            ring,
            () -> Files.copy(RingFileSystems.wrap(ring, pipe), RingFileSystems.wrap(ring, copy)));
    assertOthersGoOn();
    assertFalse(copying.hasEnded());
    Files.write(pipe, new byte[] {42}, WRITE);
    assertNotNull(copying.result());
    assertArrayEquals(new byte[] {42}, Files.readAllBytes(copy));
  }

  @Test
  void asynchronousChannel_ofAFifo() throws Exception {
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    BlockedCall<AsynchronousFileChannel> opening =
        BlockedCall.start(
            ring, () -> AsynchronousFileChannel.open(RingFileSystems.wrap(ring, pipe)));
    assertOthersGoOn();
    assertFalse(opening.hasEnded());
    try (FileChannel writer = FileChannel.open(pipe, WRITE);
        AsynchronousFileChannel channel = opening.result()) {
      assertTrue(writer.isOpen() && channel.isOpen());
    }
  }

  // ---- names of hosts ------------------------------------------------------------------------

  /** The lookup holds the thread that makes it, as one by the C library does. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void createSocket_nameServerIsSilent(boolean bound) throws Exception {
    AtomicBoolean asked = new AtomicBoolean();
    AtomicBoolean answers = new AtomicBoolean();
    String host = "silent" + bound + ".ringspun.test";
    TestNames.put(
        host,
        () -> {
          asked.set(true);
          while (!answers.get()) {
            Thread.onSpinWait();
          }
          return new InetAddress[] {InetAddress.getLoopbackAddress()};
        });
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      int port = server.getLocalPort();
      BlockedCall<Socket> connecting =
          BlockedCall.start(
              ring,
              () ->
                  bound
                      ? new RingSocketFactory().createSocket(host, port, null, 0)
                      : new RingSocketFactory().createSocket(host, port));
      try {
        Await.until("the name is looked up", asked::get);
        assertOthersGoOn();
      } finally {
        answers.set(true);
      }
      connecting.result().close();
    }
  }

  // ---- selectors -----------------------------------------------------------------------------

  @Test
  void select_nothingIsReady() throws Exception {
    try (Selector selector = new RingSelectorProvider().openSelector()) {
      BlockedCall<Integer> selecting = BlockedCall.start(ring, () -> selector.select());
      Await.until("it begins", () -> selecting.thread().getState() != Thread.State.NEW);
      assertOthersGoOn();
      selector.wakeup();
      assertEquals(0, selecting.result());
    }
  }

  // ---- listing -------------------------------------------------------------------------------

  /** A filter is the caller's and runs on the caller's thread; reading ahead shows nowhere. */
  @ParameterizedTest
  @EachCaller
  void list_filterAndClose(Caller caller) throws Exception {
    Path many = Files.createDirectory(directory.resolve("many"));
    for (int i = 0; i < 600; i++) {
      Files.createFile(many.resolve("f" + i));
    }
    caller.run(
        ring,
        () -> {
          Path listed = RingFileSystems.wrap(ring, many);
          Thread me = Thread.currentThread();
          DirectoryStream.Filter<Path> even =
              path -> {
                assertEquals(me, Thread.currentThread());
                return path.toString().matches(".*[02468]");
              };
          List<Path> found = new ArrayList<>();
          try (DirectoryStream<Path> stream = Files.newDirectoryStream(listed, even)) {
            stream.forEach(found::add);
          }
          assertEquals(300, Set.copyOf(found).size());
          try (Stream<Path> stream = Files.list(listed)) {
            assertEquals(600, stream.distinct().count());
          }
          DirectoryStream<Path> stream = Files.newDirectoryStream(listed);
          var entries = stream.iterator();
          assertTrue(entries.hasNext());
          stream.close();
          assertNotNull(entries.next(), "it was asked for before");
          assertFalse(entries.hasNext());
          assertThrows(java.util.NoSuchElementException.class, entries::next);
          DirectoryStream<Path> failing =
              Files.newDirectoryStream(
                  listed,
                  _ -> {
                    throw new IOException("no");
                  });
          try (failing) {
            failing.forEach(_ -> fail("there are none"));
          } catch (java.nio.file.DirectoryIteratorException e) {
            assertEquals("no", e.getCause().getMessage());
          }
        });
  }
}
