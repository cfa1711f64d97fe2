package io.ringspun.testing;

import io.ringspun.Ring;

/** The kinds of threads that may call a ring. */
public enum Caller {
  /** A virtual thread that the ring carries, where it can. */
  CARRIED {
    @Override
    public Thread start(Ring ring, Runnable task) {
      return ring.startVirtualThread(task);
    }
  },
  /** A virtual thread of the default scheduler. */
  VIRTUAL {
    @Override
    public Thread start(Ring ring, Runnable task) {
      return Thread.ofVirtual().start(task);
    }
  },
  PLATFORM {
    @Override
    public Thread start(Ring ring, Runnable task) {
      return Thread.ofPlatform().daemon().start(task);
    }
  };

  /** Starts a thread of this kind. */
  public abstract Thread start(Ring ring, Runnable task);
}
