package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * One request to the kernel, {@code struct io_uring_sqe}, held in Java fields until the ring's
 * thread copies it into the submission queue. One method per operation fills it; each overwrites
 * every field, so an instance may be used again.
 *
 * <pre>
 *  0        1      2       4     8         16      24    28
 *  | opcode | flags | ioprio | fd | off/addr2 | addr | len | op flags |
 *  32          40          42            44                       48      56
 *  | user_data | buf_index | personality | file_index | addr3 | last |
 * </pre>
 */
public class SubmissionEntry {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_BYTE.withName("opcode"),
          JAVA_BYTE.withName("flags"),
          JAVA_SHORT.withName("ioprio"),
          JAVA_INT.withName("fd"),
          JAVA_LONG.withName("off"),
          JAVA_LONG.withName("addr"),
          JAVA_INT.withName("len"),
          JAVA_INT.withName("op_flags"),
          JAVA_LONG.withName("user_data"),
          JAVA_SHORT.withName("buf_index"),
          JAVA_SHORT.withName("personality"),
          JAVA_INT.withName("file_index"),
          JAVA_LONG.withName("addr3"),
          paddingLayout(8));

  /** Bytes from one entry to the next. */
  public static final long SIZE_BYTES = 64;

  private int opcode;
  private int fd;
  private long offset;
  private long address;
  private int length;
  private int operationFlags;
  private int entryFlags;
  private int priority;
  private int bufferIndex;
  private int personality;
  private int fileIndex;
  private long address3;
  private long last; // the second half of a command's 16 bytes, else 0

  /** Creates an entry for {@code IORING_OP_NOP}. */
  public SubmissionEntry() {
    nop();
  }

  /** Returns the {@code IORING_OP_} number. */
  public final int opcode() {
    return opcode;
  }

  /** Returns the flags of the operation itself, whose meaning depends on the opcode. */
  public final int operationFlags() {
    return operationFlags;
  }

  /** Returns whether what the operation opens goes into a slot of the ring's table. */
  public final boolean fillsSlot() {
    return fileIndex != 0;
  }

  /** Returns the number of bytes, buffers or the like that the operation asks for. */
  public final int length() {
    return length;
  }

  /** {@code IORING_OP_NOP}, Linux 5.1: does nothing. */
  public final void nop() {
    set(IORING_OP_NOP, -1, 0, 0, 0, 0);
  }

  /** {@code IORING_OP_READ}, Linux 5.6. */
  public final void read(int fd, long address, int length, long position) {
    set(IORING_OP_READ, fd, position, address, length, 0);
  }

  /** {@code IORING_OP_WRITE}, Linux 5.6. */
  public final void write(int fd, long address, int length, long position) {
    set(IORING_OP_WRITE, fd, position, address, length, 0);
  }

  /** {@code IORING_OP_READ_FIXED}, Linux 5.1: the memory lies in a registered buffer. */
  public final void readFixed(int fd, long address, int length, long position, int bufferIndex) {
    set(IORING_OP_READ_FIXED, fd, position, address, length, 0);
    this.bufferIndex = bufferIndex;
  }

  /** {@code IORING_OP_WRITE_FIXED}, Linux 5.1. */
  public final void writeFixed(int fd, long address, int length, long position, int bufferIndex) {
    set(IORING_OP_WRITE_FIXED, fd, position, address, length, 0);
    this.bufferIndex = bufferIndex;
  }

  /** {@code IORING_OP_WRITE} with {@code RWF_DSYNC}: it ends once its bytes are durable. */
  public final void writeDurably(int fd, long address, int length, long position) {
    set(IORING_OP_WRITE, fd, position, address, length, RWF_DSYNC);
  }

  /** {@code IORING_OP_WRITE_FIXED} with {@code RWF_DSYNC}. */
  public final void writeFixedDurably(
      int fd, long address, int length, long position, int bufferIndex) {
    set(IORING_OP_WRITE_FIXED, fd, position, address, length, RWF_DSYNC);
    this.bufferIndex = bufferIndex;
  }

  /** {@code IORING_OP_READV}, Linux 5.1: {@code vector} is an array of {@code struct iovec}. */
  public final void readv(int fd, long vector, int count, long position) {
    set(IORING_OP_READV, fd, position, vector, count, 0);
  }

  /** {@code IORING_OP_WRITEV}, Linux 5.1. */
  public final void writev(int fd, long vector, int count, long position) {
    set(IORING_OP_WRITEV, fd, position, vector, count, 0);
  }

  /** {@code IORING_OP_READV_FIXED}, Linux 6.15: all the memory lies in one registered buffer. */
  public final void readvFixed(int fd, long vector, int count, long position, int bufferIndex) {
    set(IORING_OP_READV_FIXED, fd, position, vector, count, 0);
    this.bufferIndex = bufferIndex;
  }

  /** {@code IORING_OP_WRITEV_FIXED}, Linux 6.15. */
  public final void writevFixed(int fd, long vector, int count, long position, int bufferIndex) {
    set(IORING_OP_WRITEV_FIXED, fd, position, vector, count, 0);
    this.bufferIndex = bufferIndex;
  }

  /** {@code IORING_OP_FSYNC}, Linux 5.1. */
  public final void fsync(int fd, int flags) {
    set(IORING_OP_FSYNC, fd, 0, 0, 0, flags);
  }

  /** {@code IORING_OP_SYNC_FILE_RANGE}, Linux 5.2: a length of 0 means to the end. */
  public final void syncFileRange(int fd, long position, int length, int flags) {
    set(IORING_OP_SYNC_FILE_RANGE, fd, position, 0, length, flags);
  }

  /** {@code IORING_OP_FALLOCATE}, Linux 5.6. */
  public final void fallocate(int fd, int mode, long position, long length) {
    // The kernel takes the length where others take an address.
    set(IORING_OP_FALLOCATE, fd, position, length, mode, 0);
  }

  /** {@code IORING_OP_FADVISE}, Linux 5.6. */
  public final void fadvise(int fd, long position, int length, int advice) {
    set(IORING_OP_FADVISE, fd, position, 0, length, advice);
  }

  /** {@code IORING_OP_MADVISE}, Linux 5.6. */
  public final void madvise(long address, int length, int advice) {
    set(IORING_OP_MADVISE, -1, 0, address, length, advice);
  }

  /** {@code IORING_OP_FTRUNCATE}, Linux 6.9. */
  public final void ftruncate(int fd, long length) {
    set(IORING_OP_FTRUNCATE, fd, length, 0, 0, 0);
  }

  /** {@code IORING_OP_OPENAT}, Linux 5.6. */
  public final void openat(int directory, long path, int flags, int mode) {
    set(IORING_OP_OPENAT, directory, 0, path, mode, flags);
  }

  /**
   * {@code IORING_OP_OPENAT} into a slot of the ring's table, one of the kernel's choice, Linux
   * 5.19. {@code O_CLOEXEC} is refused: there is nothing to close.
   */
  public final void openatRegistered(int directory, long path, int flags, int mode) {
    openat(directory, path, flags, mode);
    fileIndex = IORING_FILE_INDEX_ALLOC;
  }

  /** {@code IORING_OP_CLOSE}, Linux 5.6. */
  public final void close(int fd) {
    set(IORING_OP_CLOSE, fd, 0, 0, 0, 0);
  }

  /** {@code IORING_OP_CLOSE} of a slot of the ring's table, Linux 5.15. */
  public final void closeRegistered(int slot) {
    close(0);
    fileIndex = slot + 1; // 0 means none
  }

  /**
   * {@code IORING_OP_FIXED_FD_INSTALL}, Linux 6.8: makes a close-on-exec descriptor of what is in a
   * slot.
   */
  public final void fixedFdInstall(int slot) {
    set(IORING_OP_FIXED_FD_INSTALL, slot, 0, 0, 0, 0);
    entryFlags = IOSQE_FIXED_FILE;
  }

  /**
   * {@code IORING_OP_FILES_UPDATE}, Linux 5.6: puts descriptors into the ring's table.
   *
   * @param numbers the address of an array of them, which takes the slots of the kernel's choice
   * @param slot where the first goes, or {@code IORING_FILE_INDEX_ALLOC}, Linux 5.19
   */
  public final void filesUpdate(long numbers, int count, int slot) {
    set(IORING_OP_FILES_UPDATE, -1, slot, numbers, count, 0);
  }

  /** {@code IORING_OP_STATX}, Linux 5.6. */
  public final void statx(int directory, long path, int flags, int mask, long result) {
    set(IORING_OP_STATX, directory, result, path, mask, flags);
  }

  /** {@code IORING_OP_UNLINKAT}, Linux 5.11. */
  public final void unlinkat(int directory, long path, int flags) {
    set(IORING_OP_UNLINKAT, directory, 0, path, 0, flags);
  }

  /**
   * {@code IORING_OP_OPENAT2}, Linux 5.6.
   *
   * @param how the address of an {@link OpenHow}
   */
  public final void openat2(int directory, long path, long how) {
    set(IORING_OP_OPENAT2, directory, how, path, (int) OpenHow.SIZE_BYTES, 0);
  }

  /** {@code IORING_OP_OPENAT2} into a slot, as for {@link #openatRegistered}. */
  public final void openat2Registered(int directory, long path, long how) {
    openat2(directory, path, how);
    fileIndex = IORING_FILE_INDEX_ALLOC;
  }

  /** {@code IORING_OP_RENAMEAT}, Linux 5.11. */
  public final void renameat(int directory, long path, int newDirectory, long newPath, int flags) {
    set(IORING_OP_RENAMEAT, directory, newPath, path, newDirectory, flags);
  }

  /** {@code IORING_OP_MKDIRAT}, Linux 5.15. */
  public final void mkdirat(int directory, long path, int mode) {
    set(IORING_OP_MKDIRAT, directory, 0, path, mode, 0);
  }

  /** {@code IORING_OP_SYMLINKAT}, Linux 5.15: makes {@code path} a link to {@code target}. */
  public final void symlinkat(long target, int directory, long path) {
    set(IORING_OP_SYMLINKAT, directory, path, target, 0, 0);
  }

  /** {@code IORING_OP_LINKAT}, Linux 5.15. */
  public final void linkat(int directory, long path, int newDirectory, long newPath, int flags) {
    set(IORING_OP_LINKAT, directory, newPath, path, newDirectory, flags);
  }

  /** {@code IORING_OP_FSETXATTR}, Linux 5.19. */
  public final void fsetxattr(int fd, long name, long value, int length, int flags) {
    set(IORING_OP_FSETXATTR, fd, value, name, length, flags);
  }

  /** {@code IORING_OP_SETXATTR}, Linux 5.19. */
  public final void setxattr(long path, long name, long value, int length, int flags) {
    set(IORING_OP_SETXATTR, 0, value, name, length, flags);
    address3 = path;
  }

  /** {@code IORING_OP_FGETXATTR}, Linux 5.19. */
  public final void fgetxattr(int fd, long name, long value, int length) {
    set(IORING_OP_FGETXATTR, fd, value, name, length, 0);
  }

  /** {@code IORING_OP_GETXATTR}, Linux 5.19. */
  public final void getxattr(long path, long name, long value, int length) {
    set(IORING_OP_GETXATTR, 0, value, name, length, 0);
    address3 = path;
  }

  // ---- pipes and readiness -------------------------------------------------------------------

  /**
   * {@code IORING_OP_SPLICE}, Linux 5.7. A position of -1 is the descriptor's own, or none.
   *
   * @param flags {@code SPLICE_F_} flags
   */
  public final void splice(
      int from, long fromPosition, int to, long toPosition, int length, int flags) {
    set(IORING_OP_SPLICE, to, toPosition, fromPosition, length, flags);
    fileIndex = from;
  }

  /** {@code IORING_OP_TEE}, Linux 5.8: copies from one pipe to another. */
  public final void tee(int from, int to, int length, int flags) {
    set(IORING_OP_TEE, to, 0, 0, length, flags);
    fileIndex = from;
  }

  /** {@code IORING_OP_PIPE}, Linux 6.16: writes the numbers of both ends to {@code result}. */
  public final void pipe(long result, int flags) {
    set(IORING_OP_PIPE, 0, 0, result, 0, flags);
  }

  /**
   * {@code IORING_OP_POLL_ADD}, Linux 5.1.
   *
   * @param events {@code POLL} bits
   * @param flags {@code IORING_POLL_ADD_} flags
   */
  public final void pollAdd(int fd, int events, int flags) {
    set(IORING_OP_POLL_ADD, fd, 0, 0, flags, events);
  }

  /**
   * {@code IORING_OP_POLL_REMOVE} with an update of what is waited for, Linux 5.13.
   *
   * @param target the {@code user_data} of the poll
   * @param flags {@code IORING_POLL_} flags
   */
  public final void pollUpdate(long target, int events, int flags) {
    set(IORING_OP_POLL_REMOVE, -1, 0, target, flags, events);
  }

  // ---- timers --------------------------------------------------------------------------------

  /**
   * {@code IORING_OP_TIMEOUT}, Linux 5.4.
   *
   * @param time the address of a {@link Timespec}
   * @param count after how many completions it ends early, 0 for none; of a multishot, how often
   * @param flags {@code IORING_TIMEOUT_} flags
   */
  public final void timeout(long time, int count, int flags) {
    set(IORING_OP_TIMEOUT, -1, Integer.toUnsignedLong(count), time, 1, flags);
  }

  /** {@code IORING_OP_TIMEOUT_REMOVE} with {@code IORING_TIMEOUT_UPDATE}, Linux 5.11. */
  public final void timeoutUpdate(long target, long time, int flags) {
    set(IORING_OP_TIMEOUT_REMOVE, -1, time, target, 0, flags | IORING_TIMEOUT_UPDATE);
  }

  /**
   * {@code IORING_OP_LINK_TIMEOUT}, Linux 5.5: limits the time of the operation whose link leads
   * here.
   *
   * @param time the address of a {@link Timespec}
   */
  public final void linkTimeout(long time) {
    set(IORING_OP_LINK_TIMEOUT, -1, 0, time, 1, 0);
  }

  // ---- futexes and processes -----------------------------------------------------------------

  /**
   * {@code IORING_OP_FUTEX_WAIT}, Linux 6.7.
   *
   * @param flags {@code FUTEX2_} flags
   */
  public final void futexWait(long word, long value, long mask, int flags) {
    set(IORING_OP_FUTEX_WAIT, flags, value, word, 0, 0);
    address3 = mask;
  }

  /** {@code IORING_OP_FUTEX_WAKE}, Linux 6.7. */
  public final void futexWake(long word, long count, long mask, int flags) {
    set(IORING_OP_FUTEX_WAKE, flags, count, word, 0, 0);
    address3 = mask;
  }

  /** {@code IORING_OP_FUTEX_WAITV}, Linux 6.7: {@code vector} is an array of {@link FutexWait}. */
  public final void futexWaitv(long vector, int count) {
    set(IORING_OP_FUTEX_WAITV, 0, 0, vector, count, 0);
  }

  /**
   * {@code IORING_OP_WAITID}, Linux 6.7.
   *
   * @param type {@code P_PIDFD} and the like, which says what {@code id} is
   * @param info the address of a {@link SigInfo}
   * @param options {@code WEXITED} and the like
   */
  public final void waitid(int type, int id, long info, int options) {
    set(IORING_OP_WAITID, id, info, 0, type, 0);
    fileIndex = options;
  }

  /** {@code IORING_OP_EPOLL_WAIT}, Linux 6.15: {@code events} has room for {@code max}. */
  public final void epollWait(int fd, long events, int max) {
    set(IORING_OP_EPOLL_WAIT, fd, 0, events, max, 0);
  }

  // ---- sockets -------------------------------------------------------------------------------

  /** {@code IORING_OP_SOCKET}, Linux 5.19. */
  public final void socket(int domain, int type, int protocol) {
    set(IORING_OP_SOCKET, domain, type, 0, protocol, 0);
  }

  /**
   * {@code IORING_OP_SOCKET} into a slot of the ring's table, one of the kernel's choice, Linux
   * 5.19. {@code SOCK_CLOEXEC} is refused: there is nothing to close.
   */
  public final void socketRegistered(int domain, int type, int protocol) {
    socket(domain, type, protocol);
    fileIndex = IORING_FILE_INDEX_ALLOC;
  }

  /** {@code IORING_OP_SOCKET} into a given slot, whatever is in it. */
  public final void socketInSlot(int domain, int type, int protocol, int slot) {
    socket(domain, type, protocol);
    fileIndex = slot + 1; // 0 means none
  }

  /** {@code IORING_OP_BIND}, Linux 6.11. */
  public final void bind(int fd, long address, int length) {
    set(IORING_OP_BIND, fd, Integer.toUnsignedLong(length), address, 0, 0);
  }

  /** {@code IORING_OP_LISTEN}, Linux 6.11. */
  public final void listen(int fd, int backlog) {
    set(IORING_OP_LISTEN, fd, 0, 0, backlog, 0);
  }

  /** {@code IORING_OP_CONNECT}, Linux 5.5. */
  public final void connect(int fd, long address, int length) {
    set(IORING_OP_CONNECT, fd, Integer.toUnsignedLong(length), address, 0, 0);
  }

  /**
   * {@code IORING_OP_ACCEPT}, Linux 5.5.
   *
   * @param address where the peer's address goes, or 0
   * @param length the address of its length, or 0
   */
  public final void accept(int fd, long address, long length, int flags) {
    set(IORING_OP_ACCEPT, fd, length, address, 0, flags);
  }

  /** {@code IORING_OP_ACCEPT} into a slot, Linux 5.19, as for {@link #socketRegistered}. */
  public final void acceptRegistered(int fd, long address, long length, int flags) {
    accept(fd, address, length, flags);
    fileIndex = IORING_FILE_INDEX_ALLOC;
  }

  /** {@code IORING_OP_ACCEPT} with {@code IORING_ACCEPT_MULTISHOT}, Linux 5.19. */
  public final void multishotAccept(int fd, int flags) {
    accept(fd, 0, 0, flags);
    priority = IORING_ACCEPT_MULTISHOT;
  }

  /** The same into slots, as for {@link #socketRegistered}. */
  public final void multishotAcceptRegistered(int fd, int flags) {
    multishotAccept(fd, flags);
    fileIndex = IORING_FILE_INDEX_ALLOC;
  }

  /**
   * {@code IORING_OP_RECV} with {@code IORING_RECVSEND_POLL_FIRST}, Linux 5.19: the kernel waits
   * for something to arrive before it tries.
   */
  public final void recvPolledFirst(int fd, long address, int length, int flags) {
    recv(fd, address, length, flags);
    priority = IORING_RECVSEND_POLL_FIRST;
  }

  /**
   * {@code IORING_OP_RECV} with {@code IORING_RECV_MULTISHOT}, Linux 6.0, into buffers that the
   * kernel takes from a group.
   */
  public final void multishotRecv(int fd, int group, int flags) {
    recv(fd, 0, 0, flags);
    priority = IORING_RECV_MULTISHOT;
    selectBuffer(group);
  }

  /**
   * The same with {@code IORING_RECVSEND_BUNDLE}, Linux 6.10: each completion is about as many
   * buffers as there were bytes for.
   */
  public final void multishotRecvBundle(int fd, int group, int flags) {
    multishotRecv(fd, group, flags);
    priority = IORING_RECV_MULTISHOT | IORING_RECVSEND_BUNDLE;
  }

  /**
   * {@code IORING_OP_RECVMSG} with {@code IORING_RECV_MULTISHOT}, Linux 6.0, into buffers that the
   * kernel takes from a group.
   *
   * @param message a {@link MessageHeader}, which says how much of a {@link ReceivedMessage} is for
   *     the address and for ancillary data
   */
  public final void multishotRecvmsg(int fd, long message, int group, int flags) {
    recvmsg(fd, message, flags);
    priority = IORING_RECV_MULTISHOT;
    selectBuffer(group);
  }

  /**
   * {@code IORING_OP_READ_MULTISHOT}, Linux 6.7: for what can be polled, into buffers that the
   * kernel takes from a group.
   */
  public final void multishotRead(int fd, int group) {
    set(IORING_OP_READ_MULTISHOT, fd, -1, 0, 0, 0);
    selectBuffer(group);
  }

  /** {@code IORING_OP_SEND_ZC}, Linux 6.0: a second completion says that the memory is free. */
  public final void sendZc(int fd, long address, int length, int flags) {
    set(IORING_OP_SEND_ZC, fd, 0, address, length, flags);
  }

  /**
   * {@code IORING_OP_SEND_ZC} with {@code IORING_RECVSEND_FIXED_BUF}, Linux 6.0: the memory lies in
   * a registered buffer.
   */
  public final void sendZcFixed(int fd, long address, int length, int flags, int bufferIndex) {
    sendZc(fd, address, length, flags);
    priority = IORING_RECVSEND_FIXED_BUF;
    this.bufferIndex = bufferIndex;
  }

  /** {@code IORING_OP_SENDMSG_ZC}, Linux 6.1. */
  public final void sendmsgZc(int fd, long message, int flags) {
    set(IORING_OP_SENDMSG_ZC, fd, 0, message, 1, flags);
  }

  private void selectBuffer(int group) {
    bufferIndex = group;
    entryFlags = IOSQE_BUFFER_SELECT;
  }

  /** {@code IORING_OP_SEND}, Linux 5.6. */
  public final void send(int fd, long address, int length, int flags) {
    set(IORING_OP_SEND, fd, 0, address, length, flags);
  }

  /** {@code IORING_OP_RECV}, Linux 5.6. */
  public final void recv(int fd, long address, int length, int flags) {
    set(IORING_OP_RECV, fd, 0, address, length, flags);
  }

  /** {@code IORING_OP_SENDMSG}, Linux 5.3: {@code message} is a {@link MessageHeader}. */
  public final void sendmsg(int fd, long message, int flags) {
    set(IORING_OP_SENDMSG, fd, 0, message, 1, flags);
  }

  /** {@code IORING_OP_RECVMSG}, Linux 5.3. */
  public final void recvmsg(int fd, long message, int flags) {
    set(IORING_OP_RECVMSG, fd, 0, message, 1, flags);
  }

  /** {@code IORING_OP_SHUTDOWN}, Linux 5.11. */
  public final void shutdown(int fd, int how) {
    set(IORING_OP_SHUTDOWN, fd, 0, 0, how, 0);
  }

  /**
   * {@code IORING_OP_URING_CMD} on a socket, Linux 6.7: {@code command} is one of {@code
   * SOCKET_URING_OP_}.
   */
  public final void socketCommand(
      int fd, int command, int level, int option, long value, int length) {
    set(
        IORING_OP_URING_CMD,
        fd,
        Integer.toUnsignedLong(command),
        Integer.toUnsignedLong(level) | (long) option << 32,
        0,
        0);
    fileIndex = length;
    address3 = value;
  }

  // ---- messages ------------------------------------------------------------------------------

  /**
   * {@code IORING_OP_MSG_RING}, Linux 5.18: gives another ring a completion.
   *
   * @param ring its descriptor
   */
  public final void message(int ring, int result, long userData) {
    set(IORING_OP_MSG_RING, ring, userData, IORING_MSG_DATA, result, 0);
  }

  /**
   * {@code IORING_OP_MSG_RING} with {@code IORING_MSG_SEND_FD}, Linux 6.0: puts what is in a slot
   * into a slot of another ring, one of the kernel's choice, which is the result.
   *
   * @param flags {@code IORING_MSG_RING_} flags
   */
  public final void sendRegistered(int ring, int slot, int flags) {
    set(IORING_OP_MSG_RING, ring, 0, IORING_MSG_SEND_FD, 0, flags);
    address3 = Integer.toUnsignedLong(slot);
    fileIndex = IORING_FILE_INDEX_ALLOC;
  }

  // ---- control -------------------------------------------------------------------------------

  /** {@code IORING_OP_ASYNC_CANCEL}, Linux 5.5: cancels what was submitted as {@code userData}. */
  public final void cancel(long userData) {
    set(IORING_OP_ASYNC_CANCEL, -1, 0, userData, 0, 0);
  }

  // ---- anything ------------------------------------------------------------------------------

  /** Has a worker do it from the start, which may wait ({@code IOSQE_ASYNC}, Linux 5.6). */
  public final SubmissionEntry async() {
    entryFlags |= IOSQE_ASYNC;
    return this;
  }

  /** Any operation, field by field as the kernel has them. */
  public final void raw(
      int opcode,
      int entryFlags,
      int priority,
      int fd,
      long offset,
      long address,
      int length,
      int operationFlags,
      int bufferIndex,
      int personality,
      int fileIndex,
      long address3,
      long last) {
    set(opcode & 0xff, fd, offset, address, length, operationFlags);
    this.entryFlags = entryFlags & 0xff;
    this.priority = priority;
    this.bufferIndex = bufferIndex;
    this.personality = personality;
    this.fileIndex = fileIndex;
    this.address3 = address3;
    this.last = last;
  }

  /** Sets the target operation by its {@code user_data}; keeps the other fields. */
  public final SubmissionEntry aim(long userData) {
    address = userData;
    return this;
  }

  private void set(int opcode, int fd, long offset, long address, int length, int operationFlags) {
    this.opcode = opcode;
    this.fd = fd;
    this.offset = offset;
    this.address = address;
    this.length = length;
    this.operationFlags = operationFlags;
    entryFlags = 0;
    priority = 0;
    bufferIndex = 0;
    personality = 0;
    fileIndex = 0;
    address3 = 0;
    last = 0;
  }

  /**
   * Writes the 64 bytes into a queue. Plain stores: the queue's release of its tail publishes them.
   *
   * @param flags {@code IOSQE_} flags, such as the link to the next entry
   */
  public final void writeTo(MemorySegment queue, long at, long userData, int flags) {
    queue.set(
        JAVA_LONG,
        at,
        opcode | (long) (flags | entryFlags) << 8 | (priority & 0xffffL) << 16 | (long) fd << 32);
    queue.set(JAVA_LONG, at + 8, offset);
    queue.set(JAVA_LONG, at + 16, address);
    queue.set(JAVA_LONG, at + 24, Integer.toUnsignedLong(length) | (long) operationFlags << 32);
    queue.set(JAVA_LONG, at + 32, userData);
    queue.set(
        JAVA_LONG,
        at + 40,
        (bufferIndex & 0xffffL) | (personality & 0xffffL) << 16 | (long) fileIndex << 32);
    queue.set(JAVA_LONG, at + 48, address3);
    queue.set(JAVA_LONG, at + 56, last);
  }
}
