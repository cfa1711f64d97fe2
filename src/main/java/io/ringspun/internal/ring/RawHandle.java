package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.kernel.WakeSignal;
import io.ringspun.internal.memory.NativePool;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/** A file descriptor of the process, which any ring can use. */
public final class RawHandle extends Handle {
  // Written under the monitor of this object while it is open, read by any thread.
  private volatile @Nullable KernelWait reader;
  private volatile @Nullable KernelWait writer;
  private volatile @Nullable PolledSocket polled;

  /**
   * Takes ownership of a descriptor.
   *
   * @param fd the descriptor, closed by {@link #close}
   * @param direct whether transfers go past the page cache, straight to a device
   * @param home the ring for operations of threads that no ring carries
   */
  public RawHandle(int fd, boolean direct, Engine home) {
    this(fd, direct, home, new SyncState());
  }

  RawHandle(int fd, boolean direct, Engine home, SyncState syncState) {
    super(fd, 0, direct, home, syncState);
  }

  /**
   * Makes interrupts behave as with a {@link java.net.Socket}: a platform thread's call continues,
   * and a virtual thread's call is cancelled only if it would block.
   */
  public RawHandle takingInterruptsAsJdk() {
    takesInterruptsAsJdk = true;
    return this;
  }

  /**
   * Returns where the calling thread may wait in the kernel by itself: a platform thread whose
   * interrupts have no effect, on a ring that allows system calls on the calling thread.
   *
   * @param reads whether it waits for bytes to arrive, not for room to send some
   * @return null if it must wait through the ring
   * @throws ClosedChannelException if this is closed
   */
  public @Nullable KernelWait kernelWait(boolean reads) throws ClosedChannelException {
    if (!takesInterruptsAsJdk()
        || Thread.currentThread().isVirtual()
        || !home().config().inlineAttempts()
        || !WakeSignal.isUsable()) {
      return null;
    }
    KernelWait made = reads ? reader : writer;
    return made != null ? made : makeKernelWait(reads);
  }

  private synchronized KernelWait makeKernelWait(boolean reads) throws ClosedChannelException {
    KernelWait made = reads ? reader : writer;
    if (made != null) {
      return made;
    }
    if (!isOpen()) {
      throw new ClosedChannelException(); // what is made now would not be found by the close
    }
    made = new KernelWait(home(), this);
    if (reads) {
      reader = made;
    } else {
      writer = made;
    }
    home().addKernelWait(made);
    return made;
  }

  /**
   * Returns where the calling thread may wait for bytes to arrive: for a virtual thread that no
   * ring carries, while the home ring is busy and allows system calls on the calling thread.
   *
   * @return null if it must wait through the ring
   */
  public @Nullable SocketPoller socketPoller() {
    return Thread.currentThread().isVirtual() && Engine.carryingCurrentThread() == null
        ? home().socketPoller()
        : null;
  }

  /**
   * Waits as {@link SocketPoller#await} does.
   *
   * @param poller what {@link #socketPoller} has returned
   */
  public boolean awaitArrival(SocketPoller poller, Deadline deadline) throws IOException {
    return poller.await(polledSocket(), this, deadline.limitNanos(), deadline.end());
  }

  private PolledSocket polledSocket() throws ClosedChannelException {
    PolledSocket made = polled;
    return made != null ? made : makePolledSocket();
  }

  private synchronized PolledSocket makePolledSocket() throws ClosedChannelException {
    PolledSocket made = polled;
    if (made == null) {
      if (!isOpen()) {
        throw new ClosedChannelException(); // what is made now would not be found by the close
      }
      made = new PolledSocket(fd());
      polled = made;
    }
    return made;
  }

  @Override
  synchronized void expelWaiting() {
    PolledSocket socket = polled;
    if (socket != null) {
      home().forgetPolled(socket);
    }
    expel(reader);
    expel(writer);
  }

  private void expel(@Nullable KernelWait wait) {
    if (wait != null) {
      wait.expel();
      home().removeKernelWait(wait);
    }
  }

  /** Puts it there by {@code IORING_OP_FILES_UPDATE}, which looks the descriptor up by itself. */
  @Override
  public int share(Engine target, long nanos) throws IOException {
    acquire();
    try {
      noteShared();
    } finally {
      release();
    }
    try (NativePool.Block number = NativePool.take(Integer.BYTES)) {
      number.memory().set(ValueLayout.JAVA_INT, 0, fd());
      Operation operation = target.single().on(this).lending(number).within(nanos).openEnded();
      operation.filesUpdate(number.address(), 1, Constants.IORING_FILE_INDEX_ALLOC);
      int result = operation.run();
      return result < 0 ? result : number.memory().get(ValueLayout.JAVA_INT, 0);
    }
  }

  @Override
  boolean isSeekable() {
    return home().kernel().call(SystemCall.LSEEK, fd(), 0, Constants.SEEK_CUR) != -Errno.ESPIPE;
  }

  @Override
  void setNonblocking(boolean nonblocking) {
    Kernel kernel = home().kernel();
    long flags = kernel.call(SystemCall.FCNTL, fd(), Constants.F_GETFL);
    if (flags >= 0) {
      long others = flags & ~Constants.O_NONBLOCK;
      long chosen = nonblocking ? others | Constants.O_NONBLOCK : others;
      kernel.call(SystemCall.FCNTL, fd(), Constants.F_SETFL, chosen);
    }
  }

  @Override
  void giveBack() throws IOException {
    engine().closer().close(this);
  }

  @Override
  public String toString() {
    return "fd " + fd() + (isOpen() ? "" : " (closed)");
  }
}
