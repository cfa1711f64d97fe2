package io.ringspun.internal.socketimpl;

import io.ringspun.Ring;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;

/**
 * A {@link ServerSocket} with a Ringspun implementation, which accepts sockets with such
 * implementations.
 */
public final class ImplServerSocket extends ServerSocket {
  private final @Nullable Ring ring;

  public ImplServerSocket(@Nullable Ring ring) {
    super(new RingSocketImpl(ring, true));
    this.ring = ring;
  }

  @Override
  public Socket accept() throws IOException {
    if (isClosed()) {
      throw new SocketException("Socket is closed");
    }
    if (!isBound()) {
      throw new SocketException("Socket is not bound yet");
    }
    Socket accepted = new ImplSocket(new RingSocketImpl(ring, false));
    implAccept(accepted);
    return accepted;
  }
}
