package io.ringspun.internal.file;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.BlockingTask;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.lang.foreign.ValueLayout;

/**
 * Copies between two local files by {@code copy_file_range(2)}, for which io_uring has no
 * operation: the bytes stay in the kernel, and a file system that can share blocks copies none. A
 * little is copied on the calling thread while that is quick. More is copied where it may wait,
 * piece by piece, so that a close or an interrupt of the caller takes effect soon.
 */
public final class KernelCopy {
  private static final int INLINE_BYTES = 64 << 10;
  private static final int PIECE_BYTES = 16 << 20;

  private KernelCopy() {}

  /**
   * Copies as far as the kernel can.
   *
   * @return the number of bytes copied; fewer than asked for at the end of the file, on an
   *     interrupt, and where only a read and a write can do it, or tell what is wrong
   * @throws IOException if a ring or a file is closed
   */
  public static long run(OpenFile from, long position, OpenFile to, long toPosition, long count)
      throws IOException {
    if (!(from.handle() instanceof RawHandle source)
        || !(to.handle() instanceof RawHandle target)
        || !isSimple(from)
        || !isSimple(to)) {
      return 0;
    }
    Engine engine = source.engine();
    if (!engine.config().inlineAttempts()
        || !engine.inline().isLocal(source)
        || !engine.inline().isLocal(target)
        || Thread.currentThread().isInterrupted()) {
      return 0;
    }
    engine.requireUsable();
    Copy copy = new Copy(engine, source, position, target, toPosition, count);
    source.acquire();
    try {
      target.acquire();
      try {
        if (count > INLINE_BYTES || !copy.isDoneInline()) {
          BlockingTask.run(copy::doWaiting);
        }
        return copy.done;
      } finally {
        target.release();
      }
    } finally {
      source.release();
    }
  }

  private static boolean isSimple(OpenFile file) {
    OpenFlags flags = file.flags();
    return !flags.direct() && !flags.append() && !flags.writesSync() && file.timeoutNanos() == 0;
  }

  /** What is copied, and how far that is. */
  private static final class Copy {
    private final Engine engine;
    private final RawHandle from;
    private final long position;
    private final RawHandle to;
    private final long toPosition;
    private final long count;
    private long done; // by the calling thread or for it, and handed back with the task

    Copy(Engine engine, RawHandle from, long position, RawHandle to, long toPosition, long count) {
      this.engine = engine;
      this.from = from;
      this.position = position;
      this.to = to;
      this.toPosition = toPosition;
      this.count = count;
    }

    /** Copies a little on the calling thread; returns whether that is all there is. */
    boolean isDoneInline() throws IOException {
      long n = engine.inline().copy(from, position, to, toPosition, count);
      engine.countInline(n != -Errno.EAGAIN);
      done = Math.max(n, 0);
      return n != -Errno.EAGAIN && (n <= 0 || done == count);
    }

    /** Copies piece by piece, until the thread is interrupted or a file or the ring is closed. */
    void doWaiting() throws IOException {
      try (NativePool.Block positions = NativePool.take(2 * Long.BYTES)) {
        long in = positions.address();
        long out = in + Long.BYTES;
        long n = 1;
        while (n > 0
            && done < count
            && !Thread.currentThread().isInterrupted()
            && from.isOpen()
            && to.isOpen()
            && engine.isUsable()) {
          positions.memory().set(ValueLayout.JAVA_LONG, 0, position + done);
          positions.memory().set(ValueLayout.JAVA_LONG, Long.BYTES, toPosition + done);
          long length = Math.min(count - done, PIECE_BYTES);
          SystemCall call = SystemCall.COPY_FILE_RANGE;
          n = engine.kernel().call(call, from.fd(), in, to.fd(), out, length, 0);
          done += Math.max(n, 0);
        }
      }
    }
  }
}
