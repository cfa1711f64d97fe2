package io.ringspun.internal.file;

import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.LentVector;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RegisteredMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Transfers to or from several pieces of memory at once: {@code READV} and {@code WRITEV}, or
 * {@code READV_FIXED} and {@code WRITEV_FIXED} where the pieces are registered.
 */
public final class Vector {
  private Vector() {}

  /** Reads what one operation gives: 0 at the end. */
  public static long read(OpenFile file, MemorySegment[] targets, long position)
      throws IOException {
    return transfer(file, targets, null, position, true);
  }

  /** Reads into parts of pools' buffers. */
  public static long read(
      OpenFile file, MemorySegment[] targets, LentBuffer[] buffers, long position)
      throws IOException {
    return transfer(file, targets, buffers, position, true);
  }

  /** Writes what one operation takes. */
  public static long write(OpenFile file, MemorySegment[] sources, long position)
      throws IOException {
    return transfer(file, sources, null, position, false);
  }

  /** Writes from parts of pools' buffers. */
  public static long write(
      OpenFile file, MemorySegment[] sources, LentBuffer[] buffers, long position)
      throws IOException {
    return transfer(file, sources, buffers, position, false);
  }

  private static long transfer(
      OpenFile file,
      MemorySegment[] pieces,
      LentBuffer @Nullable [] buffers,
      long position,
      boolean fills)
      throws IOException {
    long total = 0;
    for (MemorySegment piece : pieces) {
      total += piece.byteSize();
    }
    Arguments.requirePosition(position, total);
    try (LentVector vector = LentVector.of(pieces, fills, 0)) {
      if (vector.count() == 0) {
        throw new IllegalArgumentException("there is nothing to transfer: all buffers are empty");
      }
      Engine engine = file.engine();
      int slot = buffers == null ? RegisteredMemory.NONE : LentBuffer.slot(buffers, engine);
      int n =
          engine
              .single()
              .on(file.handle())
              .lending(buffers == null ? vector : new Object[] {vector, buffers})
              .within(file.timeoutNanos())
              .run(
                  (op, fd) ->
                      encode(op, fd, vector.address(), vector.count(), position, fills, slot));
      FileErrors.check(fills ? "readv" : "writev", n);
      if (fills) {
        vector.filled(n);
      }
      return n;
    }
  }

  private static void encode(
      Operation operation, int fd, long vector, int count, long position, boolean fills, int slot) {
    if (slot == RegisteredMemory.NONE) {
      if (fills) {
        operation.readv(fd, vector, count, position);
      } else {
        operation.writev(fd, vector, count, position);
      }
    } else if (fills) {
      operation.readvFixed(fd, vector, count, position, slot);
    } else {
      operation.writevFixed(fd, vector, count, position, slot);
    }
  }
}
