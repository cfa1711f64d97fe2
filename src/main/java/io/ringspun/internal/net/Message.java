package io.ringspun.internal.net;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.Descriptor;
import io.ringspun.internal.kernel.ControlMemory;
import io.ringspun.internal.kernel.MessageHeader;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.memory.LentVector;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.net.ControlMessage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * One message with all that goes with its bytes, for {@code sendmsg} or {@code recvmsg}: an address
 * and control messages. Used by one thread, once, then closed.
 *
 * <pre>| header | address | control | vector |</pre>
 */
public final class Message implements AutoCloseable {
  /** Enough for 253 descriptors, which is as many as the kernel passes at once. */
  private static final long CONTROL_MAX = 2048;

  /**
   * Enough for all that the kernel says of a packet at once; what waits for one takes as little.
   */
  private static final long PACKET_CONTROL = 512;

  private static final long ADDRESS = MessageHeader.SIZE_BYTES;
  private static final long CONTROL = ADDRESS + SocketAddressMemory.MAX_BYTES;

  private final SocketHandle socket;
  private final LentVector vector;
  private final boolean fills;
  private final long controlMax;
  private List<RawHandle> passed = List.of();
  private long controlBytes;
  private int addressBytes;

  private Message(SocketHandle socket, MemorySegment bytes, boolean fills) {
    this.socket = socket;
    this.fills = fills;
    controlMax = fills && socket.family() != Family.UNIX ? PACKET_CONTROL : CONTROL_MAX;
    vector = LentVector.of(new MemorySegment[] {bytes}, fills, CONTROL + controlMax);
  }

  /** Begins a message to be received. */
  public static Message toReceive(SocketHandle socket, MemorySegment target) {
    Message message = new Message(socket, target, true);
    message.addressBytes = SocketAddressMemory.MAX_BYTES;
    message.controlBytes = message.controlMax;
    return message;
  }

  /** Begins a message to be sent. */
  public static Message toSend(SocketHandle socket, MemorySegment source) {
    return new Message(socket, source, false);
  }

  private MemorySegment address() {
    return vector.prefix().asSlice(ADDRESS, SocketAddressMemory.MAX_BYTES);
  }

  private MemorySegment control() {
    return vector.prefix().asSlice(CONTROL, controlMax);
  }

  /** Says where it goes. */
  public void to(SocketAddress target) {
    addressBytes = Addresses.put(address(), target, socket.family());
  }

  /**
   * Adds a control message.
   *
   * @throws IllegalArgumentException if there is no room for it
   */
  public void add(int level, int type, byte[] data) {
    if (controlBytes + ControlMemory.space(data.length) > controlMax) {
      throw new IllegalArgumentException(
          "there is room for %d bytes of control messages".formatted(controlMax));
    }
    controlBytes = ControlMemory.put(control(), controlBytes, level, type, data);
  }

  /**
   * Passes descriptors along, which stay open until this is closed.
   *
   * @throws IllegalArgumentException if they are too many, or one has no number
   * @throws java.nio.channels.ClosedChannelException if one is closed
   */
  public void pass(Descriptor[] descriptors) throws IOException {
    if (descriptors.length == 0) {
      return;
    }
    List<RawHandle> handles = passable(descriptors);
    passed = new ArrayList<>();
    ByteBuffer numbers =
        ByteBuffer.allocate(Integer.BYTES * handles.size()).order(ByteOrder.nativeOrder());
    for (RawHandle handle : handles) {
      handle.acquire();
      handle.noteShared(); // with whoever receives it
      passed.add(handle);
      numbers.putInt(handle.fd());
    }
    add(SOL_SOCKET, SCM_RIGHTS, numbers.array());
  }

  /** Returns the handles of descriptors that a message is to pass. */
  private static List<RawHandle> passable(Descriptor[] descriptors) {
    if (descriptors.length > SCM_MAX_FD) {
      throw new IllegalArgumentException(
          "a message passes at most %d descriptors: %d".formatted(SCM_MAX_FD, descriptors.length));
    }
    List<RawHandle> handles = new ArrayList<>(descriptors.length);
    for (Descriptor descriptor : descriptors) {
      if (!(Handle.of(descriptor) instanceof RawHandle raw)) {
        throw new IllegalArgumentException(
            "a registered file has no descriptor to pass; installDescriptor() makes one");
      }
      handles.add(raw);
    }
    return handles;
  }

  /**
   * Transfers it; returns the bytes transferred, or a negated errno.
   *
   * @param flags {@code MSG_} flags
   */
  public int run(long nanos, int flags) throws IOException {
    MemorySegment header = vector.prefix();
    MessageHeader.put(
        header,
        addressBytes == 0 ? 0 : address().address(),
        addressBytes,
        vector.address(),
        vector.count(),
        controlBytes == 0 ? 0 : control().address(),
        controlBytes);
    Operation operation = socket.single(nanos).lending(vector);
    int fd = socket.handle().fd();
    if (fills) {
      operation.recvmsg(fd, header.address(), flags | MSG_CMSG_CLOEXEC);
      if (socket.isStream()) {
        operation.ofStream();
      }
    } else {
      operation.naming(passed).sendmsg(fd, header.address(), flags | MSG_NOSIGNAL);
    }
    return operation.run();
  }

  // ---- after receiving -----------------------------------------------------------------------

  /** Hands the first bytes that were received to the caller. */
  public void filled(int count) {
    vector.filled(count);
  }

  /** Returns whether any of the {@code MSG_} flags is set. */
  public boolean hasFlag(int flag) {
    return (MessageHeader.flags(vector.prefix()) & flag) != 0;
  }

  public SocketAddress sender() {
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
    return Math.min(MessageHeader.controlLength(vector.prefix()), controlMax);
  }

  /** Returns the control messages, but for descriptors. */
  public List<ControlMessage> controlMessages() {
    return controlMessages(control(), controlEnd());
  }

  /** Returns the control messages in a memory range. */
  public static List<ControlMessage> controlMessages(MemorySegment memory, long end) {
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

  /** Returns the received descriptors, which are open. */
  public List<Integer> descriptors() {
    return descriptors(control(), controlEnd());
  }

  /** Returns the descriptors that control messages in some memory brought, which are open now. */
  public static List<Integer> descriptors(MemorySegment memory, long end) {
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
