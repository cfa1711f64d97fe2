package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code -Djdk.includeInExceptions} says of addresses holds for our sockets, too. */
@Once
class HostInfoTest {
  @TempDir private Path directory;

  /** Connects to nobody, by the JDK and by a ring. */
  static final class Refused {
    private interface Connecting {
      void connect() throws IOException;
    }

    public static void main(String[] arguments) throws IOException {
      InetSocketAddress nobody;
      try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        nobody = (InetSocketAddress) server.getLocalSocketAddress();
      }
      UnixDomainSocketAddress nowhere = UnixDomainSocketAddress.of(arguments[0]);
      List<Connecting> all =
          List.of(
              () -> {
                try (Socket socket = new Socket()) {
                  socket.connect(nobody);
                }
              },
              () -> {
                try (Socket socket = new RingSocketFactory().createSocket()) {
                  socket.connect(nobody);
                }
              },
              () -> SocketChannel.open(nobody).close(),
              () -> RingSocketChannel.open(nobody).close(),
              () -> {
                try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                  channel.connect(nowhere);
                }
              },
              () -> {
                try (SocketChannel channel = RingSocketChannel.open(StandardProtocolFamily.UNIX)) {
                  channel.connect(nowhere);
                }
              });
      for (Connecting one : all) {
        try {
          one.connect();
        } catch (IOException e) {
          System.out.println("refused " + e);
        }
      }
    }
  }

  private List<String> refusals(String... flags) throws Exception {
    String output =
        new ChildJvm()
            .withFlagsOfThisOne()
            .with(flags)
            .run(Refused.class, directory.resolve("socket").toString());
    return output.lines().filter(line -> line.startsWith("refused")).toList();
  }

  private static void assertPairs(List<String> refusals) {
    assertEquals(6, refusals.size(), refusals::toString);
    for (int i = 0; i < refusals.size(); i += 2) {
      assertEquals(type(refusals.get(i)), type(refusals.get(i + 1)));
      assertEquals(address(refusals.get(i)), address(refusals.get(i + 1)));
    }
  }

  /** Returns the exception's class. */
  private static String type(String refusal) {
    return refusal.split(":", 2)[0];
  }

  /** Returns the address at the end of the message, or nothing. */
  private static String address(String refusal) {
    int start = refusal.indexOf('/');
    return start < 0 ? "" : refusal.substring(start);
  }

  @ParameterizedTest
  @ValueSource(strings = {"hostInfo", "jar, HOSTINFO"})
  void refusal_namesTheAddress(String value) throws Exception {
    List<String> refusals = refusals("-Djdk.includeInExceptions=" + value);
    assertPairs(refusals);
    assertTrue(refusals.get(1).contains("127.0.0.1:"), refusals::toString);
  }

  @Test
  void refusal_namesNoAddressOtherwise() throws Exception {
    assertPairs(refusals());
    assertPairs(refusals("-Djdk.includeInExceptions=jar"));
  }
}
