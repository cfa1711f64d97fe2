package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * What a multishot {@code recvmsg} leaves in a buffer: {@code struct io_uring_recvmsg_out}, then
 * room for the sender's address and for ancillary data, as much as was asked for however much came,
 * then the message. A buffer may begin at any address.
 *
 * <pre>| namelen 4 | controllen 4 | payloadlen 4 | flags 4 | name | control | payload |</pre>
 */
public final class ReceivedMessage {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_INT.withName("namelen"),
          JAVA_INT.withName("controllen"),
          JAVA_INT.withName("payloadlen"),
          JAVA_INT.withName("flags"));

  /** Its size, which is where the name begins. */
  public static final int SIZE_BYTES = 16;

  private ReceivedMessage() {}

  /** Returns the length of the sender's address. */
  public static int nameLength(MemorySegment message) {
    return message.get(JAVA_INT_UNALIGNED, 0);
  }

  /** Returns the length of the ancillary data. */
  public static int controlLength(MemorySegment message) {
    return message.get(JAVA_INT_UNALIGNED, 4);
  }

  /** Returns the {@code MSG_} flags. */
  public static int flags(MemorySegment message) {
    return message.get(JAVA_INT_UNALIGNED, 12);
  }
}
