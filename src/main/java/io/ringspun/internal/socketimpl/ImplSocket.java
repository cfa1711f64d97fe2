package io.ringspun.internal.socketimpl;

import java.net.Socket;
import java.net.SocketException;

/** A {@link Socket} with a Ringspun implementation. */
public final class ImplSocket extends Socket {
  public ImplSocket(RingSocketImpl impl) throws SocketException {
    super(impl);
  }
}
