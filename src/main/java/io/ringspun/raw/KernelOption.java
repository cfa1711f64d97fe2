package io.ringspun.raw;

import java.net.SocketOption;

/**
 * A socket option given by its numbers, whose value is a C {@code int}, for options that Java does
 * not define, such as {@code SO_PASSCRED} or {@code IP_RECVTOS}. The {@code setOption} and {@code
 * getOption} methods of {@link io.ringspun.net.RingSocket} and the other sockets accept it.
 *
 * @param name the name for messages
 * @param level the level as in {@code setsockopt(2)}, for example {@code SOL_SOCKET}
 * @param number the option name as in {@code setsockopt(2)}
 * @since 0.1
 */
public record KernelOption(String name, int level, int number) implements SocketOption<Integer> {
  @Override
  public Class<Integer> type() {
    return Integer.class;
  }
}
