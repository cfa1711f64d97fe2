package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Errno;
import java.io.IOException;

/**
 * The ways to close a descriptor and to empty a slot of a ring's table. They differ in the thread
 * that waits if the kernel makes the close wait. Safe for use by multiple concurrent threads; an
 * interrupt ends none of these waits.
 */
public final class DescriptorCloser {
  private final Engine engine;

  DescriptorCloser(Engine engine) {
    this.engine = engine;
  }

  /**
   * Closes the descriptor of a handle that nobody uses any more: on the calling thread if it is a
   * local file, else as {@link #close(int)} does.
   *
   * @throws IOException if the kernel reports that data was lost
   */
  void close(CountedDescriptor handle) throws IOException {
    long result = engine.config().inlineAttempts() ? engine.inline().close(handle) : -Errno.EAGAIN;
    if (result == -Errno.EAGAIN) {
      close(handle.fd());
    } else {
      check((int) result);
    }
  }

  /**
   * Closes a descriptor through the ring, so that a file system that writes back on close does not
   * hold the calling thread; by {@code close(2)} where the ring is closed or has failed.
   *
   * @throws IOException if the kernel reports that data was lost
   */
  public void close(int fd) throws IOException {
    if (engine.pollsDevices()) {
      closeDirectly(fd);
      return;
    }
    Operation operation = engine.single();
    operation.close(fd);
    int result = operation.runUncancellable();
    // Cancelled, it never started: the ring was closed first.
    check(result == -Errno.ECANCELED ? engine.kernel().close(fd) : result);
  }

  /**
   * Closes a descriptor by {@code close(2)} on the calling thread. Descriptors of rings need this,
   * since {@code IORING_OP_CLOSE} refuses them.
   *
   * @throws IOException if the kernel reports an error
   */
  public void closeDirectly(int fd) throws IOException {
    check(engine.kernel().close(fd));
  }

  /**
   * Closes a descriptor by {@code close(2)} although that may wait for a peer: on a thread of its
   * own if the caller is a virtual thread, which waits for it. On a ring the close would block the
   * ring's thread, or would not wait at all.
   *
   * @throws IOException if the kernel reports an error
   */
  public void closeLingering(int fd) throws IOException {
    if (!Thread.currentThread().isVirtual()) {
      closeDirectly(fd);
      return;
    }
    Offload<Integer> closing = Offload.start(() -> engine.kernel().close(fd));
    Engine.awaitUninterruptibly(closing::isDone);
    check(closing.resultNow());
  }

  /** Closes a descriptor by {@code close(2)} on a thread of its own, without waiting for it. */
  public void closeInBackground(int fd) {
    var _ = Offload.start(() -> engine.kernel().close(fd));
  }

  /**
   * Empties a slot of the ring's table of files, and gives it back. A closed ring has closed its
   * table.
   *
   * @throws IOException if the kernel refuses
   */
  public void empty(int slot) throws IOException {
    int result = emptied(slot);
    if (result != -Errno.ECANCELED) {
      check(result);
    }
  }

  /**
   * Empties a slot as {@link #empty} does, if there is anything in it.
   *
   * @throws IOException if the kernel refuses
   */
  public void emptyIfFilled(int slot) throws IOException {
    int result = emptied(slot);
    if (result != -Errno.ECANCELED && result != -Errno.EBADF) {
      check(result);
    }
  }

  private int emptied(int slot) {
    Operation operation = engine.single();
    operation.closeRegistered(slot);
    int result = operation.runUncancellable();
    engine.thread().files().giveBack(slot);
    return result;
  }

  /**
   * Closes a descriptor that a failed call has opened, best effort: its caller gets the original
   * error.
   */
  void closeOpened(Call call) {
    for (Operation operation : call.operations) {
      if (operation.result >= 0 && operation.opensDescriptor()) {
        try {
          engine.kernel().close(operation.result);
        } catch (Throwable _) {
          // The caller's stack is full: the descriptor stays open.
        }
      }
    }
  }

  private static void check(int result) throws IOException {
    if (result < 0 && result != -Errno.EINTR) { // after EINTR the descriptor is closed nevertheless
      throw new IOException("close failed: " + Errno.describe(-result));
    }
  }
}
