package io.ringspun.internal.kernel;

/** System calls that are rare enough to be made by number, see {@link Kernel#call}. */
public enum SystemCall {
  ACCEPT4(288, 242),
  BIND(49, 200),
  CLOCK_GETTIME(228, 113),
  CLOSE(3, 57),
  COPY_FILE_RANGE(326, 285),
  DUP3(292, 24),
  EPOLL_CREATE1(291, 20),
  EPOLL_CTL(233, 21),
  EPOLL_PWAIT(281, 22),
  EVENTFD2(290, 19),
  FACCESSAT(269, 48),
  FALLOCATE(285, 47),
  FCNTL(72, 25),
  FGETXATTR(193, 10),
  FSETXATTR(190, 7),
  FSTAT(5, 80),
  FSTATFS(138, 44),
  FTRUNCATE(77, 46),
  GETDENTS64(217, 61),
  GETPEERNAME(52, 205),
  GETRUSAGE(98, 165),
  GETSOCKNAME(51, 204),
  GETSOCKOPT(55, 209),
  GETTID(186, 178),
  GETXATTR(191, 8),
  INOTIFY_ADD_WATCH(254, 27),
  INOTIFY_INIT1(294, 26),
  INOTIFY_RM_WATCH(255, 28),
  IOCTL(16, 29),
  IO_URING_REGISTER(427, 427),
  LINKAT(265, 37),
  LISTEN(50, 201),
  LSEEK(8, 62),
  MADVISE(28, 233),
  MEMBARRIER(324, 283),
  MKDIRAT(258, 34),
  MMAP(9, 222),
  MUNMAP(11, 215),
  OPENAT(257, 56),
  OPENAT2(437, 437),
  PIDFD_OPEN(434, 434),
  PIPE2(293, 59),
  PPOLL(271, 73),
  PRCTL(157, 167),
  READ(0, 63),
  RENAMEAT2(316, 276),
  SCHED_GETAFFINITY(204, 123),
  SCHED_YIELD(24, 124),
  SENDFILE(40, 71),
  SETSOCKOPT(54, 208),
  SETXATTR(188, 5),
  STATX(332, 291),
  SYMLINKAT(266, 36),
  TGKILL(234, 131),
  UNLINKAT(263, 35),
  UTIMENSAT(280, 88),
  WAITID(247, 95);

  private final int onX86;
  private final int elsewhere;
  private final int number; // on this machine

  /**
   * Makes one.
   *
   * @param elsewhere its number in {@code asm-generic/unistd.h}, which is that of all kinds of
   *     machines that Linux has learned since, such as AArch64 and RISC-V
   */
  SystemCall(int onX86, int elsewhere) {
    this.onX86 = onX86;
    this.elsewhere = elsewhere;
    number = numberOn(Machine.CURRENT);
  }

  /** Returns the number on this machine. */
  int number() {
    return number;
  }

  /** Returns the number on a machine that is known. */
  int numberOn(Machine machine) {
    return machine == Machine.X86_64 ? onX86 : elsewhere;
  }
}
