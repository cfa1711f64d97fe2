package io.ringspun.os;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.SigInfo;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.time.Duration;

/**
 * A process to wait for, by a descriptor that stands for it and for no other that might get its
 * number later ({@code pidfd_open(2)}, Linux 5.3). Waiting needs no thread.
 *
 * <p>{@link #awaitEnd} takes nothing from anybody and is for any process. {@link #reap} is for
 * children that nobody else reaps, such as those of native code. The JDK reaps the children that it
 * starts, so how a {@link Process} has ended is told by {@link Process#waitFor}, which does not
 * block for long after {@link #awaitEnd} has returned.
 *
 * @since 0.1
 */
public final class ChildProcess extends SystemDescriptor {

  private ChildProcess(RawHandle handle, long timeoutNanos) {
    super(handle, timeoutNanos);
  }

  /**
   * Opens a process that is running, or has ended and was not reaped.
   *
   * @param ring the home ring
   * @param process which; of a {@link Process}, its {@link Process#toHandle}
   * @return the process, for the caller to close
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ESRCH} if it is gone
   */
  public static ChildProcess open(Ring ring, ProcessHandle process) throws IOException {
    ChildProcess opened = open(ring, process.pid());
    if (!process.isAlive()) { // gone before, perhaps: then its number may mean another one
      opened.close();
      throw new OperationException("pidfd_open", Errno.ESRCH);
    }
    return opened;
  }

  /**
   * Opens a process by its number, which means what the caller thinks only as long as it has not
   * been reaped.
   *
   * @param ring the home ring
   * @param pid the number
   * @return the process, for the caller to close
   * @throws IllegalArgumentException if the number is not positive
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ESRCH} if there is none
   */
  public static ChildProcess open(Ring ring, long pid) throws IOException {
    if (pid < 1 || pid > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("no process has this number: " + pid);
    }
    return new ChildProcess(
        make(EngineAccess.of(ring), "pidfd_open", SystemCall.PIDFD_OPEN, pid, 0), 0);
  }

  /**
   * Takes charge of a descriptor that stands for a process; see {@link RingFd#adopt}.
   *
   * @param ring the home ring
   * @param fd its number
   * @return the process, for the caller to close
   * @throws IllegalArgumentException if the number is negative
   */
  public static ChildProcess adopt(Ring ring, int fd) {
    return new ChildProcess(RingFd.adopted(ring, fd), 0);
  }

  /**
   * Returns this process with a time limit on every call; see {@link RingFd#withTimeout}.
   *
   * @param limit positive
   * @return another view of this process
   * @throws IllegalArgumentException if not positive
   */
  public ChildProcess withTimeout(Duration limit) {
    return new ChildProcess(handle(), Arguments.timeoutNanos(limit));
  }

  /**
   * Waits until the process has ended, reaped or not ({@code IORING_OP_POLL_ADD}, Linux 5.1).
   *
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public void awaitEnd() throws IOException {
    Readiness.await(handle(), Constants.POLLIN, Deadline.after(timeoutNanos()));
  }

  /**
   * Waits until a child of this process has ended, and takes what it leaves, so that its number is
   * free for another ({@code IORING_OP_WAITID}, Linux 6.7; {@code POLL_ADD} and {@code waitid(2)}
   * before).
   *
   * @return how it has ended
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ECHILD} if it is no child of this process, or somebody else has reaped it
   */
  public ProcessEnd reap() throws IOException {
    try (NativePool.Block block = NativePool.take(SigInfo.SIZE_BYTES)) {
      int result;
      if (handle().engine().capabilities().has(Opcode.WAITID)) {
        result =
            transfer(
                Constants.POLLIN,
                (operation, fd) ->
                    operation.waitid(Constants.P_PIDFD, fd, block.address(), Constants.WEXITED),
                block);
        check("waitid", result);
      } else {
        awaitEnd();
        call(
            "waitid",
            SystemCall.WAITID,
            Constants.P_PIDFD,
            handle().fd(),
            block.address(),
            Constants.WEXITED | Constants.WNOHANG,
            0);
      }
      return ProcessEnd.of(block.memory());
    }
  }
}
