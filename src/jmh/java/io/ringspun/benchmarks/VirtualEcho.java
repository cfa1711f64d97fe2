package io.ringspun.benchmarks;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.util.concurrent.ThreadFactory;

/** An echo server in this process, with a virtual thread for each connection. */
interface VirtualEcho extends AutoCloseable {
  /** The most bytes of a message. */
  int BYTES = 64;

  /** Returns a factory of threads of the scheduler that the server's threads have. */
  ThreadFactory threads();

  InetSocketAddress address() throws IOException;

  @Override
  void close() throws IOException;

  /**
   * Opens a server of JDK sockets on the default scheduler.
   *
   * @param work done for each message
   */
  static VirtualEcho ofJdk(Runnable work) throws IOException {
    return new OfJdk(work);
  }

  /**
   * Opens a server of {@link RingSocket}s.
   *
   * @param group of the connections, closed with the server
   * @param acceptor starts the thread that accepts, which starts the threads of the connections
   * @param threads starts those
   * @param work done for each message
   */
  static VirtualEcho ofRings(RingGroup group, Starter acceptor, Starter threads, Runnable work)
      throws IOException {
    return new OfRings(group, acceptor, threads, work);
  }

  /** See {@link #ofJdk}. */
  final class OfJdk implements VirtualEcho {
    private final ServerSocket listener =
        new ServerSocket(0, 512, InetAddress.getLoopbackAddress());
    private final Runnable work;

    private OfJdk(Runnable work) throws IOException {
      this.work = work;
      threads().newThread(this::accept).start();
    }

    private void accept() {
      try {
        while (true) {
          Socket socket = listener.accept();
          socket.setTcpNoDelay(true);
          threads().newThread(() -> echo(socket)).start();
        }
      } catch (IOException _) {
        // closed
      }
    }

    private void echo(Socket socket) {
      byte[] buffer = new byte[BYTES];
      try (socket) {
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
          work.run();
          out.write(buffer, 0, n);
        }
      } catch (IOException _) {
        // closed
      }
    }

    @Override
    public ThreadFactory threads() {
      return Thread.ofVirtual().factory();
    }

    @Override
    public InetSocketAddress address() {
      return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  /** See {@link #ofRings}. */
  final class OfRings implements VirtualEcho {
    private final RingGroup group;
    private final Starter threads;
    private final Runnable work;
    private final RingListener listener;

    private OfRings(RingGroup group, Starter acceptor, Starter threads, Runnable work)
        throws IOException {
      this.group = group;
      this.threads = threads;
      this.work = work;
      Ring first = group.rings().getFirst();
      if (!first.carriesVirtualThreads()) {
        throw new IllegalStateException("rings carry no virtual threads here");
      }
      listener = RingListener.open(first, StandardProtocolFamily.INET);
      listener.bindTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 512);
      acceptor.start(this::accept);
    }

    private void accept() {
      try {
        while (true) {
          RingSocket socket = listener.accept();
          socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
          threads.start(() -> echo(socket));
        }
      } catch (IOException _) {
        // closed
      }
    }

    private void echo(RingSocket socket) {
      try (socket;
          Arena arena = Arena.ofConfined()) {
        ByteBuffer buffer = arena.allocate(BYTES).asByteBuffer();
        while (socket.read(buffer.clear()) > 0) {
          work.run();
          socket.writeFully(buffer.flip());
        }
      } catch (IOException _) {
        // closed
      }
    }

    @Override
    public ThreadFactory threads() {
      return group.threadFactory();
    }

    @Override
    public InetSocketAddress address() throws IOException {
      return (InetSocketAddress) listener.localAddress();
    }

    @Override
    public void close() throws IOException {
      listener.close();
      group.close();
    }
  }
}
