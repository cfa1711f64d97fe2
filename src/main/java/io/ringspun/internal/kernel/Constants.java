package io.ringspun.internal.kernel;

/** Constants of {@code linux/io_uring.h}, {@code linux/fcntl.h} and other kernel headers. */
public final class Constants {

  // enum io_uring_op
  public static final int IORING_OP_NOP = 0;
  public static final int IORING_OP_READV = 1;
  public static final int IORING_OP_WRITEV = 2;
  public static final int IORING_OP_FSYNC = 3;
  public static final int IORING_OP_READ_FIXED = 4;
  public static final int IORING_OP_WRITE_FIXED = 5;
  public static final int IORING_OP_POLL_ADD = 6;
  public static final int IORING_OP_POLL_REMOVE = 7;
  public static final int IORING_OP_SYNC_FILE_RANGE = 8;
  public static final int IORING_OP_SENDMSG = 9;
  public static final int IORING_OP_RECVMSG = 10;
  public static final int IORING_OP_TIMEOUT = 11;
  public static final int IORING_OP_TIMEOUT_REMOVE = 12;
  public static final int IORING_OP_ACCEPT = 13;
  public static final int IORING_OP_ASYNC_CANCEL = 14;
  public static final int IORING_OP_LINK_TIMEOUT = 15;
  public static final int IORING_OP_CONNECT = 16;
  public static final int IORING_OP_FALLOCATE = 17;
  public static final int IORING_OP_OPENAT = 18;
  public static final int IORING_OP_CLOSE = 19;
  public static final int IORING_OP_FILES_UPDATE = 20;
  public static final int IORING_OP_STATX = 21;
  public static final int IORING_OP_READ = 22;
  public static final int IORING_OP_WRITE = 23;
  public static final int IORING_OP_FADVISE = 24;
  public static final int IORING_OP_MADVISE = 25;
  public static final int IORING_OP_SEND = 26;
  public static final int IORING_OP_RECV = 27;
  public static final int IORING_OP_OPENAT2 = 28;
  public static final int IORING_OP_EPOLL_CTL = 29;
  public static final int IORING_OP_SPLICE = 30;
  public static final int IORING_OP_PROVIDE_BUFFERS = 31;
  public static final int IORING_OP_REMOVE_BUFFERS = 32;
  public static final int IORING_OP_TEE = 33;
  public static final int IORING_OP_SHUTDOWN = 34;
  public static final int IORING_OP_RENAMEAT = 35;
  public static final int IORING_OP_UNLINKAT = 36;
  public static final int IORING_OP_MKDIRAT = 37;
  public static final int IORING_OP_SYMLINKAT = 38;
  public static final int IORING_OP_LINKAT = 39;
  public static final int IORING_OP_MSG_RING = 40;
  public static final int IORING_OP_FSETXATTR = 41;
  public static final int IORING_OP_SETXATTR = 42;
  public static final int IORING_OP_FGETXATTR = 43;
  public static final int IORING_OP_GETXATTR = 44;
  public static final int IORING_OP_SOCKET = 45;
  public static final int IORING_OP_URING_CMD = 46;
  public static final int IORING_OP_SEND_ZC = 47;
  public static final int IORING_OP_SENDMSG_ZC = 48;
  public static final int IORING_OP_READ_MULTISHOT = 49;
  public static final int IORING_OP_WAITID = 50;
  public static final int IORING_OP_FUTEX_WAIT = 51;
  public static final int IORING_OP_FUTEX_WAKE = 52;
  public static final int IORING_OP_FUTEX_WAITV = 53;
  public static final int IORING_OP_FIXED_FD_INSTALL = 54;
  public static final int IORING_OP_FTRUNCATE = 55;
  public static final int IORING_OP_BIND = 56;
  public static final int IORING_OP_LISTEN = 57;
  public static final int IORING_OP_RECV_ZC = 58;
  public static final int IORING_OP_EPOLL_WAIT = 59;
  public static final int IORING_OP_READV_FIXED = 60;
  public static final int IORING_OP_WRITEV_FIXED = 61;
  public static final int IORING_OP_PIPE = 62;
  public static final int IORING_OP_NOP128 = 63;
  public static final int IORING_OP_URING_CMD128 = 64;

