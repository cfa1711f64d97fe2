package io.ringspun.internal.net;

import io.ringspun.OperationException;
import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;

/** The exceptions that {@link java.net} has for errors of sockets. */
public final class NetErrors {
  private NetErrors() {}

  /** Returns the result of an operation. */
  public static int check(String operation, int result) throws IOException {
    if (result < 0) {
      throw of(operation, -result);
    }
    return result;
  }

  /** Returns the result of setting or asking for an option. */
  public static int check(String operation, String option, int result) throws IOException {
    if (result < 0) {
      throw of(new OperationException(operation, -result, "the option is " + option));
    }
    return result;
  }

  /** Translates a failure; the kernel's words are in the message, and its number in the cause. */
  public static IOException of(String operation, int errno) {
    return of(new OperationException(operation, errno));
  }

  private static IOException of(OperationException plain) {
    String operation = plain.operation();
    IOException specific =
        switch (plain.errno()) {
          case Errno.ECONNREFUSED -> new ConnectException(plain.getMessage());
          case Errno.ETIMEDOUT ->
              operation.equals("connect") ? new ConnectException(plain.getMessage()) : plain;
          case Errno.EHOSTUNREACH -> new NoRouteToHostException(plain.getMessage());
          case Errno.EADDRINUSE, Errno.EADDRNOTAVAIL -> new BindException(plain.getMessage());
          case Errno.EACCES ->
              operation.equals("bind") ? new BindException(plain.getMessage()) : plain;
          default -> plain;
        };
    if (specific != plain) {
      specific.initCause(plain);
    }
    return specific;
  }
}
