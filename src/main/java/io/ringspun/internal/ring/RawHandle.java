package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.NativePool;
import java.io.IOException;
import java.lang.foreign.ValueLayout;

/** A file descriptor of the process, which any ring can use. */
public final class RawHandle extends Handle {
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

  /** Puts it there by {@code IORING_OP_FILES_UPDATE}, which looks the descriptor up by itself. */
  @Override
  public int share(Engine target, long nanos) throws IOException {
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
  void giveBack() throws IOException {
    engine().closer().close(this);
  }

  @Override
  public String toString() {
    return "fd " + fd() + (isOpen() ? "" : " (closed)");
  }
}
