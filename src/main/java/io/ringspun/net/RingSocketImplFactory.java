package io.ringspun.net;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.socketimpl.RingSocketImpl;
import java.net.ServerSocket;
import java.net.SocketImpl;
import java.net.SocketImplFactory;
import org.jspecify.annotations.Nullable;

/**
 * A factory that puts every {@link java.net.Socket} and {@link ServerSocket} of a process on a
 * ring, for programs that create them by {@code new}.
 *
 * {@snippet :
 * Socket.setSocketImplFactory(new RingSocketImplFactory());
 * ServerSocket.setSocketFactory(new RingSocketImplFactory());
 * }
 *
 * <p>Each of the two can be set only once. Set both: a {@code ServerSocket} of this factory can
 * accept only into sockets of this factory. The sockets behave as described in {@link
 * RingSocketFactory}.
 *
 * <p>Safe for use by multiple concurrent threads.
 *
 * @since 0.1
 */
public final class RingSocketImplFactory implements SocketImplFactory {
  private static final StackWalker CALLER =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  private final @Nullable Ring ring; // null for the shared group

  /** Creates a factory of sockets on rings of the {@linkplain RingGroup#shared() shared group}. */
  public RingSocketImplFactory() {
    ring = null;
  }

  /**
   * Creates a factory of sockets on a ring.
   *
   * @param ring the ring for operations of threads that no ring carries
   */
  public RingSocketImplFactory(Ring ring) {
    this.ring = ring;
  }

  /**
   * Creates the implementation of one socket. Does not open it yet.
   *
   * @return the implementation
   * @throws IllegalCallerException if there is no Java caller, as in a call from native code
   */
  @Override
  public SocketImpl createSocketImpl() {
    // Server sockets have other options. Only the call stack shows which kind is wanted.
    return new RingSocketImpl(ring, CALLER.getCallerClass() == ServerSocket.class);
  }
}
