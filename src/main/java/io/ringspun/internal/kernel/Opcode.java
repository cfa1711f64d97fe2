package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Opcode.Trait.CHANGES_SLOT;
import static io.ringspun.internal.kernel.Opcode.Trait.ENDS_WAIT;
import static io.ringspun.internal.kernel.Opcode.Trait.FILLS_SLOT;
import static io.ringspun.internal.kernel.Opcode.Trait.GIVES_NAME;
import static io.ringspun.internal.kernel.Opcode.Trait.KEEPS_LINK;
import static io.ringspun.internal.kernel.Opcode.Trait.LOCAL;
import static io.ringspun.internal.kernel.Opcode.Trait.MULTISHOT;
import static io.ringspun.internal.kernel.Opcode.Trait.OPENS;
import static io.ringspun.internal.kernel.Opcode.Trait.PEER;
import static io.ringspun.internal.kernel.Opcode.Trait.SPLICES;
import static io.ringspun.internal.kernel.Opcode.Trait.SYNCS;
import static io.ringspun.internal.kernel.Opcode.Trait.TRANSFERS;
import static io.ringspun.internal.kernel.Opcode.Trait.WAITS;
import static io.ringspun.internal.kernel.Opcode.Trait.WRITES;
import static io.ringspun.internal.kernel.Opcode.Trait.ZERO_IS_END;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The operations of io_uring, in the order of their {@code IORING_OP_} numbers, and what Ringspun
 * must know of each. Everything that depends on the opcode alone stands here.
 */
public enum Opcode {
  NOP("5.1", LOCAL),
  READV("5.1", TRANSFERS, ZERO_IS_END),
  WRITEV("5.1", TRANSFERS, WRITES),
  FSYNC("5.1", LOCAL, KEEPS_LINK, SYNCS),
  READ_FIXED("5.1", TRANSFERS, ZERO_IS_END),
  WRITE_FIXED("5.1", TRANSFERS, WRITES),
  POLL_ADD("5.1", WAITS, PEER),
  POLL_REMOVE("5.1", ENDS_WAIT),
  SYNC_FILE_RANGE("5.2", LOCAL, KEEPS_LINK, SYNCS),
  SENDMSG("5.3", WAITS, PEER),
  RECVMSG("5.3", WAITS, PEER),
  TIMEOUT("5.4", WAITS),
  TIMEOUT_REMOVE("5.5", ENDS_WAIT),
  ACCEPT("5.5", WAITS, PEER, OPENS, FILLS_SLOT, CHANGES_SLOT),
  ASYNC_CANCEL("5.5", ENDS_WAIT),
  LINK_TIMEOUT("5.5"),
  CONNECT("5.5", WAITS, PEER),
  FALLOCATE("5.6", LOCAL, KEEPS_LINK),
  OPENAT("5.6", OPENS, FILLS_SLOT, CHANGES_SLOT),
  CLOSE("5.6", ENDS_WAIT, CHANGES_SLOT),
  FILES_UPDATE("5.6"),
  STATX("5.6", LOCAL, KEEPS_LINK),
  READ("5.6", TRANSFERS, ZERO_IS_END),
  WRITE("5.6", TRANSFERS, WRITES),
  FADVISE("5.6", LOCAL),
  MADVISE("5.6", LOCAL, KEEPS_LINK),
  SEND("5.6", WAITS, PEER),
  RECV("5.6", WAITS, PEER, ZERO_IS_END),
  OPENAT2("5.6", OPENS, FILLS_SLOT, CHANGES_SLOT),
  EPOLL_CTL("5.6", LOCAL),
  SPLICE("5.7", PEER, ZERO_IS_END, SPLICES),
  PROVIDE_BUFFERS("5.7"),
  REMOVE_BUFFERS("5.7"),
  TEE("5.8", PEER, ZERO_IS_END, SPLICES),
  SHUTDOWN("5.11", ENDS_WAIT, PEER, KEEPS_LINK),
  RENAMEAT("5.11", LOCAL, KEEPS_LINK, GIVES_NAME),
  UNLINKAT("5.11", LOCAL, KEEPS_LINK),
  MKDIRAT("5.15", LOCAL, KEEPS_LINK),
  SYMLINKAT("5.15", LOCAL, KEEPS_LINK),
  LINKAT("5.15", LOCAL, KEEPS_LINK, GIVES_NAME),
  MSG_RING("5.18"),
  FSETXATTR("5.19", LOCAL, KEEPS_LINK),
  SETXATTR("5.19", LOCAL, KEEPS_LINK),
  FGETXATTR("5.19", LOCAL, KEEPS_LINK),
  GETXATTR("5.19", LOCAL, KEEPS_LINK),
  SOCKET("5.19", OPENS, FILLS_SLOT, CHANGES_SLOT),
  URING_CMD("5.19"),
  SEND_ZC("6.0", WAITS, PEER),
  SENDMSG_ZC("6.1", WAITS, PEER),
  READ_MULTISHOT("6.7", MULTISHOT),
  WAITID("6.7", WAITS),
  FUTEX_WAIT("6.7", WAITS, KEEPS_LINK), // when it is cancelled
  FUTEX_WAKE("6.7"),
  FUTEX_WAITV("6.7", WAITS, KEEPS_LINK),
  FIXED_FD_INSTALL("6.8"),
  FTRUNCATE("6.9", LOCAL, KEEPS_LINK),
  BIND("6.11"),
  LISTEN("6.11"),
  RECV_ZC("6.15", MULTISHOT),
  EPOLL_WAIT("6.15", WAITS),
  READV_FIXED("6.15", TRANSFERS, ZERO_IS_END),
  WRITEV_FIXED("6.15", TRANSFERS, WRITES),
  PIPE("6.16");

