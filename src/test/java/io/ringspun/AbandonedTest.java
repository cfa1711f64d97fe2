package io.ringspun;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingDirectory;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingFileChannel;
import io.ringspun.file.RingFileSystems;
import io.ringspun.file.RingInputStream;
import io.ringspun.file.RingOpenOption;
import io.ringspun.file.RingOutputStream;
import io.ringspun.internal.ring.Handle;
import io.ringspun.net.RingDatagramSocket;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.net.RingSocketChannel;
import io.ringspun.net.RingSocketFactory;
import io.ringspun.net.SocketOpenOption;
import io.ringspun.os.EventFd;
import io.ringspun.os.RingFd;
import io.ringspun.os.RingPipe;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.OpenFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What nobody closes is closed when nothing refers to it any more, and not before. */
class AbandonedTest {
  private static final RingOptions TABLE = RingOptions.defaults().withRegisteredFiles(4);

  @TempDir private Path directory;
  private Path file;

  @BeforeEach
  void makeFile() throws Exception {
    file = Files.writeString(directory.resolve("abandoned"), "one\ntwo\n");
  }

  private boolean isFileOpen() {
    return OpenFiles.count(file.toString()) > 0;
  }

  /** Collects until something is gone, and each time gives the threads time that see to it. */
  private static void awaitCollected(String what, BooleanSupplier gone) {
    Await.until(
        what + " is collected",
        () -> {
          if (gone.getAsBoolean()) {
            return true;
          }
          System.gc();
          long deadline = System.nanoTime() + 20_000_000;
          while (!gone.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
              return false;
            }
            LockSupport.parkNanos(50_000);
          }
          return true;
        });
  }

  /** Opens something and forgets it. */
  private interface Opening {
    Object open(Ring ring, Path file) throws Exception;
  }

  @SuppressWarnings("StreamResourceLeak") // that is what this is about
  private enum Kind {
    FILE((ring, file) -> RingFile.open(ring, file)),
    FILE_WITH_LIMIT((ring, file) -> RingFile.open(ring, file).within(Duration.ofSeconds(1))),
    DIRECT_FILE((ring, file) -> RingFile.open(ring, file, READ, RingOpenOption.DIRECT)),
    FILE_OF_DIRECTORY(
        (ring, file) -> {
          try (RingDirectory directory = RingDirectory.open(ring, file.getParent())) {
            return directory.openFile(file.getFileName());
          }
        }),
    INSTALLED(
        (ring, file) -> {
          try (RingFile registered = RingFile.open(ring, file, READ, RingOpenOption.REGISTERED)) {
            return registered.installDescriptor();
          }
        }),
    REGISTERED_WITH_DESCRIPTOR(
        (ring, file) -> {
          RingFile registered = RingFile.open(ring, file, READ, RingOpenOption.REGISTERED);
          assertEquals(8, registered.size());
          return registered;
        }),
    CHANNEL((ring, file) -> FileChannel.open(RingFileSystems.wrap(ring, file), READ, WRITE)),
    RING_CHANNEL((ring, file) -> RingFileChannel.open(ring, file, Set.of(READ, WRITE))),
    LOCKED_CHANNEL(
        (ring, file) -> {
          FileChannel channel = FileChannel.open(RingFileSystems.wrap(ring, file), READ, WRITE);
          return channel.lock();
        }),
    BYTE_CHANNEL((ring, file) -> Files.newByteChannel(RingFileSystems.wrap(ring, file))),
    INPUT((ring, file) -> Files.newInputStream(RingFileSystems.wrap(ring, file))),
    OUTPUT((ring, file) -> Files.newOutputStream(RingFileSystems.wrap(ring, file))),
    RING_INPUT((ring, file) -> RingInputStream.open(ring, file)),
    RING_OUTPUT((ring, file) -> RingOutputStream.open(ring, file)),
    LINES(
        (ring, file) -> {
          var lines = Files.lines(RingFileSystems.wrap(ring, file)).iterator();
          assertEquals("one", lines.next());
          return lines;
        }),
    READER((ring, file) -> Files.newBufferedReader(RingFileSystems.wrap(ring, file)));

    final Opening opening;

    Kind(Opening opening) {
      this.opening = opening;
    }
  }

  @Test
  void filesAreClosed() throws Exception {
    try (Ring ring = Ring.open(TABLE.withRegisteredFiles(100))) {
      long before = Descriptor.abandoned();
      List<Path> files = new ArrayList<>(); // one for each, as a channel locks its file
      for (Kind kind : Kind.values()) {
        for (Caller caller : Caller.values()) {
          Path mine = Files.copy(file, directory.resolve(kind + "-" + caller));
          files.add(mine);
          caller.run(
              ring,
              () -> {
                Object open = kind.opening.open(ring, mine);
                assertTrue(OpenFiles.count(mine.toString()) > 0, () -> "it is open: " + open);
              });
        }
      }
      for (Path mine : files) {
        awaitCollected(mine.toString(), () -> OpenFiles.count(mine.toString()) == 0);
      }
      awaitCollected("the counters", () -> Descriptor.abandoned() - before >= files.size());
      ring.nop();
    }
  }

  @Test
  void directoryIsClosed() throws Exception {
    try (Ring ring = Ring.open()) {
      openDirectory(ring);
      awaitCollected("the directory", () -> OpenFiles.count(directory.toString()) == 0);
    }
  }

  private void openDirectory(Ring ring) throws Exception {
    Object open = RingDirectory.open(ring, directory);
    assertEquals(1, OpenFiles.count(directory.toString()), open::toString);
  }

  /** A slot that nobody has closed can be used again. */
  @Test
  void slotIsEmptied() throws Exception {
    try (Ring ring = Ring.open(TABLE)) {
      for (int i = 0; i < 4; i++) {
        RingFile.open(ring, file, READ, RingOpenOption.REGISTERED);
      }
      awaitCollected(
          "a slot",
          () -> {
            try {
              RingFile.open(ring, file, READ, RingOpenOption.REGISTERED).close();
              return true;
            } catch (IOException _) {
              return false;
            }
          });
    }
    assertFalse(isFileOpen());
  }

  /** One view is enough, whatever has become of the others. */
  @Test
  void viewKeepsItOpen() throws Exception {
    try (Ring ring = Ring.open()) {
      long before = Descriptor.abandoned();
      RingFile view = RingFile.open(ring, file).within(Duration.ofSeconds(9));
      RingFile.open(ring, directory.resolve("abandoned"));
      awaitCollected("the other one", () -> Descriptor.abandoned() > before);
      assertEquals(1, OpenFiles.count(file.toString()));
      assertEquals(8, view.read(ByteBuffer.allocate(100), 0));
      view.close();
      assertFalse(isFileOpen());
    }
  }

  /** Who waits in a call keeps what it waits for. */
  @ParameterizedTest
  @EachCaller
  void callKeepsItOpen(Caller caller) throws Exception {
    Path fifo = directory.resolve("fifo");
    Fifo.make(fifo);
    try (Ring ring = Ring.open();
        FileChannel other = FileChannel.open(fifo, READ, WRITE)) {
      BlockedCall<Integer> read =
          BlockedCall.start(ring, caller, () -> RingInputStream.open(ring, fifo).read(new byte[5]));
      read.awaitInFlight(ring, 1);
      RingFile.open(ring, file);
      awaitCollected("another one", () -> !isFileOpen());
      other.write(ByteBuffer.allocate(5));
      assertEquals(5, read.result());
      awaitCollected("the stream", () -> OpenFiles.count(fifo.toString()) == 1);
    }
  }

  /** The ring knows where platform threads wait in the kernel, and keeps no socket open for it. */
  @Test
  void waitInTheKernelDoesNotKeepItOpen() throws Exception {
    InetAddress here = InetAddress.getLoopbackAddress();
    try (Ring ring = Ring.open();
        ServerSocket listener = new ServerSocket(0, 1, here)) {
      int before = OpenFiles.count("socket:");
      readAndForget(new RingSocketFactory(ring), listener);
      awaitCollected("the socket", () -> OpenFiles.count("socket:") == before);
    }
  }

  private static void readAndForget(RingSocketFactory factory, ServerSocket listener)
      throws Exception {
    Socket socket = factory.createSocket(listener.getInetAddress(), listener.getLocalPort());
    try (Socket peer = listener.accept()) {
      peer.getOutputStream().write(1);
      assertEquals(1, socket.getInputStream().read());
    }
  }

  @Test
  void adoptedStaysOpen() throws Exception {
    try (Ring ring = Ring.open()) {
      EventFd counter = EventFd.open(ring);
      int events = OpenFiles.count("anon_inode:[eventfd]");
      RingFd.adopt(ring, Handle.of(counter).fd());
      RingFile.open(ring, file);
      awaitCollected("another one", () -> !isFileOpen());
      assertEquals(events, OpenFiles.count("anon_inode:[eventfd]"));
      counter.close();
    }
  }

  /** The peer of a socket that nobody closes is told of its end. */
  @ParameterizedTest
  @EachCaller
  void socketsAreClosed(Caller caller) throws Exception {
    for (SocketOpenOption[] options :
        new SocketOpenOption[][] {{}, {SocketOpenOption.REGISTERED}}) {
      try (Ring ring = Ring.open(TABLE)) {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (RingListener listener = RingListener.bind(ring, any)) {
          caller.run(
              ring,
              () -> {
                connectAndForget(ring, listener, options);
                try (RingSocket peer = listener.accept()) {
                  awaitEnd(peer);
                }
              });
        }
      }
    }
  }

  private static void connectAndForget(Ring ring, RingListener to, SocketOpenOption... options)
      throws Exception {
    RingSocket socket = RingSocket.connect(ring, to.localAddress(), options);
    socket.setOption(StandardSocketOptions.SO_LINGER, 1);
  }

  private static void awaitEnd(RingSocket peer) throws Exception {
    RingSocket hasty = peer.within(Duration.ofMillis(20));
    awaitCollected(
        "the socket",
        () -> {
          try {
            return hasty.read(ByteBuffer.allocate(1)) == -1;
          } catch (OperationTimeoutException _) {
            return false;
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }

  /** A program that leaks, in a JVM where nobody else does. */
  static final class Leaks {
    public static void main(String[] arguments) throws Exception {
      Path path = Path.of(arguments[0]);
      int expected = Integer.parseInt(arguments[1]);
      try (Ring ring = Ring.open(TABLE)) {
        for (int i = 0; i < 10; i++) {
          RingFile.open(ring, path).close();
          RingFile.open(ring, path, READ, RingOpenOption.REGISTERED).close();
          Files.readString(RingFileSystems.wrap(ring, path));
        }
        leakFile(ring, path);
        if (expected > 1) {
          leakOthers(ring);
        }
        awaitCollected("the leaks", () -> Descriptor.abandoned() >= expected);
        assertEquals(expected, Descriptor.abandoned(), "what was closed does not count");
      }
    }

    private static void leakFile(Ring ring, Path path) throws Exception {
      RingFile.open(ring, path);
    }

    private static void leakOthers(Ring ring) throws Exception {
      InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      RingListener.bind(ring, any); // the second, after the file
      RingDatagramSocket.bind(ring, any); // 3
      EventFd.open(ring); // 4
      RingPipe.open(ring); // 6
      try (RingListener listener = RingListener.bind(ring, any)) {
        RingSocketChannel.open(listener.localAddress()); // 7
        listener.accept(); // 8
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 8})
  void leaksAreCounted(int leaks) throws Exception {
    String said = new ChildJvm().withFlagsOfThisOne().run(Leaks.class, file.toString(), "" + leaks);
    assertEquals("", said);
  }

  @Test
  void leaksAreTraced() throws Exception {
    String said =
        new ChildJvm()
            .withFlagsOfThisOne()
            .with("-Dio.ringspun.traceLeaks=true")
            .run(Leaks.class, file.toString(), "1");
    assertTrue(said.contains("WARN io.ringspun.leaks - fd "), said);
    assertTrue(said.contains("was not closed, and nothing refers to it any more"), said);
    assertTrue(said.contains("AbandonedTest$Leaks.leakFile("), said);
  }
}