  // sqe->flags
  public static final int IOSQE_FIXED_FILE = 1;
  public static final int IOSQE_IO_DRAIN = 1 << 1;
  public static final int IOSQE_IO_LINK = 1 << 2;
  public static final int IOSQE_IO_HARDLINK = 1 << 3;
  public static final int IOSQE_ASYNC = 1 << 4;
  public static final int IOSQE_BUFFER_SELECT = 1 << 5;
  public static final int IOSQE_CQE_SKIP_SUCCESS = 1 << 6;

  /** The value of {@code sqe->file_index} that lets the kernel choose a slot. */
  public static final int IORING_FILE_INDEX_ALLOC = -1;

  // io_uring_params->flags
  public static final int IORING_SETUP_IOPOLL = 1;
  public static final int IORING_SETUP_SQPOLL = 1 << 1;
  public static final int IORING_SETUP_SQ_AFF = 1 << 2;
  public static final int IORING_SETUP_CQSIZE = 1 << 3;
  public static final int IORING_SETUP_CLAMP = 1 << 4;
  public static final int IORING_SETUP_ATTACH_WQ = 1 << 5;
  public static final int IORING_SETUP_R_DISABLED = 1 << 6;
  public static final int IORING_SETUP_SUBMIT_ALL = 1 << 7;
  public static final int IORING_SETUP_COOP_TASKRUN = 1 << 8;
  public static final int IORING_SETUP_TASKRUN_FLAG = 1 << 9;
  public static final int IORING_SETUP_SQE128 = 1 << 10;
  public static final int IORING_SETUP_CQE32 = 1 << 11;
  public static final int IORING_SETUP_SINGLE_ISSUER = 1 << 12;
  public static final int IORING_SETUP_DEFER_TASKRUN = 1 << 13;
  public static final int IORING_SETUP_NO_MMAP = 1 << 14;
  public static final int IORING_SETUP_REGISTERED_FD_ONLY = 1 << 15;
  public static final int IORING_SETUP_NO_SQARRAY = 1 << 16;
  public static final int IORING_SETUP_HYBRID_IOPOLL = 1 << 17;
  public static final int IORING_SETUP_CQE_MIXED = 1 << 18;

  // io_uring_params->features
  public static final int IORING_FEAT_SINGLE_MMAP = 1;
  public static final int IORING_FEAT_RECVSEND_BUNDLE = 1 << 14;
  public static final int IORING_FEAT_MIN_TIMEOUT = 1 << 15;
  public static final int IORING_FEAT_NO_IOWAIT = 1 << 17;

  // mmap offsets of a ring
  static final long IORING_OFF_SQ_RING = 0;
  static final long IORING_OFF_CQ_RING = 0x8000000L;
  static final long IORING_OFF_SQES = 0x10000000L;

  // sq ring flags
  public static final int IORING_SQ_NEED_WAKEUP = 1;
  public static final int IORING_SQ_CQ_OVERFLOW = 1 << 1;
  public static final int IORING_SQ_TASKRUN = 1 << 2;

  // cqe->flags
  public static final int IORING_CQE_F_BUFFER = 1;
  public static final int IORING_CQE_F_MORE = 1 << 1;
  public static final int IORING_CQE_F_SOCK_NONEMPTY = 1 << 2;
  public static final int IORING_CQE_F_NOTIF = 1 << 3;
  public static final int IORING_CQE_F_BUF_MORE = 1 << 4;
  public static final int IORING_CQE_BUFFER_SHIFT = 16;

  // io_uring_enter flags
  public static final int IORING_ENTER_GETEVENTS = 1;
  public static final int IORING_ENTER_SQ_WAKEUP = 1 << 1;
  public static final int IORING_ENTER_EXT_ARG = 1 << 3;
  public static final int IORING_ENTER_REGISTERED_RING = 1 << 4;
  public static final int IORING_ENTER_EXT_ARG_REG = 1 << 6;
  public static final int IORING_ENTER_NO_IOWAIT = 1 << 7;

