package io.ringspun.internal.ring;

import io.ringspun.internal.inline.InlineMemory;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The rings of this process that are open. Safe for use by multiple concurrent threads. */
final class LiveRings {
  private static final List<Engine> RINGS = new CopyOnWriteArrayList<>();

  private LiveRings() {}

  static void add(Engine ring) {
    RINGS.add(ring);
  }

  static void remove(Engine ring) {
    RINGS.remove(ring);
  }

  /** Returns the rings that are open now; the list follows what is opened and closed. */
  static List<Engine> all() {
    return RINGS;
  }

  /** Waits until no thread is in a plain system call on a handle that is closed already. */
  static void awaitUnused(CountedDescriptor handle) {
    InlineMemory.awaitUnused(handle);
    for (Engine ring : RINGS) {
      ring.inline().awaitUnused(handle);
    }
  }

  /** Asks every ring to cancel what it has in flight, or is about to submit, on a descriptor. */
  static void cancelEverywhere(CountedDescriptor handle) {
    for (Engine ring : RINGS) {
      ring.give(new RingThread.CloseRequest(handle));
    }
  }
}
