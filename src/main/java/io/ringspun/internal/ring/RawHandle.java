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

  /**
   * Has interrupts do what they do to a {@link java.net.Socket}: a platform thread's call goes on,
   * and a virtual thread's is cancelled only if it would have to wait.
   */
  public RawHandle takingInterruptsAsJdk() {
    takesInterruptsAsJdk = true;
    return this;
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
