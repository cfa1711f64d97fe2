package io.ringspun.raw;

import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.Opcode;
import java.util.BitSet;
import java.util.List;

/**
 * A set of operations that the kernel accepts from a ring; see {@link RingOptions#withRestriction}.
 * Immutable.
 *
 * <p>The operations that a ring itself needs are always allowed: {@code NOP}; {@code READ}, by
 * which other threads wake it; {@code ASYNC_CANCEL} and {@code LINK_TIMEOUT}, which end operations;
 * and {@code CLOSE}.
 *
 * @since 0.1
 */
public final class RingRestriction {
  private static final List<String> ALWAYS =
      List.of("NOP", "READ", "ASYNC_CANCEL", "LINK_TIMEOUT", "CLOSE");

  /** Files and directories, without sockets, splices and messages to other rings. */
  public static final RingRestriction FILES =
      of(
          "files",
          "READV WRITEV FSYNC READ_FIXED WRITE_FIXED SYNC_FILE_RANGE FALLOCATE OPENAT STATX WRITE",
          "FADVISE OPENAT2 RENAMEAT UNLINKAT MKDIRAT SYMLINKAT LINKAT FSETXATTR SETXATTR FGETXATTR",
          "GETXATTR FIXED_FD_INSTALL FTRUNCATE READV_FIXED WRITEV_FIXED");

  /** Sockets, polls and timers, without files opened by path. */
  public static final RingRestriction SOCKETS =
      of(
          "sockets",
          "POLL_ADD POLL_REMOVE SENDMSG RECVMSG TIMEOUT TIMEOUT_REMOVE ACCEPT CONNECT SEND RECV",
          "SHUTDOWN SOCKET URING_CMD SEND_ZC SENDMSG_ZC FIXED_FD_INSTALL BIND LISTEN");

  private final String name;
  private final BitSet operations = new BitSet(); // not modified after construction

  private RingRestriction(String name) {
    this.name = name;
  }

  private static RingRestriction of(String name, String... lists) {
    return to(name, String.join(" ", lists).split(" "));
  }

  /**
   * Returns a restriction to some operations.
   *
   * @param name the name for exception messages
   * @param operations {@code IORING_OP_} names without that prefix; those that the kernel does not
   *     support are ignored
   * @return the restriction
   * @throws IllegalArgumentException if a name is unknown
   */
  public static RingRestriction to(String name, String... operations) {
    RingRestriction restriction = new RingRestriction(name);
    for (String operation : operations) {
      restriction.allow(operation);
    }
    ALWAYS.forEach(restriction::allow);
    return restriction;
  }

  private void allow(String operation) {
    Opcode opcode = Opcode.named(operation);
    if (opcode == null) {
      throw new IllegalArgumentException("there is no IORING_OP_" + operation);
    }
    operations.set(opcode.number());
  }

  /**
   * Returns the name that exception messages use.
   *
   * @return the name, as given to {@link #to}
   */
  public String name() {
    return name;
  }

  /**
   * Returns the operations that the kernel accepts.
   *
   * @return a new set of {@code IORING_OP_} numbers
   */
  public BitSet operations() {
    return (BitSet) operations.clone();
  }

  @Override
  public String toString() {
    return name;
  }
}
