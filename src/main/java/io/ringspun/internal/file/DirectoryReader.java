package io.ringspun.internal.file;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.BlockingTask;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

/**
 * Reads the names in an open directory by {@code getdents64(2)}, for which io_uring has no
 * operation: on the calling thread while that is quick, otherwise where it may wait. Used by one
 * thread at a time.
 */
public final class DirectoryReader {
  private static final int FIRST_CHUNK_BYTES = 4 << 10; // enough for most directories
  private static final int CHUNK_BYTES = 32 << 10;

  // struct linux_dirent64
  private static final int RECORD_LENGTH = 16;
  private static final int NAME = 19;

  private final RawHandle directory;
  private byte[] chunk = new byte[FIRST_CHUNK_BYTES];

  /** Reads from where the descriptor stands, which nobody else may move. */
  public DirectoryReader(RawHandle directory) {
    this.directory = directory;
  }

  /**
   * Reads more names, without those of the directory itself and of the one above it.
   *
   * @return none at the end
   */
  public Queue<byte[]> next() throws IOException {
    Queue<byte[]> names = new ArrayDeque<>();
    int n;
    do {
      n = read();
      addNames(names, n);
      if (n > chunk.length / 2) {
        chunk = new byte[CHUNK_BYTES];
      }
    } while (n > 0 && names.isEmpty());
    return names;
  }

  private int read() throws IOException {
    Engine engine = directory.engine();
    if (engine.config().inlineAttempts()) {
      engine.requireUsable();
      int n = (int) engine.inline().entries(directory, chunk);
      engine.countInline(n != -Errno.EAGAIN);
      if (n != -Errno.EAGAIN) {
        return checked(n);
      }
    }
    return checked(BlockingTask.run(() -> readWaiting(engine)));
  }

  private int readWaiting(Engine engine) throws IOException {
    int room = chunk.length;
    directory.acquire();
    try (NativePool.Block block = NativePool.take(room)) {
      long address = block.address();
      int n = (int) engine.kernel().call(SystemCall.GETDENTS64, directory.fd(), address, room);
      if (n > 0) {
        MemorySegment.copy(block.memory(), ValueLayout.JAVA_BYTE, 0, chunk, 0, n);
      }
      return n;
    } finally {
      directory.release();
    }
  }

  private static int checked(int result) throws IOException {
    // A directory that has been removed has no entries.
    return result == -Errno.ENOENT ? 0 : FileErrors.check("getdents64", result);
  }

  private void addNames(Queue<byte[]> names, int length) {
    ByteBuffer records = ByteBuffer.wrap(chunk).order(ByteOrder.nativeOrder());
    int at = 0;
    while (at < length) {
      int start = at + NAME;
      int end = start;
      while (chunk[end] != 0) {
        end++;
      }
      if (!isDots(start, end)) {
        names.add(Arrays.copyOfRange(chunk, start, end));
      }
      at += Short.toUnsignedInt(records.getShort(at + RECORD_LENGTH));
    }
  }

  private boolean isDots(int start, int end) {
    int length = end - start;
    return chunk[start] == '.' && (length == 1 || (length == 2 && chunk[start + 1] == '.'));
  }
}
