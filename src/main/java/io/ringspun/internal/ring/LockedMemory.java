package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Errno;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * Retries of requests whose memory counts against the limit on locked memory ({@code
 * RLIMIT_MEMLOCK}). The kernel uncharges the memory of a closed ring or registration some time
 * after the close has returned, in a worker. So a refusal may be due to memory that has already
 * been released, and is accepted only after retries for a while.
 */
final class LockedMemory {
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(80);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private LockedMemory() {}

  /**
   * Asks until the answer is another than that there is no memory, or the time is up. Blocks
   * meanwhile; an interrupt does not end the wait.
   *
   * @param request returns what the kernel answered: a negated errno if it refused
   * @return the last answer
   */
  static int ask(IntSupplier request) {
    int answer = request.getAsInt();
    if (answer != -Errno.ENOMEM) {
      return answer;
    }
    Waiter me = Waiter.current();
    boolean interrupted = false;
    long start = System.nanoTime();
    while (answer == -Errno.ENOMEM && System.nanoTime() - start < PATIENCE_NANOS) {
      interrupted |= Thread.interrupted(); // or the thread would not park
      me.park(PAUSE_NANOS);
      answer = request.getAsInt();
    }
    if (interrupted) {
      me.thread().interrupt();
    }
    return answer;
  }
}
