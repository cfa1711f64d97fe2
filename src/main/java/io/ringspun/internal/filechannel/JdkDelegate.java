package io.ringspun.internal.filechannel;

import io.ringspun.file.RingFileChannel;
import io.ringspun.internal.ring.BlockingTask;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import org.jspecify.annotations.Nullable;

/**
 * A JDK channel on the same file as a {@link RingFileChannel}, which delegates to it what cannot be
 * done on a ring: mapping and locking, or everything where no ring is available.
 *
 * @param channel the JDK's channel; the owner closes it
 * @param owner the channel that the caller uses
 */
record JdkDelegate(FileChannel channel, RingFileChannel owner) {

  /** An operation of the JDK's channel. */
  interface Action<T extends @Nullable Object> {
    T run(FileChannel channel) throws IOException;
  }

  <T extends @Nullable Object> T run(Action<T> action) throws IOException {
    try {
      return action.run(channel);
    } finally {
      if (!channel.isOpen()) {
        owner.close(); // an interrupt has closed the JDK's channel
      }
    }
  }

  /**
   * Runs an action that may block. The thread that does it for a virtual thread may begin after
   * another has closed the channel: that is meanwhile, if it was open at the call.
   */
  <T extends @Nullable Object> T block(Action<T> action) throws IOException {
    return meanwhile(() -> BlockingTask.run(() -> run(action)));
  }

  private <T extends @Nullable Object> T meanwhile(BlockingTask.Action<T> call) throws IOException {
    boolean wasOpen = channel.isOpen();
    try {
      return call.run();
    } catch (ClosedChannelException e) {
      if (!wasOpen || e instanceof AsynchronousCloseException) {
        throw e;
      }
      AsynchronousCloseException closed = new AsynchronousCloseException();
      closed.initCause(e);
      throw closed;
    }
  }

  /**
   * Maps a part of the file. Only the owning thread can map into a confined arena, so then another
   * thread does only the part that may block for long, which is to extend the file.
   */
  MemorySegment map(FileChannel.MapMode mode, long offset, long size, Arena arena)
      throws IOException {
    return meanwhile(() -> mapInSteps(mode, offset, size, arena));
  }

  private MemorySegment mapInSteps(FileChannel.MapMode mode, long offset, long size, Arena arena)
      throws IOException {
    try {
      return block(jdk -> jdk.map(mode, offset, size, arena));
    } catch (WrongThreadException _) {
      // An interrupt is left to the JDK's map below.
      boolean mayGrow =
          mode == FileChannel.MapMode.READ_WRITE && !Thread.currentThread().isInterrupted();
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
