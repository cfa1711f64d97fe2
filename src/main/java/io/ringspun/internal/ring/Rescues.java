package io.ringspun.internal.ring;

import org.jspecify.annotations.Nullable;

/**
 * How often the watchdog served a ring that was held, once for each time that it was held and there
 * was something to do. Written by the watchdog, and by the ring's thread when it ends.
 */
final class Rescues {
  private final String ring;
  private volatile long count; // written under the monitor

  // Guarded by this.
  private boolean lasting;
  private @Nullable RescuedRing event;

  Rescues(String ring) {
    this.ring = ring;
  }

  /** Any thread: returns how many there were. */
  long count() {
    return count;
  }

  /** Records what was done for the ring. The first time since {@link #end} begins a rescue. */
  synchronized void served(long submitted, long completed, long moved) {
    if (!lasting) {
      lasting = true;
      count++;
      event = FlightRecording.rescueBegins(ring);
    }
    RescuedRing current = event;
    if (current != null) {
      current.submitted += submitted;
      current.completed += completed;
      current.moved += moved;
    }
  }

  /** Records that the ring is not held any more. */
  synchronized void end() {
    RescuedRing current = event;
    lasting = false;
    event = null;
    if (current != null) {
      FlightRecording.rescueEnds(current);
    }
  }
}
