package io.ringspun.internal.ring;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/** A file descriptor of the process, which any ring can use. */
public final class RawHandle extends Handle {
  /**
   * Takes charge of a descriptor.
   *
   * @param fd the descriptor, closed by {@link #close}
   * @param direct whether transfers go past the page cache, straight to a device
   * @param home the ring for operations of threads that no ring carries
   */
  public RawHandle(int fd, boolean direct, Engine home) {
    this(fd, direct, home, new AtomicInteger());
  }

  RawHandle(int fd, boolean direct, Engine home, AtomicInteger failedSync) {
    super(fd, 0, direct, home, failedSync);
  }

  @Override
  void giveBack() throws IOException {
    engine().closeDescriptor(fd());
  }

  @Override
  public String toString() {
    return "fd " + fd() + (isOpen() ? "" : " (closed)");
  }
}
