package io.ringspun.file;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import org.jspecify.annotations.Nullable;

/**
 * A channel of the JDK that does something in place of one of ours.
 *
 * @param channel the JDK's, closed with the owner
 * @param owner the one that the caller knows
 */
record StandIn(FileChannel channel, RingFileChannel owner) {

  /** Something that the JDK does to the file. */
  interface Action<T extends @Nullable Object> {
    T run(FileChannel channel) throws IOException;
  }

  <T extends @Nullable Object> T run(Action<T> action) throws IOException {
    try {
      return action.run(channel);
    } finally {
      if (!channel.isOpen()) {
        owner.close(); // an interrupt has closed the JDK's channel, so it closes the owner too
      }
    }
  }

  FileLock lock(long at, long size, boolean shared) throws IOException {
    return new Lock(owner, run(jdk -> jdk.lock(at, size, shared)));
  }

  @Nullable FileLock tryLock(long at, long size, boolean shared) throws IOException {
    FileLock lock = run(jdk -> jdk.tryLock(at, size, shared));
    return lock == null ? null : new Lock(owner, lock);
  }

  /** A lock of the JDK's channel, presented as one of its owner. */
  private static final class Lock extends FileLock {
    private final FileLock lock;

    Lock(RingFileChannel owner, FileLock lock) {
      super(owner, lock.position(), lock.size(), lock.isShared());
      this.lock = lock;
    }

    @Override
    public boolean isValid() {
      return lock.isValid();
    }

    @Override
    public void release() throws IOException {
      if (!acquiredBy().isOpen()) {
        throw new ClosedChannelException();
      }
      lock.release();
    }
  }
}
