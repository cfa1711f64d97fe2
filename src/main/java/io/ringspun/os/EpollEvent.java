package io.ringspun.os;

import java.util.Set;

/**
 * An event of an {@link Epoll}: a descriptor is ready.
 *
 * @param data the value with which the descriptor was added
 * @param events the events for which it is ready
 * @since 0.1
 */
public record EpollEvent(long data, Set<PollEvent> events) {
  /**
   * Creates a record with an immutable copy of the set.
   *
   * @param data the value with which the descriptor was added
   * @param events the events for which it is ready
   */
  public EpollEvent {
    events = Set.copyOf(events);
  }
}
