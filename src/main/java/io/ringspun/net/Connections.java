package io.ringspun.net;

import io.ringspun.RingClosedException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections that come to a {@link RingListener}, which the kernel accepts without being asked
 * for each:
 *
 * {@snippet :
 * try (Connections connections = listener.connections()) {
 *   for (RingSocket socket : connections) {
 *     ring.startVirtualThread(() -> serve(socket));
 *   }
 * }
 * }
 *
 * <p>Connections may be accepted before anyone takes them. When 64 wait, the kernel is told to
 * stop: those that had come by then may still be accepted, and the listener's backlog holds the
 * others.
 *
 * <p>Safe for use by many threads: each connection goes to one of them. An interrupt or a time
 * limit loses none: it waits for the next taker. Where the process or the system has no descriptor
 * or memory for another connection, taking one goes on waiting, and asks the kernel again after a
 * pause that grows from 1 to 100 milliseconds; the log tells it once for each shortage.
 *
 * <p>Those of a {@linkplain SocketOpenOption#REGISTERED registered} listener are registered too.
 * While the ring's table is full, the kernel is not asked, and the backlog holds what comes; taking
 * one goes on when something registered is closed. The kernel closes a connection for which it
 * finds no slot. So unless more than 4,096 slots are free, which is what a backlog usually holds,
 * it is asked for each.
 *
 * @since 0.1
 */
public final class Connections implements Iterable<RingSocket>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Connections.class);
  private static final int WAITING_MAX = 64;
  private static final long PAUSE_MIN_NANOS = Duration.ofMillis(1).toNanos();
  private static final long PAUSE_MAX_NANOS = Duration.ofMillis(100).toNanos();

  private final RingListener listener;
  private final Engine home;
  private final Multishot accepted;
  private final Set<RingSocket> foreseen = ConcurrentHashMap.newKeySet(); // by hasNext, not taken

  private long pauseNanos; // guarded by this; 0 while nothing is short

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

  /** The kernel would close a connection that it finds no slot for. */
  private static void encode(Operation operation, int slot, boolean many) {
    if (many) {
      operation.multishotAcceptRegistered(slot, 0);
    } else {
      operation.acceptRegistered(slot, 0, 0, 0);
    }
  }

  /**
   * Takes the connection that came first. Blocks until there is one.
   *
   * @return the socket, whose home is that of the listener, for the caller to close
   * @throws ClosedChannelException if this or the listener is closed
   * @throws java.nio.channels.AsynchronousCloseException if either is closed meanwhile
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws io.ringspun.OperationTimeoutException if the listener's time limit ends the wait
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
        case Errno.ECONNABORTED, Errno.EINTR -> {} // it was gone before it was taken
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
          "{} cannot accept connections and will go on trying: {}",
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
   * when this or the listener is closed. Several iterators share the connections; each is for one
   * thread.
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

  /** Takes a connection that may never be asked for. */
  private RingSocket foresee() throws IOException {
    RingSocket socket = accept();
    foreseen.add(socket);
    if (!accepted.isOpen()) { // perhaps since close looked for them
      close(socket);
      throw new ClosedChannelException();
    }
    return socket;
  }

  /**
   * Stops taking connections, closes those that nobody has taken, and ends the calls and iterators
   * that wait for one. The listener stays open, and others may accept from it. Waits until the
   * kernel has stopped, whether interrupted or not. Closing again has no effect.
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
