package io.ringspun.os;

import io.ringspun.internal.kernel.Constants;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a descriptor can be ready for.
 *
 * @since 0.1
 */
public enum PollEvent {
  /** There is something to read or to accept, or the end is reached ({@code POLLIN}). */
  READABLE(Constants.POLLIN),
  /** There is room to write, or a connection has been made ({@code POLLOUT}). */
  WRITABLE(Constants.POLLOUT),
  /** There is something urgent, such as out-of-band data ({@code POLLPRI}). */
  PRIORITY(Constants.POLLPRI),
  /** The peer will send no more ({@code POLLRDHUP}). */
  PEER_CLOSED(Constants.POLLRDHUP),
  /** An error is pending, or nobody reads the pipe ({@code POLLERR}); always told. */
  ERROR(Constants.POLLERR),
  /** The other side is gone ({@code POLLHUP}); always told. */
  HANG_UP(Constants.POLLHUP);

  private final int bit;

  PollEvent(int bit) {
    this.bit = bit;
  }

  /** Returns the bits to ask for. */
  static int mask(PollEvent... events) {
    int bits = 0;
    for (PollEvent event : events) {
      bits |= event.bit;
    }
    if (bits == 0) {
      throw new IllegalArgumentException("there is no event to wait for");
    }
    return bits;
  }

  /**
   * Returns what the kernel tells by the result of {@link SystemSteps#poll}.
   *
   * @param bits the result, not negative
   * @return the events that are known here, unmodifiable
   */
  public static Set<PollEvent> of(int bits) {
    Set<PollEvent> events = EnumSet.noneOf(PollEvent.class);
    for (PollEvent event : values()) {
      if ((bits & event.bit) != 0) {
        events.add(event);
      }
    }
    return Collections.unmodifiableSet(events);
  }
}
