package io.ringspun.net;

/**
 * Options for opening a {@link RingSocket}, {@link RingListener} or {@link RingDatagramSocket}.
 *
 * @since 0.1
 */
public enum SocketOpenOption {
  /**
   * Register the socket with the ring instead of giving it a descriptor in the process ({@code
   * IORING_OP_SOCKET} and {@code ACCEPT} with {@code IORING_FILE_INDEX_ALLOC}, Linux 5.19). It does
   * not count against the limit on open files, and the kernel need not look up a descriptor and
   * count references for each operation. Sockets that a registered listener accepts are registered,
   * too. The kernel chooses a slot in the ring's table, which is freed when the socket is closed.
   *
   * <p>The ring must have a table of registered files: {@link
   * io.ringspun.RingOptions#withRegisteredFiles}. All operations on the socket run on that ring,
   * even those of threads that another ring carries. Closing the ring closes the socket.
   *
   * <p>Calls without an io_uring operation use a temporary descriptor ({@code
   * IORING_OP_FIXED_FD_INSTALL}, Linux 6.8; before, they fail with {@code EINVAL}): getting
   * addresses, getting options of other levels than {@code SOL_SOCKET}, binding and listening
   * before Linux 6.11, and all options before 6.7.
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