  /** The kind of an operation, where the library distinguishes kinds. */
  public enum Trait {
    /** It may wait indefinitely, whatever descriptor it works on. */
    WAITS,

    /** It ends indefinite waits, so it must never be queued behind one. */
    ENDS_WAIT,

    /** It always completes without a peer, whatever descriptor it works on. */
    LOCAL,

    /**
     * It moves bytes of a descriptor: whether it may wait indefinitely depends on the descriptor.
     */
    TRANSFERS,

    /** A transfer that writes. */
    WRITES,

    /** Its errors are about a peer, and not about data that may be lost. */
    PEER,

    /** A result of 0 says that nothing more will come. */
    ZERO_IS_END,

    /**
     * Its failure does not break the link to the next operation of a chain: the kernel does not
     * mark such a request as failed.
     */
    KEEPS_LINK,

    /** Its result is a new descriptor of the process, unless it fills a slot. */
    OPENS,

    /** It can put what it opens into a slot of the ring's table. */
    FILLS_SLOT,

    /** It can fill or empty a slot of the ring's table. */
    CHANGES_SLOT,

    /** It reports data of earlier writes that the kernel has dropped. */
    SYNCS,

    /** It moves bytes from a second descriptor. */
    SPLICES,

    /** It gives a file a name in a second directory. */
    GIVES_NAME,

    /** It completes many times, whatever its flags. */
    MULTISHOT
  }

  private static final Opcode[] VALUES = values();

  private final String since;

  @SuppressWarnings("ImmutableEnumChecker") // nothing changes it after the constructor
  private final Set<Trait> traits;

  Opcode(String since, Trait... traits) {
    this.since = since;
    this.traits = EnumSet.noneOf(Trait.class);
    this.traits.addAll(Arrays.asList(traits));
  }

  /** Returns the operation of a number, or null if that is not known here. */
  public static @Nullable Opcode of(int number) {
    return number >= 0 && number < VALUES.length ? VALUES[number] : null;
  }

  /** Returns the operation of a name without the prefix {@code IORING_OP_}, or null. */
  public static @Nullable Opcode named(String name) {
    for (Opcode opcode : VALUES) {
      if (opcode.name().equals(name)) {
        return opcode;
      }
    }
    return null;
  }

  /** Returns whether an operation is known here and has a trait. */
  public static boolean has(int number, Trait trait) {
    Opcode opcode = of(number);
    return opcode != null && opcode.has(trait);
  }

  /** Returns how messages call an operation: by its name, or by its number if it is unknown. */
  public static String describe(int number) {
    Opcode opcode = of(number);
    return opcode != null ? opcode.name().toLowerCase(Locale.ROOT) : "opcode_" + number;
  }

  /** Returns how many operations are known here. */
  public static int count() {
    return VALUES.length;
  }

  /** Returns the {@code IORING_OP_} number. */
  @SuppressWarnings("EnumOrdinal") // the constants stand in the order of their numbers
  public int number() {
    return ordinal();
  }

  /** Returns the first Linux version that supports it. */
  public String since() {
    return since;
  }

  /** Returns whether the operation has a trait. */
  public boolean has(Trait trait) {
    return traits.contains(trait);
  }
}
