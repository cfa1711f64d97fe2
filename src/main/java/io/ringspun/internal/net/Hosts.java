package io.ringspun.internal.net;

import io.ringspun.OperationTimeoutException;
import io.ringspun.internal.ring.BlockingTask;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Offload;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Hosts by name. */
public final class Hosts {
  private Hosts() {}

  /** Connects to one address of a host. */
  public interface Connector<T> {
    /** Connects within a time limit in nanoseconds, or 0 for none. */
    T connect(InetSocketAddress remote, long nanos) throws IOException;
  }

  /** Connects to the first address of a host that answers. */
  public static <T> T connect(
      Engine home, String host, int port, long limitNanos, Connector<T> connector)
      throws IOException {
    if (port < 0 || port > 0xffff) {
      throw new IllegalArgumentException("the port is out of range: " + port);
    }
    Deadline deadline = Deadline.after(limitNanos);
    InetAddress[] addresses = resolve(home, host, deadline);
    IOException failure = null;
    for (int i = 0; i < addresses.length; i++) {
      long left = deadline.left(home);
      long share = left == 0 ? 0 : Math.max(1, left / (addresses.length - i));
      try {
        return connector.connect(new InetSocketAddress(addresses[i], port), share);
      } catch (IOException e) {
        failure = join(failure, e);
        if (!concernsTheAddress(e)) {
          throw failure;
        }
      }
    }
    assert failure != null : "a name that is known has an address";
    throw deadline.hasPassed() ? join(home.timedOut(limitNanos), failure) : failure;
  }

  private static IOException join(@Nullable IOException first, IOException next) {
    if (first == null) {
      return next;
    }
    first.addSuppressed(next);
    return first;
  }

  private static boolean concernsTheAddress(IOException e) {
    return switch (e) {
      case OperationTimeoutException _ -> true;
      case InterruptedIOException _, ClosedChannelException _ -> false;
      default -> true;
    };
  }

  /** Returns the address of a host by its name; looking it up may wait. */
  public static InetSocketAddress address(String host, int port) throws IOException {
    return BlockingTask.run(() -> new InetSocketAddress(host, port));
  }

  /** Returns an address of this machine; looking it up may wait. */
  public static InetAddress local() throws IOException {
    return BlockingTask.run(InetAddress::getLocalHost);
  }

  private static InetAddress[] resolve(Engine home, String host, Deadline deadline)
      throws IOException {
    home.requireUsable();
    Offload<InetAddress[]> lookup = Offload.start(() -> InetAddress.getAllByName(host));
    if (!lookup.await(deadline.left(home))) {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted; the name was not known yet: " + host);
      }
      throw home.timedOut(deadline.limitNanos());
    }
    if (lookup.state() == Future.State.SUCCESS) {
      return lookup.resultNow();
    }
    throw lookup.exceptionNow() instanceof UnknownHostException unknown
        ? unknown
        : new IOException("the name could not be looked up: " + host, lookup.exceptionNow());
  }
}