  // io_uring_register opcodes
  public static final int IORING_UNREGISTER_BUFFERS = 1;
  public static final int IORING_REGISTER_EVENTFD = 4;
  public static final int IORING_UNREGISTER_EVENTFD = 5;
  public static final int IORING_REGISTER_PROBE = 8;
  public static final int IORING_REGISTER_RESTRICTIONS = 11;
  public static final int IORING_REGISTER_ENABLE_RINGS = 12;
  public static final int IORING_REGISTER_FILES2 = 13;
  public static final int IORING_REGISTER_BUFFERS2 = 15;
  public static final int IORING_REGISTER_BUFFERS_UPDATE = 16;
  public static final int IORING_REGISTER_IOWQ_AFF = 17;
  public static final int IORING_REGISTER_IOWQ_MAX_WORKERS = 19;
  public static final int IORING_REGISTER_RING_FDS = 20;
  public static final int IORING_UNREGISTER_RING_FDS = 21;
  public static final int IORING_REGISTER_PBUF_RING = 22;
  public static final int IORING_UNREGISTER_PBUF_RING = 23;
  public static final int IORING_REGISTER_SYNC_CANCEL = 24;
  public static final int IORING_REGISTER_FILE_ALLOC_RANGE = 25;
  public static final int IORING_REGISTER_NAPI = 27;
  public static final int IORING_UNREGISTER_NAPI = 28;
  public static final int IORING_REGISTER_CLONE_BUFFERS = 30;
  public static final int IORING_REGISTER_SEND_MSG_RING = 31;
  public static final int IORING_REGISTER_RESIZE_RINGS = 33;
  public static final int IORING_REGISTER_MEM_REGION = 34;
  public static final int IORING_REGISTER_QUERY = 35;

  // io_uring_region_desc and io_uring_mem_region_reg flags
  public static final int IORING_MEM_REGION_TYPE_USER = 1;
  public static final int IORING_MEM_REGION_REG_WAIT_ARG = 1;

  // io_uring_restriction opcodes
  public static final int IORING_RESTRICTION_REGISTER_OP = 0;
  public static final int IORING_RESTRICTION_SQE_OP = 1;
  public static final int IORING_RESTRICTION_SQE_FLAGS_ALLOWED = 2;

  // io_uring_buf_reg flags
  public static final int IOU_PBUF_RING_INC = 1 << 1;

  // io_uring_rsrc_register flags
  public static final int IORING_RSRC_REGISTER_SPARSE = 1;

  // io_uring_clone_buffers flags
  public static final int IORING_REGISTER_DST_REPLACE = 1 << 1;

  // op flags
  public static final int IORING_FSYNC_DATASYNC = 1;
  public static final int RWF_DSYNC = 2;
  public static final int RWF_SYNC = 4;
  public static final int RWF_NOWAIT = 8;
  public static final int SYNC_FILE_RANGE_WAIT_BEFORE = 1;
  public static final int SYNC_FILE_RANGE_WRITE = 2;
  public static final int SYNC_FILE_RANGE_WAIT_AFTER = 4;

  // fallocate(2)
  public static final int FALLOC_FL_KEEP_SIZE = 1;
  public static final int FALLOC_FL_PUNCH_HOLE = 2;
  public static final int FALLOC_FL_COLLAPSE_RANGE = 8;
  public static final int FALLOC_FL_ZERO_RANGE = 0x10;
  public static final int FALLOC_FL_INSERT_RANGE = 0x20;
  public static final int FALLOC_FL_UNSHARE_RANGE = 0x40;

  // open(2), as on x86-64; the four that differ are looked up by architecture
  private static final boolean ARM = Machine.CURRENT == Machine.AARCH64;
  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0x40;
  public static final int O_EXCL = 0x80;
  public static final int O_TRUNC = 0x200;
  public static final int O_APPEND = 0x400;
  public static final int O_DSYNC = 0x1000;
  public static final int O_SYNC = 0x101000;
  public static final int O_DIRECTORY = ARM ? 0x4000 : 0x10000;
  public static final int O_NOFOLLOW = ARM ? 0x8000 : 0x20000;
  public static final int O_DIRECT = ARM ? 0x10000 : 0x4000;
  public static final int O_LARGEFILE = ARM ? 0x20000 : 0x8000;
  public static final int O_CLOEXEC = 0x80000;
  public static final int O_NONBLOCK = 0x800;
  public static final int O_TMPFILE = 0x400000 | O_DIRECTORY;
  public static final int O_PATH = 0x200000;
  public static final int O_ACCMODE = 3;

