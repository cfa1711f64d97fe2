package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/**
 * The signal that gets a thread out of a system call that waits: the call fails with {@code EINTR}.
 * It is the one by which the JDK's own channels and sockets do so, {@code SIGRTMAX - 2}, with the
 * same kind of handler, which does nothing. Whoever of the two comes second finds it, or replaces
 * it by another that does nothing.
 */
public final class WakeSignal {
  static final int NUMBER = 62; // SIGRTMAX is 64

  /** {@code struct sigaction} of the C library. */
  static final StructLayout LAYOUT =
      structLayout(
          ADDRESS.withName("sa_handler"),
          sequenceLayout(128, JAVA_BYTE).withName("sa_mask"),
          JAVA_INT.withName("sa_flags"),
          paddingLayout(4),
          ADDRESS.withName("sa_restorer"));

  private static final long HANDLER = LAYOUT.byteOffset(groupElement("sa_handler"));
  private static final long FLAGS = LAYOUT.byteOffset(groupElement("sa_flags"));

  private static final long DEFAULT = 0; // SIG_DFL
  private static final long IGNORED = 1; // SIG_IGN
  private static final int SA_RESTART = 0x10000000;

  private static final boolean USABLE = install();

  private WakeSignal() {}

  /** Returns whether system calls end when the signal is sent. */
  public static boolean isUsable() {
    return USABLE;
  }

  /**
   * Sends the signal to a thread of this process, which must not have ended.
   *
   * @param thread its {@linkplain NativeThread#current number}
   */
  public static void send(Kernel kernel, int thread) {
    long process = ProcessHandle.current().pid();
    kernel.call(CallMemory.UNREAD, SystemCall.TGKILL, process, thread, NUMBER, 0, 0, 0);
  }

  /** Sets a handler unless there is one; returns whether calls will end. */
  private static boolean install() {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle sigaction =
          LinuxKernel.linkSavingErrno("sigaction", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
      MemorySegment errno = arena.allocate(16);
      MemorySegment action = arena.allocate(LAYOUT);
      int result = (int) sigaction.invokeExact(errno, NUMBER, MemorySegment.NULL, action);
      if (result != 0) {
        return false;
      }
      long handler = action.get(ADDRESS, HANDLER).address();
      if (handler != DEFAULT && handler != IGNORED) {
        return (action.get(JAVA_INT, FLAGS) & SA_RESTART) == 0;
      }
      action.fill((byte) 0);
      action.set(ADDRESS, HANDLER, LinuxKernel.doesNothing());
      return (int) sigaction.invokeExact(errno, NUMBER, action, MemorySegment.NULL) == 0;
    } catch (Throwable e) {
      throw LinuxKernel.broken(e);
    }
  }
}
