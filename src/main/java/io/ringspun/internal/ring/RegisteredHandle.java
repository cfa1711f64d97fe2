package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A file or socket in a slot of a ring's table, without a descriptor in the process. Only that ring
 * can use it, so it gets the operations of all threads, those that other rings carry too.
 *
 * <p>The kernel chooses the slot and answers an open with it: it cannot give away one that is
 * taken, nor put one file in another's place. It gives a slot away again as soon as it is closed;
 * that is after the last operation has completed, since {@link #close} waits for the users. Those
 * that are not the kernel's to choose, {@link FileTable} gives away by the same rule.
 */
public final class RegisteredHandle extends Handle {
  private final Engine ring;

  /** Empty or of one; threads that are the first together make one each. */
  private final Queue<RawHandle> descriptors = new ConcurrentLinkedQueue<>();

  /**
   * Takes ownership of a slot that its {@link FileTable} counts.
   *
   * @param slot its number, emptied by {@link #close}
   * @param direct whether transfers go past the page cache, straight to a device
   * @param ring whose table it is of
   */
  public RegisteredHandle(int slot, boolean direct, Engine ring) {
    this(slot, direct, ring, new SyncState());
  }

  RegisteredHandle(int slot, boolean direct, Engine ring, SyncState syncState) {
    super(slot, Constants.IOSQE_FIXED_FILE, direct, ring, syncState);
    this.ring = ring;
  }

  /** Records that closing the socket may block for its peer, in the thread that closes it last. */
  public void noteLinger() {
    cleaner.noteLinger();
  }

  /** Returns whether {@link #noteLinger} was called. */
  public boolean mayLinger() {
    return cleaner.mayLinger();
  }

  @Override
  void setNonblocking(boolean nonblocking) {
    throw new AssertionError("a slot's number means nothing to fcntl");
  }

  @Override
  public int share(Engine target, long nanos) throws IOException {
    int number = target.duplicate();
    if (number < 0) {
      return number;
    }
    RawHandle address = new RawHandle(number, false, ring);
    try {
      return ring.single()
          .on(address)
          .with(this)
          .within(nanos)
          .run((op, to) -> op.sendRegistered(to, fd(), Constants.IORING_MSG_RING_CQE_SKIP));
    } finally {
      address.close((ring, fd) -> ring.closer().closeDirectly(fd));
    }
  }

  /**
   * Ends this as {@link #close} does, but leaves in the slot what is there, for another handle.
   *
   * @param direct whether transfers go past the page cache, straight to a device
   * @throws IOException if this is closed already
   */
  public RegisteredHandle successor(boolean direct) throws IOException {
    boolean[] isFirst = {false};
    close((_, _) -> isFirst[0] = true);
    if (!isFirst[0]) {
      throw new ClosedChannelException();
    }
    RegisteredHandle next = new RegisteredHandle(fd(), direct, ring, syncState);
    if (waitsForPeers()) {
      next.noteStream();
    }
    return next;
  }

  /** Makes a descriptor of the process for the file, and returns its number. */
  public interface Installation {
    /** Does so. */
    int run() throws IOException;
  }

  /**
   * Returns a descriptor for what cannot do without: made at the first call, closed with this. To
   * close it sooner would release all locks that the process has on the file, as closing any
   * descriptor of a file does (fcntl(2)).
   */
  public RawHandle descriptor(Installation installation) throws IOException {
    RawHandle made = descriptors.peek();
    if (made == null) {
      acquire(); // so that a close waits for what is added
      try {
        made = installed(installation.run());
        descriptors.add(made);
      } finally {
        release();
      }
    }
    return made;
  }

  /** Takes ownership of a descriptor that was made for this file or socket. */
  public RawHandle installed(int fd) {
    return new RawHandle(fd, isDirect(), ring, syncState);
  }

  /**
   * No system call accepts a slot, so a descriptor that may wait for a peer is {@linkplain
   * #noteStream recorded}.
   */
  @Override
  void expelWaiting() {} // a slot's number means nothing to a thread

  @Override
  boolean isSeekable() {
    return true;
  }

  @Override
  void giveBack() throws IOException {
    try {
      ring.closer().empty(fd());
    } finally {
      for (RawHandle made = descriptors.poll(); made != null; made = descriptors.poll()) {
        made.close();
      }
    }
  }

  @Override
  public String toString() {
    return "slot %d of %s%s".formatted(fd(), ring, isOpen() ? "" : " (closed)");
  }
}
