package io.ringspun.net;

import java.net.Socket;
import java.net.SocketException;

/** A {@link Socket} whose calls go to an impl of ours. */
final class ImplSocket extends Socket {
  ImplSocket(RingSocketImpl impl) throws SocketException {
    super(impl);
  }
}
