package io.ringspun.net;

import io.ringspun.Descriptor;
import io.ringspun.file.RingDirectory;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.net.Message;
import io.ringspun.internal.net.SocketKind;
import io.ringspun.internal.net.Sockets;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Open files and sockets that a peer has passed over a Unix socket, in the order they came. Whoever
 * knows what comes takes each as what it is; what is not taken is closed with this:
 *
 * {@snippet :
 * try (PassedDescriptors passed = new PassedDescriptors()) {
 *   socket.read(buffer, passed);
 *   RingListener listener = passed.takeListener();
 *   RingFile log = passed.takeFile();
 * }
 * }
 *
 * <p>What is taken has the ring as its home that received it. Its calls wait even if the peer has
 * it in non-blocking mode. If the first is something else than the method says, it stays the first.
 * A peer may pass what it likes: a file may be one that keeps its reader waiting for ever.
 *
 * <p>Safe for use by many threads. Closing this while a call receives closes what comes.
 *
 * @since 0.1
 */
public final class PassedDescriptors implements AutoCloseable {
  /** Something open, nobody knows what. */
  private static final class Arrival extends Descriptor {
    final RawHandle handle;

    Arrival(RawHandle handle) {
      super(handle);
      this.handle = handle;
    }
  }

  // All guarded by this.
  private final Deque<Arrival> arrivals = new ArrayDeque<>();
  private boolean lost;
  private boolean closed;

  /** Makes one that is empty. */
  public PassedDescriptors() {}

  /**
   * Returns how many there are to be taken.
   *
   * @return what came and was not taken; 0 once this is closed
   */
  public synchronized int size() {
    return arrivals.size();
  }

  /** Makes something of a descriptor. */
  private interface Reading<T> {
    T of(Arrival arrival) throws IOException;
  }

  /**
   * Takes the first as a file: a pipe, a device or anything else that is neither a directory nor a
   * socket. What it may be used for is as it was opened. Blocks briefly, to look at it.
   *
   * @return the file, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if it is no file, or there is none left
   */
  public RingFile takeFile() throws IOException {
    return take(RingFile::of);
  }

  /**
   * Takes the first as a directory. Blocks briefly, to look at it.
   *
   * @return the directory, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if it is no directory, or there is none left
   */
  public RingDirectory takeDirectory() throws IOException {
    return take(RingDirectory::of);
  }

  /**
   * Takes the first as a stream socket, TCP or Unix. Does not block.
   *
   * @return the socket, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws IOException if it is something else, or there is none left
   */
  public RingSocket takeSocket() throws IOException {
    return take(
        arrival -> RingSocket.of(arrival.handle, SocketKind.STREAM.requireFamily(arrival.handle)));
  }

  /**
   * Takes the first as a socket that takes connections. Does not block.
   *
   * @return the listener, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws IOException if it is something else, or there is none left
   */
  public RingListener takeListener() throws IOException {
    return take(
        arrival ->
            RingListener.of(arrival.handle, SocketKind.LISTENER.requireFamily(arrival.handle)));
  }

  /**
   * Takes the first as a socket for datagrams, UDP or Unix. Does not block.
   *
   * @return the socket, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws IOException if it is something else, or there is none left
   */
  public RingDatagramSocket takeDatagramSocket() throws IOException {
    return take(
        arrival ->
            RingDatagramSocket.of(
                arrival.handle, SocketKind.DATAGRAM.requireFamily(arrival.handle)));
  }

  private <T> T take(Reading<T> reading) throws IOException {
    Arrival arrival = poll();
    try {
      return reading.of(arrival);
    } catch (IOException | RuntimeException | Error e) {
      putBack(arrival);
      throw e;
    }
  }

  private synchronized Arrival poll() throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    Arrival first = arrivals.poll();
    if (first == null) {
      throw new IOException("no descriptor is left: the peer passed no more");
    }
    return first;
  }

  private void putBack(Arrival arrival) {
    synchronized (this) {
      if (!closed) {
        arrivals.addFirst(arrival);
        return;
      }
    }
    discard(arrival);
  }

  /** Closes what was not taken. Closing again has no effect. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    for (Arrival arrival = next(); arrival != null; arrival = next()) {
      discard(arrival);
    }
  }

  private synchronized @Nullable Arrival next() {
    return arrivals.poll();
  }

  // ---- for those who receive -----------------------------------------------------------------

  synchronized void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the descriptors would have nowhere to go: it is closed");
    }
  }

  /** Hands the descriptors that came with a message to a taker; without one they are closed. */
  static void deliver(Message message, Engine ring, @Nullable PassedDescriptors taker) {
    if (taker != null && message.hasFlag(Constants.MSG_CTRUNC)) {
      taker.addLoss();
    }
    for (int fd : message.descriptors()) {
      if (taker != null) {
        taker.add(ring, fd);
      } else {
        Sockets.discard(ring, fd);
      }
    }
  }

  /** Takes charge of a descriptor that has come. */
  private void add(Engine ring, int fd) {
    boolean isDirect = (ring.inline().statusFlags(fd) & Constants.O_DIRECT) != 0;
    Arrival arrival = new Arrival(new RawHandle(fd, isDirect, ring));
    synchronized (this) {
      if (!closed) {
        arrivals.add(arrival);
        return;
      }
    }
    discard(arrival);
  }

  /** Notes that the kernel had more descriptors than it could deliver. */
  private synchronized void addLoss() {
    lost = true;
  }

  /**
   * Checks that nothing was lost.
   *
   * @param length how many bytes came
   */
  synchronized void requireAll(int length) throws DescriptorsLostException {
    if (lost) {
      lost = false;
      throw new DescriptorsLostException(length);
    }
  }

  private static void discard(Arrival arrival) {
    try {
      arrival.handle.close(Sockets::discard);
    } catch (IOException e) {
      throw new AssertionError("to discard does not fail", e);
    }
  }

  @Override
  public synchronized String toString() {
    return "PassedDescriptors[%s]".formatted(closed ? "closed" : arrivals.size());
  }
}
