package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.Descriptor;
import io.ringspun.internal.kernel.ControlMemory;
import io.ringspun.internal.kernel.MessageHeader;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.LentVector;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One message with all that goes with its bytes, for {@code sendmsg} or {@code recvmsg}: an address
 * and control messages. Used by one thread, once, then closed.
 *
 * <pre>| header | address | control | vector |</pre>
 */
final class Message implements AutoCloseable {
  /** Enough for 253 descriptors, which is as many as the kernel passes at once. */
  private static final long CONTROL_MAX = 2048;

  private static final long ADDRESS = MessageHeader.SIZE_BYTES;
  private static final long CONTROL = ADDRESS + SocketAddressMemory.MAX_BYTES;

  private final SocketDescriptor socket;
  private final LentVector vector;
  private final boolean fills;
  private List<RawHandle> passed = List.of();
  private long controlBytes;
  private int addressBytes;

  private Message(SocketDescriptor socket, MemorySegment bytes, boolean fills) {
    this.socket = socket;
    this.fills = fills;
    vector = LentVector.of(new MemorySegment[] {bytes}, fills, CONTROL + CONTROL_MAX);
  }

  /** Begins a message to be received. */
  static Message toReceive(SocketDescriptor socket, MemorySegment target) {
    Message message = new Message(socket, target, true);
    message.addressBytes = SocketAddressMemory.MAX_BYTES;
    message.controlBytes = CONTROL_MAX;
    return message;
  }

  /** Begins a message to be sent. */
  static Message toSend(SocketDescriptor socket, MemorySegment source) {
    return new Message(socket, source, false);
  }

  private MemorySegment address() {
    return vector.prefix().asSlice(ADDRESS, SocketAddressMemory.MAX_BYTES);
  }

  private MemorySegment control() {
    return vector.prefix().asSlice(CONTROL, CONTROL_MAX);
  }

  /** Says where it goes. */
  void to(SocketAddress target) {
    addressBytes = Addresses.put(address(), target, socket.family());
  }

  /**
   * Adds a control message.
   *
   * @throws IllegalArgumentException if there is no room for it
   */
  void add(int level, int type, byte[] data) {
    if (controlBytes + ControlMemory.space(data.length) > CONTROL_MAX) {
      throw new IllegalArgumentException(
          "there is room for %d bytes of control messages".formatted(CONTROL_MAX));
    }
    controlBytes = ControlMemory.put(control(), controlBytes, level, type, data);
  }

  /**
   * Passes descriptors along, which stay open until this is closed.
   *
   * @throws IllegalArgumentException if they are too many, or one has no number
   * @throws java.nio.channels.ClosedChannelException if one is closed
   */
  void pass(Descriptor[] descriptors) throws IOException {
    if (descriptors.length == 0) {
      return;
    }
    List<RawHandle> handles = SocketDescriptor.passable(descriptors);
    passed = new ArrayList<>();
    ByteBuffer numbers =
        ByteBuffer.allocate(Integer.BYTES * handles.size()).order(ByteOrder.nativeOrder());
    for (RawHandle handle : handles) {
      handle.acquire();
      passed.add(handle);
      numbers.putInt(handle.fd());
    }
    add(SOL_SOCKET, SCM_RIGHTS, numbers.array());
  }

  /**
   * Transfers it; returns the bytes transferred, or a negated errno.
   *
   * @param flags {@code MSG_} flags
   */
  int run(long nanos, int flags) throws IOException {
    MemorySegment header = vector.prefix();
    MessageHeader.put(
        header,
        addressBytes == 0 ? 0 : address().address(),
        addressBytes,
        vector.address(),
        vector.count(),
        controlBytes == 0 ? 0 : control().address(),
        controlBytes);
    return socket.run(
        (operation, fd) -> {
          if (fills) {
            operation.recvmsg(fd, header.address(), flags | MSG_CMSG_CLOEXEC);
            if (socket instanceof RingSocket) {
              operation.ofStream();
            }
          } else {
            operation.sendmsg(fd, header.address(), flags | MSG_NOSIGNAL);
            operation.naming(passed);
          }
        },
        vector,
        nanos);
  }

  // ---- after receiving -----------------------------------------------------------------------

  /** Hands the first bytes that were received to the caller. */
  void filled(int count) {
    vector.filled(count);
  }

  /** Returns whether any of the {@code MSG_} flags is set. */
  boolean hasFlag(int flag) {
    return (MessageHeader.flags(vector.prefix()) & flag) != 0;
  }

  SocketAddress sender() {
    return Addresses.get(address(), MessageHeader.nameLength(vector.prefix()));
  }

  private interface Visitor {
    void visit(int level, int type, MemorySegment data);
  }

  private static void visitControl(MemorySegment memory, long end, Visitor visitor) {
    for (long at = 0; ControlMemory.isAt(memory, at, end); at = ControlMemory.next(memory, at)) {
      visitor.visit(
          ControlMemory.level(memory, at),
          ControlMemory.type(memory, at),
          ControlMemory.data(memory, at));
    }
  }

  private long controlEnd() {
    return Math.min(MessageHeader.controlLength(vector.prefix()), CONTROL_MAX);
  }

  /** Returns the control messages, but for descriptors. */
  List<ControlMessage> controlMessages() {
    return controlMessages(control(), controlEnd());
  }

  /** Returns the control messages in some memory, likewise. */
  static List<ControlMessage> controlMessages(MemorySegment memory, long end) {
    List<ControlMessage> messages = new ArrayList<>();
    visitControl(
        memory,
        end,
        (level, type, data) -> {
          if (!isRights(level, type)) {
            messages.add(ControlMessage.of(level, type, data.toArray(ValueLayout.JAVA_BYTE)));
          }
        });
    return messages;
  }

  /** Hands over the descriptors that came with it; without anyone to take them they are closed. */
  void deliver(@Nullable PassedDescriptors taker) {
    if (taker != null && hasFlag(MSG_CTRUNC)) {
      taker.addLoss();
    }
    Engine ring = socket.socketHandle().engine();
    for (int fd : descriptors(control(), controlEnd())) {
      if (taker != null) {
        taker.add(ring, fd);
      } else {
        PassedDescriptors.discard(ring, fd);
      }
    }
  }

  /** Returns the descriptors that control messages in some memory brought, which are open now. */
  static List<Integer> descriptors(MemorySegment memory, long end) {
    List<Integer> descriptors = new ArrayList<>();
    visitControl(
        memory,
        end,
        (level, type, data) -> {
          if (isRights(level, type)) {
            for (int fd : data.toArray(ValueLayout.JAVA_INT_UNALIGNED)) {
              descriptors.add(fd);
            }
          }
        });
    return descriptors;
  }

  private static boolean isRights(int level, int type) {
    return level == SOL_SOCKET && type == SCM_RIGHTS;
  }

  @Override
  public void close() {
    passed.forEach(RawHandle::release);
    vector.close();
  }
}
