package io.ringspun.os;

import io.ringspun.internal.kernel.Constants;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * An event for which a descriptor can be ready.
 *
 * @since 0.1
 */
public enum PollEvent {
  /** There is data to read or a connection to accept, or the end is reached ({@code POLLIN}). */
  READABLE(Constants.POLLIN),
  /** There is room to write, or a connection has been established ({@code POLLOUT}). */
  WRITABLE(Constants.POLLOUT),
  /** There is urgent data, such as out-of-band data ({@code POLLPRI}). */
  PRIORITY(Constants.POLLPRI),
  /** The peer will send no more ({@code POLLRDHUP}). */
  PEER_CLOSED(Constants.POLLRDHUP),
  /**
   * An error is pending, or the read end of the pipe is closed ({@code POLLERR}); always reported.
   */
  ERROR(Constants.POLLERR),
  /** The other end is closed ({@code POLLHUP}); always reported. */
  HANG_UP(Constants.POLLHUP);

  private final int bit;

  PollEvent(int bit) {
    this.bit = bit;
  }

  /** Returns the mask of requested events. */
  static int mask(PollEvent... events) {
    int bits = 0;
    for (PollEvent event : events) {
      bits |= event.bit;
    }
    if (bits == 0) {
      throw new IllegalArgumentException("at least one event is required");
    }
    return bits;
  }

  /**
   * Decodes the result of {@link Poll#awaitStep}.
   *
   * @param bits the result, not negative
   * @return the events that have constants here, unmodifiable
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
