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
        || !engine.inline().isLocal(target)) {
      return 0;
    }
    long done = 0;
    while (done < count && !Thread.currentThread().isInterrupted()) {
      engine.requireUsable();
      long length = Math.min(count - done, PIECE_BYTES);
      long n = copy(engine, source, position + done, target, toPosition + done, length);
      if (n <= 0) {
        break;
      }
      done += n;
    }
    return done;
  }

  private static boolean isSimple(OpenFile file) {
    OpenFlags flags = file.flags();
    return !flags.direct() && !flags.append() && !flags.writesSync() && file.timeoutNanos() == 0;
  }

  private static long copy(
      Engine engine, RawHandle from, long position, RawHandle to, long toPosition, long length)
      throws IOException {
    from.acquire();
    try {
      to.acquire();
      try {
        if (length <= INLINE_BYTES) {
          long n = engine.inline().copy(from, position, to, toPosition, length);
          engine.countInline(n != -Errno.EAGAIN);
          if (n != -Errno.EAGAIN) {
            return n;
          }
        }
        return BlockingTask.run(() -> copyWaiting(engine, from, position, to, toPosition, length));
      } finally {
        to.release();
      }
    } finally {
      from.release();
    }
  }

  private static long copyWaiting(
      Engine engine, RawHandle from, long position, RawHandle to, long toPosition, long length) {
    try (NativePool.Block positions = NativePool.take(2 * Long.BYTES)) {
      positions.memory().set(ValueLayout.JAVA_LONG, 0, position);
      positions.memory().set(ValueLayout.JAVA_LONG, Long.BYTES, toPosition);
      long in = positions.address();
      long out = in + Long.BYTES;
      SystemCall call = SystemCall.COPY_FILE_RANGE;
      return engine.kernel().call(call, from.fd(), in, to.fd(), out, length, 0);
    }
  }
}
