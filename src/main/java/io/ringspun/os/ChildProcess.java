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
 * A process to wait for, identified by a pidfd, which never refers to a later process with the same
 * number ({@code pidfd_open(2)}, Linux 5.3). A waiting virtual thread parks and occupies no
 * carrier.
 *
 * <p>{@link #awaitEnd} works for any process, not only for a child, and does not reap it. {@link
 * #reap} is for a child of the JVM that no other code reaps, such as one started by native code.
 * The JDK reaps the children that it starts, so get the exit status of a {@link Process} from
 * {@link Process#waitFor}, which returns soon after {@link #awaitEnd}.
 *
 * @since 0.1
 */
public final class ChildProcess extends SystemDescriptor {

  private ChildProcess(RawHandle handle, long timeoutNanos) {
    super(handle, timeoutNanos);
  }

  /**
   * Opens a process that is running, or that has ended and has not been reaped. Does not block.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param process the process; for a {@link Process}, its {@link Process#toHandle}
   * @return the process, for the caller to close
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ESRCH} if it no longer exists
   */
  public static ChildProcess open(Ring ring, ProcessHandle process) throws IOException {
    ChildProcess opened = open(ring, process.pid());
    if (!process.isAlive()) { // if it has already ended, its number may belong to another process
      opened.close();
      throw new OperationException("pidfd_open", Errno.ESRCH);
    }
    return opened;
  }

  /**
   * Opens a process by its number. Does not block. The number identifies the intended process only
   * until that process is reaped.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param pid the number
   * @return the process, for the caller to close
   * @throws IllegalArgumentException if the number is not positive or exceeds {@link
   *     Integer#MAX_VALUE}
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ESRCH} if there is no such process
   */
  public static ChildProcess open(Ring ring, long pid) throws IOException {
    if (pid < 1 || pid > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a process number must be from 1 to %d: %d".formatted(Integer.MAX_VALUE, pid));
    }
    return new ChildProcess(
        make(EngineAccess.of(ring), "pidfd_open", SystemCall.PIDFD_OPEN, pid, 0), 0);
  }

  /**
   * Takes ownership of a pidfd; see {@link RingFd#adopt}.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param fd the descriptor's number
   * @return the process, for the caller to close
   * @throws IllegalArgumentException if the number is negative
   */
  public static ChildProcess adopt(Ring ring, int fd) {
    return new ChildProcess(RingFd.adopted(ring, fd), 0);
  }

  /**
   * Returns a view of this process with a time limit on every call; see {@link RingFd#within}.
   *
   * @param limit positive
   * @return a view of this process
   * @throws IllegalArgumentException if not positive
   */
  public ChildProcess within(Duration limit) {
    return new ChildProcess(handle(), Arguments.timeoutNanos(limit));
  }

  /**
   * Blocks until the process has ended, whether it has been reaped or not ({@code
   * IORING_OP_POLL_ADD}, Linux 5.1).
   *
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public void awaitEnd() throws IOException {
    Readiness.await(handle(), Constants.POLLIN, Deadline.after(timeoutNanos()));
  }

  /**
   * Blocks until this child process has ended, and reaps it, which frees its number ({@code
   * IORING_OP_WAITID}, Linux 6.7; {@code POLL_ADD} and {@code waitid(2)} before).
   *
   * @return the exit status or the signal
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ECHILD} if it is not a child of the JVM, or has already been reaped
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
