package io.ringspun.os;

import java.util.Set;

/**
 * A descriptor of an {@link Epoll} is ready.
 *
 * @param data what it was added with
 * @param events what it is ready for
 * @since 0.1
 */
public record EpollEvent(long data, Set<PollEvent> events) {
  /**
   * Makes an event whose set cannot be changed.
   *
   * @param data as above
   * @param events as above
   */
  public EpollEvent {
    events = Set.copyOf(events);
  }
}