  // sqe->len of polls
  public static final int IORING_POLL_ADD_MULTI = 1;
  public static final int IORING_POLL_UPDATE_EVENTS = 1 << 1;

  // sqe->addr and sqe->msg_ring_flags of messages
  public static final int IORING_MSG_DATA = 0;
  public static final int IORING_MSG_SEND_FD = 1;
  public static final int IORING_MSG_RING_CQE_SKIP = 1;

  // sqe->timeout_flags
  public static final int IORING_TIMEOUT_ABS = 1;
  public static final int IORING_TIMEOUT_UPDATE = 1 << 1;
  public static final int IORING_TIMEOUT_BOOTTIME = 1 << 2;
  public static final int IORING_TIMEOUT_REALTIME = 1 << 3;
  public static final int IORING_TIMEOUT_ETIME_SUCCESS = 1 << 5;
  public static final int IORING_TIMEOUT_MULTISHOT = 1 << 6;

  // sqe->uring_cmd_flags
  public static final int IORING_URING_CMD_MULTISHOT = 1 << 1;

  // clock_gettime(2)
  public static final int CLOCK_REALTIME = 0;
  public static final int CLOCK_MONOTONIC = 1;
  public static final int CLOCK_BOOTTIME = 7;

  // futex(2)
  public static final int FUTEX2_SIZE_U32 = 2;
  public static final int FUTEX2_PRIVATE = 128;

  // waitid(2)
  public static final int P_PIDFD = 3;
  public static final int WNOHANG = 1;
  public static final int WEXITED = 4;
  public static final int CLD_EXITED = 1;
  public static final int CLD_DUMPED = 3;

  // epoll_ctl(2)
  public static final int EPOLL_CTL_ADD = 1;
  public static final int EPOLL_CTL_DEL = 2;
  public static final int EPOLL_CTL_MOD = 3;
  public static final int EPOLLET = 1 << 31;

  // eventfd(2)
  public static final int EFD_SEMAPHORE = 1;

  // poll(2)
  public static final int POLLIN = 1;
  public static final int POLLPRI = 2;
  public static final int POLLOUT = 4;
  public static final int POLLERR = 8;
  public static final int POLLHUP = 0x10;
  public static final int POLLRDHUP = 0x2000;

  // splice(2)
  public static final int SPLICE_F_MOVE = 1;
  public static final int SPLICE_F_NONBLOCK = 2;
  public static final int SPLICE_F_MORE = 4;
  public static final int SPLICE_F_FD_IN_FIXED = 1 << 31;

  // fcntl(2)
  public static final int F_GETFL = 3;
  public static final int F_SETFL = 4;
  public static final int F_DUPFD_CLOEXEC = 1030;
  public static final int F_SETPIPE_SZ = 1031;
  public static final int F_GETPIPE_SZ = 1032;

  // lseek(2)
  public static final int SEEK_CUR = 1;

  // *at(2)
  public static final int AT_FDCWD = -100;
  public static final int AT_EMPTY_PATH = 0x1000;
  public static final int AT_STATX_DONT_SYNC = 0x4000;
  public static final int RUSAGE_THREAD = 1;
  public static final int AT_SYMLINK_NOFOLLOW = 0x100;
  public static final int UTIME_OMIT = (1 << 30) - 2;
  public static final int AT_REMOVEDIR = 0x200;

  // renameat2(2)
  public static final int RENAME_NOREPLACE = 1;
  public static final int RENAME_EXCHANGE = 1 << 1;

  // openat2(2)
  public static final int RESOLVE_NO_XDEV = 1;
  public static final int RESOLVE_NO_MAGICLINKS = 1 << 1;
  public static final int RESOLVE_NO_SYMLINKS = 1 << 2;
  public static final int RESOLVE_BENEATH = 1 << 3;
  public static final int RESOLVE_IN_ROOT = 1 << 4;
  public static final int RESOLVE_CACHED = 1 << 5;

