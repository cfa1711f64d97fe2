package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** {@code struct msghdr}: what {@code sendmsg} and {@code recvmsg} transfer. */
public final class MessageHeader {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_LONG.withName("msg_name"),
          JAVA_INT.withName("msg_namelen"),
          paddingLayout(4),
          JAVA_LONG.withName("msg_iov"),
          JAVA_LONG.withName("msg_iovlen"),
          JAVA_LONG.withName("msg_control"),
          JAVA_LONG.withName("msg_controllen"),
          JAVA_INT.withName("msg_flags"),
          paddingLayout(4));

  /** Its size. */
  public static final long SIZE_BYTES = LAYOUT.byteSize();

  private static final long NAME = offset("msg_name");
  private static final long NAME_LENGTH = offset("msg_namelen");
  private static final long VECTOR = offset("msg_iov");
  private static final long VECTOR_LENGTH = offset("msg_iovlen");
  private static final long CONTROL = offset("msg_control");
  private static final long CONTROL_LENGTH = offset("msg_controllen");
  private static final long FLAGS = offset("msg_flags");

  private MessageHeader() {}

  private static long offset(String field) {
    return LAYOUT.byteOffset(groupElement(field));
  }

  /**
   * Fills one.
   *
   * @param name the peer's address, or where it goes, or 0
   * @param vector an array of {@code struct iovec}
   * @param control ancillary data, or where it goes, or 0
   */
  public static void put(
      MemorySegment header,
      long name,
      int nameLength,
      long vector,
      long vectorLength,
      long control,
      long controlLength) {
    header.set(JAVA_LONG, NAME, name);
    header.set(JAVA_INT, NAME_LENGTH, nameLength);
    header.set(JAVA_LONG, VECTOR, vector);
    header.set(JAVA_LONG, VECTOR_LENGTH, vectorLength);
    header.set(JAVA_LONG, CONTROL, control);
    header.set(JAVA_LONG, CONTROL_LENGTH, controlLength);
    header.set(JAVA_INT, FLAGS, 0);
  }

  /** Returns the length of the peer's address after {@code recvmsg}. */
  public static int nameLength(MemorySegment header) {
    return header.get(JAVA_INT, NAME_LENGTH);
  }

  /** Returns the length of the ancillary data after {@code recvmsg}. */
  public static long controlLength(MemorySegment header) {
    return header.get(JAVA_LONG, CONTROL_LENGTH);
  }

  /** Returns the {@code MSG_} flags after {@code recvmsg}. */
  public static int flags(MemorySegment header) {
    return header.get(JAVA_INT, FLAGS);
  }
}
