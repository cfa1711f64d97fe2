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
 * Open files and sockets that a peer has passed over a Unix socket, in order of arrival. The caller
 * takes each as the type that it expects; those not taken are closed with this object:
 *
 * {@snippet :
 * try (PassedDescriptors passed = new PassedDescriptors()) {
 *   socket.read(buffer, passed);
 *   RingListener listener = passed.takeListener();
 *   RingFile log = passed.takeFile();
 * }
 * }
 *
 * <p>Files and sockets taken run on the ring that received them. Their calls block even if the
 * descriptor is in non-blocking mode. If the first descriptor is of another type than the method
 * expects, it stays the first. Do not trust the peer: it may pass any file, even one whose reads
 * never return.
 *
 * <p>Safe for use by multiple concurrent threads. Closing this object while a call receives closes
 * the descriptors that arrive.
 *
 * @since 0.1
 */
public final class PassedDescriptors implements AutoCloseable {
  /** A descriptor of unknown type. */
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

  /** Creates an empty object. */
  public PassedDescriptors() {}

  /**
   * Returns how many descriptors can be taken.
   *
   * @return the number received and not yet taken; 0 once this is closed
   */
  public synchronized int size() {
    return arrivals.size();
  }

  /** Converts a descriptor to a type. */
  private interface Reading<T> {
    T of(Arrival arrival) throws IOException;
  }

  /**
   * Takes the first descriptor as a file: a pipe, a device or anything else that is neither a
   * directory nor a socket. Its access mode is that with which it was opened. Blocks briefly to
   * query its type.
   *
   * @return the file, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if it is not a file, or no descriptor is left
   */
  public RingFile takeFile() throws IOException {
    return take(RingFile::of);
  }

  /**
   * Takes the first descriptor as a directory. Blocks briefly to query its type.
   *
   * @return the directory, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if it is not a directory, or no descriptor is left
   */
  public RingDirectory takeDirectory() throws IOException {
    return take(RingDirectory::of);
  }

  /**
   * Takes the first descriptor as a stream socket, TCP or Unix. Does not block.
   *
   * @return the socket, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws IOException if it is of another type, or no descriptor is left
   */
  public RingSocket takeSocket() throws IOException {
    return take(
        arrival -> RingSocket.of(arrival.handle, SocketKind.STREAM.requireFamily(arrival.handle)));
  }

  /**
   * Takes the first descriptor as a listening socket. Does not block.
   *
   * @return the listener, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws IOException if it is of another type, or no descriptor is left
   */
  public RingListener takeListener() throws IOException {
    return take(
        arrival ->
            RingListener.of(arrival.handle, SocketKind.LISTENER.requireFamily(arrival.handle)));
  }

  /**
   * Takes the first descriptor as a datagram socket, UDP or Unix. Does not block.
   *
   * @return the socket, for the caller to close
   * @throws ClosedChannelException if this is closed
   * @throws IOException if it is of another type, or no descriptor is left
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

  /** Closes the descriptors that were not taken. Closing again has no effect. */
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

  // ---- for receiving calls -------------------------------------------------------------------

  synchronized void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the PassedDescriptors object for the descriptors is closed");
    }
  }

  /** Adds the descriptors of a message to a taker, or closes them if there is none. */
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

  /** Takes ownership of a received descriptor. */
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

  /** Records that the kernel could not deliver all descriptors. */
  private synchronized void addLoss() {
    lost = true;
  }

  /**
   * Checks that nothing was lost.
   *
   * @param length the number of bytes received
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
      throw new AssertionError("closing an unused descriptor does not fail", e);
    }
  }

  @Override
  public synchronized String toString() {
    return "PassedDescriptors[%s]".formatted(closed ? "closed" : arrivals.size());
  }
}
