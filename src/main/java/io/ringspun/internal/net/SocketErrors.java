package io.ringspun.internal.net;

import io.ringspun.OperationException;
import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.security.Security;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Failures as the JDK's sockets report them: all are {@link SocketException}s, with messages that
 * programs are known to look at. What the ring said is the cause.
 */
public final class SocketErrors {
  private SocketErrors() {}

  /**
   * Translates a failure.
   *
   * @param closed whether the socket was closed meanwhile, which is then the reason
   */
  public static SocketException of(IOException failure, boolean closed) {
    if (closed) {
      return caused(new SocketException("Socket closed"), failure);
    }
    OperationException refusal = refusal(failure);
    if (refusal == null) {
      return failure instanceof SocketException same
          ? same
          : caused(new SocketException(failure.getMessage()), failure);
    }
    String text = Errno.text(refusal.errno());
    SocketException translated =
        switch (failure) {
          case NoRouteToHostException _ -> new NoRouteToHostException(text);
          case ConnectException _ -> new ConnectException(text);
          case BindException _ -> new BindException(text);
          default -> new SocketException(text);
        };
    return caused(translated, failure);
  }

  /**
   * Adds the peer's address to the message of a failure to connect, as the JDK does, if the
   * property {@code jdk.includeInExceptions} has {@code hostInfo}.
   */
  public static IOException withHost(IOException failure, SocketAddress remote) {
    if (!includesHosts()) {
      return failure;
    }
    String text = failure.getMessage() + ": " + remote;
    return switch (failure) {
      case NoRouteToHostException _ -> caused(new NoRouteToHostException(text), failure);
      case ConnectException _ -> caused(new ConnectException(text), failure);
      case BindException _ -> caused(new BindException(text), failure);
      case SocketTimeoutException _ -> caused(new SocketTimeoutException(text), failure);
      case SocketException _ -> caused(new SocketException(text), failure);
      default -> failure; // one whose type takes no message, or not an address's
    };
  }

  private static boolean includesHosts() {
    String name = "jdk.includeInExceptions";
    String included = System.getProperty(name, Security.getProperty(name));
    return included != null
        && Arrays.stream(included.split(",", -1))
            .anyMatch(category -> category.trim().equalsIgnoreCase("hostInfo"));
  }

  public static SocketTimeoutException timeout(String message, IOException cause) {
    return caused(new SocketTimeoutException(message), cause);
  }

  private static <T extends IOException> T caused(T exception, IOException cause) {
    exception.initCause(cause);
    return exception;
  }

  /** Returns whether the kernel refused for this reason. */
  public static boolean isErrno(IOException failure, int errno) {
    OperationException refusal = refusal(failure);
    return refusal != null && refusal.errno() == errno;
  }

  private static @Nullable OperationException refusal(IOException failure) {
    if (failure instanceof OperationException refusal) {
      return refusal;
    }
    return failure.getCause() instanceof OperationException refusal ? refusal : null;
  }
}
