package io.ringspun.internal.kernel;

import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * How long threads of this process have had a processor, by {@code clock_gettime(2)}. Used by one
 * thread at a time.
 */
public final class ThreadClock {
  private static final int OF_ONE_THREAD = 4; // CPUCLOCK_PERTHREAD_MASK
  private static final int SCHEDULED = 2; // CPUCLOCK_SCHED: in nanoseconds, not in ticks

  private final MemorySegment time = Timespec.of(Duration.ZERO);

  /**
   * Returns how long a thread has run.
   *
   * @param number the thread's, see {@link NativeThread#current}
   * @return nanoseconds, or 0 if the thread has ended
   */
  public long nanos(int number) {
    int clock = ~number << 3 | OF_ONE_THREAD | SCHEDULED;
    long result = LinuxKernel.INSTANCE.call(SystemCall.CLOCK_GETTIME, clock, time.address());
    return result < 0 ? 0 : Timespec.nanos(time);
  }
}
