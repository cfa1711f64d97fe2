package io.ringspun.file;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.Descriptor;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.net.RingDatagramSocket;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.raw.Raw;
import io.ringspun.raw.TableSlot;
import io.ringspun.testing.LeakCheck;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What can be opened with a ring or without, and with options in a row or as a set. */
@ExtendWith(LeakCheck.class)
class OpenOverloadsTest {
  private static final FileAttribute<Set<PosixFilePermission>> MINE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<String> UNKNOWN =
      new FileAttribute<>() {
        @Override
        public String name() {
          return "no:such";
        }

        @Override
        public String value() {
          return "";
        }
      };
  private static final Set<OpenOption> NEW = Set.of(CREATE_NEW, WRITE);

  @TempDir private Path directory;

  /** Opens a file with options and attributes. */
  private interface Opening {
    Descriptor open(Path name, Set<OpenOption> options, FileAttribute<?>... attributes)
        throws IOException;
  }

  private static void close(Descriptor open) throws IOException {
    ((RingFile) open).close();
  }

  @Test
  void channel_onARingWithOptionsInARow() throws IOException {
    Path path = directory.resolve("file");
    try (Ring ring = Ring.open()) {
      try (RingFileChannel channel = RingFileChannel.open(ring, path, CREATE_NEW, WRITE)) {
        assertEquals(1, channel.write(ByteBuffer.wrap(new byte[] {7})));
      }
      try (RingFileChannel channel = RingFileChannel.open(ring, path)) {
        assertEquals(1, channel.size());
      }
      assertThrows(
          FileAlreadyExistsException.class,
          () -> RingFileChannel.open(ring, path, CREATE_NEW, WRITE));
    }
  }

  @Test
  void file_withAttributes() throws IOException {
    try (Ring ring = Ring.open();
        RingDirectory open = RingDirectory.open(ring, directory)) {
      List<Opening> openings =
          List.of(
              (name, options, attributes) ->
                  RingFile.open(directory.resolve(name), options, attributes),
              (name, options, attributes) ->
                  RingFile.open(ring, directory.resolve(name), options, attributes),
              open::openFile);
      for (Opening opening : openings) {
        Path name = Path.of("file");
        close(opening.open(name, NEW, MINE));
        assertEquals(MINE.value(), Files.getPosixFilePermissions(directory.resolve(name)));
        assertThrows(FileAlreadyExistsException.class, () -> opening.open(name, NEW));
        close(opening.open(name, Set.of()));
        close(opening.open(name, Set.of(READ, WRITE)));
        assertThrows(UnsupportedOperationException.class, () -> opening.open(name, NEW, UNKNOWN));
        Files.delete(directory.resolve(name));
      }
      assertThrows(
          IllegalArgumentException.class,
          () -> open.openFile(Path.of("x"), Set.of(Resolve.BENEATH, Resolve.IN_ROOT)));
    }
  }

  @Test
  void steps_withAttributes() throws IOException {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
        RingDirectory open = RingDirectory.open(ring, directory);
        TableSlot slot = Raw.of(ring).tableSlot()) {
      Path name = Path.of("file");
      Path path = directory.resolve(name);
      ring.chain().add(FileSteps.open(slot, path, NEW, MINE)).add(slot.closeStep()).run();
      assertEquals(MINE.value(), Files.getPosixFilePermissions(path));
      Files.delete(path);
      ring.chain().add(FileSteps.open(slot, open, name, NEW, MINE)).add(slot.closeStep()).run();
      assertEquals(MINE.value(), Files.getPosixFilePermissions(path));
      assertThrows(
          UnsupportedOperationException.class, () -> FileSteps.open(slot, path, NEW, UNKNOWN));
    }
  }

  @Test
  void sockets_onTheSharedRing() throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (RingListener listener = RingListener.bind(any);
        RingDatagramSocket datagrams = RingDatagramSocket.bind(any)) {
      InetSocketAddress local = (InetSocketAddress) listener.localAddress();
      try (RingSocket socket = RingSocket.connect(local.getHostString(), local.getPort())) {
        assertEquals(local, socket.remoteAddress());
      }
      assertEquals(any.getAddress(), ((InetSocketAddress) datagrams.localAddress()).getAddress());
    }
  }
}
