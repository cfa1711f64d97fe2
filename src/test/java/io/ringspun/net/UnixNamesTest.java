package io.ringspun.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.Ring;
import io.ringspun.testing.RawNames;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The names of Unix sockets, which are bytes: paths and abstract names. */
class UnixNamesTest {
  /** Whether a name is text in the locale makes no difference. */
  @ParameterizedTest
  @FieldSource("io.ringspun.testing.RawNames#ALL")
  void names_areBytes(String hex, @TempDir Path directory) throws Exception {
    Path path = RawNames.resolve(directory, hex);
    Path relative = Path.of("").toAbsolutePath().relativize(path);
    byte[] bytes = HexFormat.of().parseHex(hex);
    byte[] unique = "%d-".formatted(ProcessHandle.current().pid()).getBytes(UTF_8);
    byte[] name = Arrays.copyOf(unique, unique.length + bytes.length);
    System.arraycopy(bytes, 0, name, unique.length, bytes.length);
    for (SocketAddress address :
        List.of(
            UnixDomainSocketAddress.of(path),
            UnixDomainSocketAddress.of(relative),
            AbstractUnixAddress.of(name))) {
      try (Ring ring = Ring.open();
          RingListener listener = RingListener.bind(ring, Kind.UNIX.listen());
          RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.UNIX);
          RingDatagramSocket sender = RingDatagramSocket.open(ring, StandardProtocolFamily.UNIX)) {
        socket.bind(address);
        assertEquals(address instanceof UnixDomainSocketAddress, Files.exists(path));
        assertEquals(address, socket.localAddress());
        socket.connectTo(listener.localAddress());
        try (RingSocket peer = listener.accept()) {
          assertEquals(address, peer.remoteAddress());
        }
        Files.deleteIfExists(path);
        try (RingDatagramSocket receiver = RingDatagramSocket.bind(ring, address)) {
          sender.send(ByteBuffer.allocate(2), receiver.localAddress());
          receiver.send(ByteBuffer.allocate(3), address);
          assertEquals(2, receiver.receive(ByteBuffer.allocate(9)).length());
          Datagram second = receiver.receive(ByteBuffer.allocate(9));
          assertEquals(3, second.length());
          assertEquals(address, second.sender());
        }
      }
      if (address instanceof UnixDomainSocketAddress place) {
        Files.deleteIfExists(path);
        try (ServerSocketChannel server =
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(place);
            Ring ring = Ring.open();
            RingSocket socket = RingSocket.connect(ring, place)) {
          server.accept().close();
          assertEquals(place, socket.remoteAddress());
        }
        Files.delete(path);
      }
    }
  }

  @Test
  void abstractNames() {
    byte[] bytes = {-1, 0, 'a'};
    AbstractUnixAddress address = AbstractUnixAddress.of(bytes);
    bytes[0] = 'x'; // it has a copy
    address.bytes()[0] = 'x';
    assertArrayEquals(new byte[] {-1, 0, 'a'}, address.bytes());
    assertEquals("\uFFFD\0a", address.name());
    assertEquals("@\uFFFD\0a", address.toString());
    assertEquals(AbstractUnixAddress.of(address.bytes()), address);
    assertEquals(AbstractUnixAddress.of(address.bytes()).hashCode(), address.hashCode());
    assertNotEquals(AbstractUnixAddress.of(address.name()), address);
    assertEquals(AbstractUnixAddress.of("é"), AbstractUnixAddress.of("é".getBytes(UTF_8)));
    assertThrows(IllegalArgumentException.class, () -> AbstractUnixAddress.of(new byte[108]));
    assertThrows(IllegalArgumentException.class, () -> AbstractUnixAddress.of("é".repeat(54)));
  }
}
