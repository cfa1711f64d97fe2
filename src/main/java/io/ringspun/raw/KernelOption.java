package io.ringspun.raw;

import java.net.SocketOption;

/**
 * An option of sockets by its numbers, whose value is a C {@code int}: for those that Java does not
 * name, such as {@code SO_PASSCRED} or {@code IP_RECVTOS}.
 *
 * @param name for messages
 * @param level as {@code setsockopt(2)} takes it, such as {@code SOL_SOCKET}
 * @param number as {@code setsockopt(2)} takes it
 * @since 0.1
 */
public record KernelOption(String name, int level, int number) implements SocketOption<Integer> {
  @Override
  public Class<Integer> type() {
    return Integer.class;
  }
}
