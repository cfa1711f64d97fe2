package io.ringspun.internal.agent;

import io.ringspun.RingGroup;
import io.ringspun.net.RingSelectorProvider;
import io.ringspun.net.RingSocketImplFactory;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketImplFactory;
import java.nio.channels.spi.SelectorProvider;

/** Puts the sockets and socket channels of the whole process on rings. */
final class SocketInstaller {
  private static final String PROPERTY = "java.nio.channels.spi.SelectorProvider";

  private SocketInstaller() {}

  /**
   * Installs the selector provider and the socket factories. Opens the rings, since without rings
   * no socket could be opened afterwards.
   *
   * @throws IOException if there are no rings; nothing is installed then
   */
  static void install() throws IOException {
    RingGroup.shared();
    installProvider();
    installFactories();
  }

  private static void installProvider() {
    String chosen = System.getProperty(PROPERTY);
    if (chosen == null) {
      System.setProperty(PROPERTY, RingSelectorProvider.class.getName());
    }
    try {
      SelectorProvider provider = SelectorProvider.provider(); // reads the property once
      if (provider instanceof RingSelectorProvider) {
        AgentOutput.detail("socket channels use rings");
      } else {
        AgentOutput.problem(
            "socket channels do not use rings: the selector provider is already "
                + provider.getClass().getName());
      }
    } finally {
      if (chosen == null) {
        System.clearProperty(PROPERTY);
      }
    }
  }

  @SuppressWarnings("deprecation") // no other way reaches sockets that are created by new
  private static void installFactories() {
    SocketImplFactory factory = new RingSocketImplFactory();
    try {
      Socket.setSocketImplFactory(factory);
      ServerSocket.setSocketFactory(factory);
      AgentOutput.detail("sockets use rings");
    } catch (IOException e) {
      AgentOutput.problem("sockets do not use rings", e);
    }
  }
}
