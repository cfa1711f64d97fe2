package io.ringspun.net;

import io.ringspun.RingClosedException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.log.Log;
import io.ringspun.internal.net.NetErrors;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Multishot;
import io.ringspun.internal.ring.Operation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A stream of the connections of a {@link RingListener}, accepted by one multishot operation. For
 * example:
 *
 * {@snippet :
 * try (Connections connections = listener.connections()) {
 *   for (RingSocket socket : connections) {
 *     ring.startVirtualThread(() -> serve(socket));
 *   }
 * }
 * }
 *
 * <p>Connections may be accepted before a thread takes them. When 64 are waiting, accepting is
 * paused: connections that have already arrived may still be accepted, and the listener's backlog
 * holds the others.
 *
 * <p>Safe for use by multiple concurrent threads: each connection goes to one of them. An interrupt
 * or a time limit loses no connection: it goes to the next caller. If the process or the system has
 * run out of descriptors or memory, {@link #accept} keeps waiting and retries after a pause that
 * grows from 1 to 100 milliseconds; this is logged once for each shortage.
 *
 * <p>Connections of a {@linkplain SocketOpenOption#REGISTERED registered} listener are registered,
 * too. While the ring's table is full, accepting is paused and the backlog holds new connections;
 * it resumes when a registered file or socket is closed. The kernel closes a connection for which
 * it finds no slot. So each connection is accepted by an operation of its own unless more slots are
 * free than a backlog usually holds, which is 4,096.
 *
 * @since 0.1
 */
public final class Connections implements Iterable<RingSocket>, AutoCloseable {
  private static final Log LOG = Log.of(Connections.class).prepared();
  private static final int WAITING_MAX = 64;
  private static final long PAUSE_MIN_NANOS = Duration.ofMillis(1).toNanos();
  private static final long PAUSE_MAX_NANOS = Duration.ofMillis(100).toNanos();

  private final RingListener listener;
  private final Engine home;
  private final Multishot accepted;
  private final Set<RingSocket> foreseen =
      ConcurrentHashMap.newKeySet(); // returned by hasNext, not yet by next

  private long pauseNanos; // guarded by this; 0 while there is no shortage

  Connections(RingListener listener) {
    this.listener = listener;
    Handle handle = listener.socketHandle();
    home = handle.home();
    accepted =
        listener.isRegistered()
            ? new Multishot(
                home,
                handle,
                (operation, slot) -> encode(operation, slot, home.files().hasPlenty()),
                home.files(),
                WAITING_MAX)
            : new Multishot(
                home,
                handle,
                (operation, fd) -> operation.multishotAccept(fd, Constants.SOCK_CLOEXEC),
                null,
                WAITING_MAX);
  }

  /**
   * Encodes an accept. A single one if slots are scarce, because the kernel closes a connection for
   * which it finds no slot.
   */
  private static void encode(Operation operation, int slot, boolean many) {
    if (many) {
      operation.multishotAcceptRegistered(slot, 0);
    } else {
      operation.acceptRegistered(slot, 0, 0, 0);
    }
  }

  /**
   * Takes the next connection. Blocks until there is one. A virtual thread parks meanwhile.
   *
   * @return the socket, on the ring of the listener, for the caller to close
   * @throws ClosedChannelException if this or the listener is closed
   * @throws java.nio.channels.AsynchronousCloseException if either is closed while the thread waits
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws io.ringspun.OperationTimeoutException if the listener's time limit expires
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public RingSocket accept() throws IOException {
    long nanos = listener.timeoutNanos();
    long deadline = System.nanoTime() + nanos;
    for (boolean again = false; ; again = true) {
      int number = Multishot.result(accepted.take(nanos, deadline, again));
      if (number >= 0) {
        goOn();
        return listener.accepted(number, home);
      }
      switch (-number) {
        case Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM -> pause(-number);
        case Errno.ECONNABORTED, Errno.EINTR -> {} // the peer closed it before it was accepted
        default -> throw NetErrors.of("accept", -number);
      }
    }
  }

  private void pause(int errno) {
    boolean isFirst;
    long pause;
    synchronized (this) {
      isFirst = pauseNanos == 0;
      pauseNanos = isFirst ? PAUSE_MIN_NANOS : Math.min(2 * pauseNanos, PAUSE_MAX_NANOS);
      pause = pauseNanos;
    }
    accepted.rest(pause);
    if (isFirst) {
      LOG.warn(
          "{} cannot accept connections and will keep trying: {}",
          listener,
          NetErrors.of("accept", errno).getMessage());
    }
  }

  private synchronized void goOn() {
    pauseNanos = 0;
  }

  /**
   * Returns an iterator whose {@link Iterator#hasNext hasNext} and {@link Iterator#next next} block
   * as {@link #accept} does, and throw its exceptions in an {@link UncheckedIOException}. It ends
   * when this object or the listener is closed. Several iterators share the connections; each is
   * for use by a single thread.
   *
   * @return a new iterator
   */
  @Override
  public Iterator<RingSocket> iterator() {
    return new Iterator<>() {
      private @Nullable RingSocket ahead;

      @Override
      public boolean hasNext() {
        if (ahead == null) {
          try {
            ahead = foresee();
          } catch (RingClosedException e) {
            throw new UncheckedIOException(e);
          } catch (ClosedChannelException _) {
            return false;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
        return true;
      }

      @Override
      public RingSocket next() {
        if (!hasNext()) {
          throw new NoSuchElementException("the connections are closed");
        }
        RingSocket socket = ahead;
        assert socket != null;
        ahead = null;
        foreseen.remove(socket);
        return socket;
      }
    };
  }

  /** Takes a connection for hasNext, which next may never return. */
  private RingSocket foresee() throws IOException {
    RingSocket socket = accept();
    foreseen.add(socket);
    if (!accepted.isOpen()) { // the close may have missed these
      close(socket);
      throw new ClosedChannelException();
    }
    return socket;
  }

  /**
   * Stops accepting, closes connections that no thread has taken, and ends waiting calls and
   * iterators. The listener stays open. Blocks until the kernel has ended the operation; an
   * interrupt does not end the wait. Closing again has no effect.
   */
  @Override
  public void close() {
    listener.ended(this);
    accepted.close((number, _) -> discard(number));
    foreseen.forEach(Connections::close);
  }

  private void discard(int number) {
    if (number >= 0) {
      close(listener.accepted(number, home));
    }
  }

  private static void close(RingSocket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      LOG.debug("{} was not taken, and closing it failed", socket, e);
    }
  }

  @Override
  public String toString() {
    return "Connections[%s]".formatted(listener);
  }
}
