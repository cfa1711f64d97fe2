package io.ringspun.net;

import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;

/**
 * A name of a Unix socket in the abstract namespace, which is no file and is gone with the last
 * socket that has it (see unix(7)). Immutable.
 *
 * @since 0.1
 */
public final class AbstractUnixAddress extends SocketAddress {
  private static final long serialVersionUID = 1L;

  private static final int MAX_BYTES = 107;

  /** The name in UTF-8, without the zero that comes before it in the kernel. */
  private final String name;

  private AbstractUnixAddress(String name) {
    this.name = name;
  }

  /**
   * Returns an address.
   *
   * @param name any text, at most 107 bytes in UTF-8
   * @return the address
   * @throws IllegalArgumentException if the name is longer
   */
  public static AbstractUnixAddress of(String name) {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (length > MAX_BYTES) {
      throw new IllegalArgumentException(
          "an abstract name has at most %d bytes: %d".formatted(MAX_BYTES, length));
    }
    return new AbstractUnixAddress(name);
  }

  /**
   * Returns the name.
   *
   * @return as it was given, without the kernel's leading zero
   */
  public String name() {
    return name;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AbstractUnixAddress address && address.name.equals(name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  /** Returns the name behind an {@code @}, as other tools write it. */
  @Override
  public String toString() {
    return "@" + name;
  }
}
