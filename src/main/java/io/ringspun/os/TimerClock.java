package io.ringspun.os;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.kernel.Timespec;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Engine;
import java.io.IOException;
import java.time.Duration;

/**
 * The clock of a {@link RingTimer} or a {@link Ticker}.
 *
 * @since 0.1
 */
public enum TimerClock {
  /** Runs steadily, but stops while the machine is suspended ({@code CLOCK_MONOTONIC}). */
  MONOTONIC(Constants.CLOCK_MONOTONIC, 0),
  /** Runs steadily, even while the machine is suspended ({@code CLOCK_BOOTTIME}, Linux 5.15). */
  BOOTTIME(Constants.CLOCK_BOOTTIME, Constants.IORING_TIMEOUT_BOOTTIME),
  /** The time of day, which may be set ({@code CLOCK_REALTIME}, Linux 5.15). */
  REALTIME(Constants.CLOCK_REALTIME, Constants.IORING_TIMEOUT_REALTIME);

  private final int number;
  private final int flag;

  TimerClock(int number, int flag) {
    this.number = number;
    this.flag = flag;
  }

  /** Returns the {@code IORING_TIMEOUT_} flag for it. */
  int flag() {
    return flag;
  }

  /** Returns the time since the clock's origin. */
  Duration now(Engine ring) throws IOException {
    try (NativePool.Block block = NativePool.take(Timespec.SIZE_BYTES)) {
      long result = ring.kernel().call(SystemCall.CLOCK_GETTIME, number, block.address());
      SystemDescriptor.check("clock_gettime", (int) result);
      return Timespec.get(block.memory());
    }
  }
}