  // sqe->ioprio of operations on sockets
  public static final int IORING_ACCEPT_MULTISHOT = 1;
  public static final int IORING_RECVSEND_POLL_FIRST = 1;
  public static final int IORING_RECV_MULTISHOT = 1 << 1;
  public static final int IORING_RECVSEND_FIXED_BUF = 1 << 2;
  public static final int IORING_RECVSEND_BUNDLE = 1 << 4;

  // commands to a socket
  public static final int SOCKET_URING_OP_GETSOCKOPT = 2;
  public static final int SOCKET_URING_OP_SETSOCKOPT = 3;

  // socket(2)
  public static final int AF_UNSPEC = 0;
  public static final int AF_UNIX = 1;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  public static final int SOCK_STREAM = 1;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_CLOEXEC = 0x80000;

  // shutdown(2)
  public static final int SHUT_RD = 0;
  public static final int SHUT_WR = 1;

  // send(2), recv(2)
  public static final int MSG_CTRUNC = 0x8;
  public static final int MSG_TRUNC = 0x20;
  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_WAITALL = 0x100;
  public static final int MSG_NOSIGNAL = 0x4000;
  public static final int MSG_MORE = 0x8000;
  public static final int MSG_CMSG_CLOEXEC = 0x40000000;

  // cmsg(3)
  public static final int SCM_RIGHTS = 1;

  // setsockopt(2): levels
  public static final int SOL_SOCKET = 1;
  public static final int IPPROTO_IP = 0;
  public static final int IPPROTO_TCP = 6;
  public static final int IPPROTO_IPV6 = 41;

  // setsockopt(2): options
  public static final int SO_REUSEADDR = 2;
  public static final int SO_TYPE = 3;
  public static final int SO_BROADCAST = 6;
  public static final int SO_SNDBUF = 7;
  public static final int SO_RCVBUF = 8;
  public static final int SO_KEEPALIVE = 9;
  public static final int SO_OOBINLINE = 10;
  public static final int SO_LINGER = 13;
  public static final int SO_REUSEPORT = 15;
  public static final int SO_ACCEPTCONN = 30;
  public static final int SO_DOMAIN = 39;
  public static final int SO_INCOMING_NAPI_ID = 56;
  public static final int IP_TOS = 1;
  public static final int IP_MULTICAST_IF = 32;
  public static final int IP_MULTICAST_TTL = 33;
  public static final int IP_MULTICAST_LOOP = 34;
  public static final int IP_ADD_MEMBERSHIP = 35;
  public static final int IP_DROP_MEMBERSHIP = 36;
  public static final int IP_MULTICAST_ALL = 49;
  public static final int TCP_NODELAY = 1;
  public static final int TCP_KEEPIDLE = 4;
  public static final int TCP_KEEPINTVL = 5;
  public static final int TCP_KEEPCNT = 6;
  public static final int TCP_QUICKACK = 12;
  public static final int IPV6_MULTICAST_IF = 17;
  public static final int IPV6_MULTICAST_HOPS = 18;
  public static final int IPV6_MULTICAST_LOOP = 19;
  public static final int IPV6_ADD_MEMBERSHIP = 20;
  public static final int IPV6_DROP_MEMBERSHIP = 21;
  public static final int IPV6_V6ONLY = 26;
  public static final int IPV6_MULTICAST_ALL = 29;
  public static final int IPV6_TCLASS = 67;

  /** The most descriptors that one message can pass, {@code SCM_MAX_FD}. */
  public static final int SCM_MAX_FD = 253;

  // ioctl(2)
  public static final long FIONREAD = 0x541b;

  /** The longest value of an extended attribute in bytes. */
  public static final int XATTR_SIZE_MAX = 1 << 16;

  /** The most one transfer may carry, {@code MAX_RW_COUNT}: a page short of 2 GiB. */
  public static final int MAX_RW_COUNT = 0x7ffff000;

  /** The most buffers one vectored transfer may name, {@code UIO_MAXIOV}. */
  public static final int UIO_MAXIOV = 1024;

  private Constants() {}
}
