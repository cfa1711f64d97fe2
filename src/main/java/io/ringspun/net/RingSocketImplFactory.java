package io.ringspun.net;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.socketimpl.RingSocketImpl;
import java.net.ServerSocket;
import java.net.SocketImpl;
import java.net.SocketImplFactory;
import org.jspecify.annotations.Nullable;

/**
 * Puts every {@link java.net.Socket} and {@link ServerSocket} of a process on a ring, for programs
 * that make them by {@code new}.
 *
 * {@snippet :
 * Socket.setSocketImplFactory(new RingSocketImplFactory());
 * ServerSocket.setSocketFactory(new RingSocketImplFactory());
 * }
 *
 * <p>The JDK takes each of the two once. Set both: a {@code ServerSocket} that has this factory can
 * accept only into sockets that have it too. The sockets behave as {@link RingSocketFactory} says.
 *
 * <p>Safe for use by many threads.
 *
 * @since 0.1
 */
public final class RingSocketImplFactory implements SocketImplFactory {
  private static final StackWalker CALLER =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  private final @Nullable Ring ring; // null for the shared one

  /**
   * Creates a factory for sockets whose home is a ring of the {@linkplain RingGroup#shared() shared
   * group}.
   */
  public RingSocketImplFactory() {
    ring = null;
  }

  /**
   * Creates a factory.
   *
   * @param ring the sockets' home ring
   */
  public RingSocketImplFactory(Ring ring) {
    this.ring = ring;
  }

  /**
   * Creates what is behind one socket. Opens nothing yet.
   *
   * @return an object for the JDK
   * @throws IllegalCallerException if called by native code
   */
  @Override
  public SocketImpl createSocketImpl() {
    // Server sockets have other options; that one is wanted can be seen in no other way.
    return new RingSocketImpl(ring, CALLER.getCallerClass() == ServerSocket.class);
  }
}
