package io.ringspun.internal.net;

import io.ringspun.internal.kernel.Constants;
import org.jspecify.annotations.Nullable;

/** The address family of a socket. */
public enum Family {
  INET(Constants.AF_INET),
  /** Sockets of this family talk to IPv4 peers too, as mapped addresses. */
  INET6(Constants.AF_INET6),
  UNIX(Constants.AF_UNIX);

  private final int number;

  Family(int number) {
    this.number = number;
  }

  /** Returns whether a socket with this {@code AF_} number is of one of these families. */
  public static boolean isKnown(int number) {
    return of(number) != null;
  }

  /** Returns the family with this {@code AF_} number, or null. */
  public static @Nullable Family of(int number) {
    return switch (number) {
      case Constants.AF_INET -> INET;
      case Constants.AF_INET6 -> INET6;
      case Constants.AF_UNIX -> UNIX;
      default -> null;
    };
  }

  /** Returns the {@code AF_} number. */
  public int number() {
    return number;
  }
}
