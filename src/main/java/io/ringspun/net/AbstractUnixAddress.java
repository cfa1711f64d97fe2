package io.ringspun.net;

import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * An address of a Unix socket in the abstract namespace. It is not a file, and it ceases to exist
 * with the last socket that is bound to it (see unix(7)). Immutable.
 *
 * @since 0.1
 */
public final class AbstractUnixAddress extends SocketAddress {
  private static final long serialVersionUID = 1L;

  private static final int MAX_BYTES = 107;

  /** The name without the kernel's leading NUL byte. */
  private final byte[] name;

  private AbstractUnixAddress(byte[] name) {
    if (name.length > MAX_BYTES) {
      throw new IllegalArgumentException(
          "an abstract name must have at most %d bytes: %d".formatted(MAX_BYTES, name.length));
    }
    this.name = name;
  }

  /**
   * Returns the address with a name in UTF-8.
   *
   * @param name at most 107 bytes in UTF-8
   * @return the address
   * @throws IllegalArgumentException if the name is longer
   */
  public static AbstractUnixAddress of(String name) {
    return new AbstractUnixAddress(name.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Returns the address with a name of arbitrary bytes.
   *
   * @param name at most 107 bytes, without the kernel's leading NUL byte; copied
   * @return the address
   * @throws IllegalArgumentException if the name is longer
   */
  public static AbstractUnixAddress of(byte[] name) {
    return new AbstractUnixAddress(name.clone());
  }

  /**
   * Returns the name as a string.
   *
   * @return the name without the kernel's leading NUL byte; bytes that are not valid UTF-8 are
   *     replaced, see {@link #bytes}
   */
  public String name() {
    return new String(name, StandardCharsets.UTF_8);
  }

  /**
   * Returns the bytes of the name.
   *
   * @return a copy, without the kernel's leading NUL byte
   */
  public byte[] bytes() {
    return name.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof AbstractUnixAddress address && Arrays.equals(address.name, name);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(name);
  }

  /** Returns the name with the conventional prefix {@code @}. */
  @Override
  public String toString() {
    return "@" + name();
  }
}
