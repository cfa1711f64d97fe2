package io.ringspun.internal.filechannel;

import io.ringspun.file.RingFileChannel;
import io.ringspun.internal.ring.BlockingTask;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

  /** Has the JDK do something that may wait. */
  <T extends @Nullable Object> T block(Action<T> action) throws IOException {
    return BlockingTask.run(() -> run(action));
  }

  /**
   * Maps a part of the file. An arena that is confined to the calling thread lets no other one map,
   * so there that other one at least has the file grow.
   */
  MemorySegment map(FileChannel.MapMode mode, long offset, long size, Arena arena)
      throws IOException {
    try {
      return block(jdk -> jdk.map(mode, offset, size, arena));
    } catch (WrongThreadException _) {
      boolean mayGrow =
          mode == FileChannel.MapMode.READ_WRITE
              && !Thread.currentThread().isInterrupted(); // which the JDK takes below
      if (mayGrow && run(FileChannel::size) < offset + size) {
        block(
            jdk -> {
              try (Arena another = Arena.ofShared()) {
                return jdk.map(mode, offset, size, another).byteSize();
              }
            });
      }
      return run(jdk -> jdk.map(mode, offset, size, arena));
    }
  }

  FileLock lock(long at, long size, boolean shared) throws IOException {
    return new Lock(owner, block(jdk -> jdk.lock(at, size, shared)));
  }

  @Nullable FileLock tryLock(long at, long size, boolean shared) throws IOException {
    FileLock lock = block(jdk -> jdk.tryLock(at, size, shared));
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
      BlockingTask.run(lock::release);
    }
  }
}
