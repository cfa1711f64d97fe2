package io.ringspun.net;

import io.ringspun.OperationException;
import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Failures as the JDK's sockets report them: all are {@link SocketException}s, with messages that
 * programs are known to look at. What the ring said is the cause.
 */
final class SocketErrors {
  private SocketErrors() {}

  /**
   * Translates a failure.
   *
   * @param closed whether the socket was closed meanwhile, which is then the reason
   */
  static SocketException of(IOException failure, boolean closed) {
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

  static SocketTimeoutException timeout(String message, IOException cause) {
    return caused(new SocketTimeoutException(message), cause);
  }

  private static <T extends IOException> T caused(T exception, IOException cause) {
    exception.initCause(cause);
    return exception;
  }

  /** Returns whether the kernel refused for this reason. */
  static boolean isErrno(IOException failure, int errno) {
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
