package io.ringspun.net;

/**
 * What can be asked when a socket is opened.
 *
 * @since 0.1
 */
public enum SocketOpenOption {
  /**
   * Put the socket into a slot of the ring's own table and give it no descriptor in the process
   * ({@code IORING_OP_SOCKET} and {@code ACCEPT} with {@code IORING_FILE_INDEX_ALLOC}, Linux 5.19).
   * It does not count against the limit of open files, and the kernel need not look up and count a
   * descriptor at each operation. The sockets that a registered listener accepts are registered
   * too. The kernel chooses the slot, which is free again once the socket is closed.
   *
   * <p>The ring must have such a table: {@link io.ringspun.RingOptions#withRegisteredFiles}. All
   * operations on the socket go to that ring, also those of threads that another ring carries. The
   * socket ends with the ring.
   *
   * <p>What has no operation in the kernel is done on a descriptor that is made for the moment
   * ({@code IORING_OP_FIXED_FD_INSTALL}, Linux 6.8; without it, EINVAL): to tell addresses, to tell
   * options that not all kinds of sockets have; before Linux 6.11 to bind and to listen, and before
   * 6.7 to set and tell any option.
   */
  REGISTERED;

  static boolean isRegistered(SocketOpenOption[] options) {
    for (SocketOpenOption option : options) {
      if (option == REGISTERED) {
        return true;
      }
    }
    return false;
  }
}
