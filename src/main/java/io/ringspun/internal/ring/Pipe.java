package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.NativePool;
import java.io.IOException;
import java.lang.foreign.ValueLayout;

/**
 * The ends of a pipe of the process.
 *
 * @param source where to read from
 * @param sink where to write to
 */
public record Pipe(RawHandle source, RawHandle sink) implements AutoCloseable {
  private static final int ENDS_BYTES = 2 * Integer.BYTES;

  /**
   * Opens one. Does not block.
   *
   * @param home the home ring of both ends
   * @throws ErrnoException if the kernel refuses
   * @throws IOException if the ring is closed or has failed, or the thread is interrupted
   */
  public static Pipe open(Engine home) throws IOException, ErrnoException {
    try (NativePool.Block ends = NativePool.take(ENDS_BYTES)) {
      int result;
      if (home.capabilities().has(Opcode.PIPE)) {
        result =
            home.single()
                .lending(ends)
                .run((operation, _) -> operation.pipe(ends.address(), Constants.O_CLOEXEC));
      } else {
        home.requireUsable();
        result = (int) home.kernel().call(SystemCall.PIPE2, ends.address(), Constants.O_CLOEXEC);
      }
      if (result < 0) {
        throw new ErrnoException("pipe", -result);
      }
      return new Pipe(end(home, ends, 0), end(home, ends, 1));
    }
  }

  private static RawHandle end(Engine home, NativePool.Block ends, int index) {
    int fd = ends.memory().getAtIndex(ValueLayout.JAVA_INT, index);
    RawHandle handle = new RawHandle(fd, false, home);
    handle.noteStream();
    return handle;
  }

  /** Closes both ends, the sink first. */
  @Override
  public void close() throws IOException {
    try {
      sink.close();
    } finally {
      source.close();
    }
  }
}
