package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.ring.Arguments;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Loan;
import io.ringspun.internal.ring.NativePool;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RegisteredMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Transfers to or from several pieces of memory at once: {@code READV} and {@code WRITEV}, or
 * {@code READV_FIXED} and {@code WRITEV_FIXED} where the pieces are registered.
 */
final class Vector {
  private static final long IOVEC_BYTES = 16;

  private Vector() {}

  /** Reads what one operation gives: 0 at the end. */
  static long read(RingFile file, MemorySegment[] targets, long position) throws IOException {
    return transfer(file, targets, null, position, true);
  }

  /** Reads likewise, into parts of pools' buffers. */
  static long read(RingFile file, MemorySegment[] targets, LentBuffer[] buffers, long position)
      throws IOException {
    return transfer(file, targets, buffers, position, true);
  }

  /** Writes what one operation takes. */
  static long write(RingFile file, MemorySegment[] sources, long position) throws IOException {
    return transfer(file, sources, null, position, false);
  }

  /** Writes likewise, from parts of pools' buffers. */
  static long write(RingFile file, MemorySegment[] sources, LentBuffer[] buffers, long position)
      throws IOException {
    return transfer(file, sources, buffers, position, false);
  }

  private static long transfer(
      RingFile file,
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
    List<Loan> loans = new ArrayList<>();
    NativePool.Block vector =
        NativePool.take(IOVEC_BYTES * Math.clamp(pieces.length, 1, Constants.UIO_MAXIOV));
    boolean settled = file.isRingFailed(); // then nothing will be lent
    try {
      lend(pieces, fills, loans, vector.memory());
      if (loans.isEmpty()) {
        settled = true;
        throw new IllegalArgumentException("there is nothing to transfer: all buffers are empty");
      }
      int count = loans.size();
      Object lent = List.of(vector, loans);
      Engine engine = file.engine();
      int slot = buffers == null ? RegisteredMemory.NONE : LentBuffer.slot(buffers, engine);
      int n =
          file.runRaw(
              engine,
              op -> encode(op, file.fd(), vector.address(), count, position, fills, slot),
              lent);
      settled = true;
      RingFile.check(fills ? "readv" : "writev", n);
      if (fills) {
        long left = n;
        for (Loan loan : loans) {
          loan.filled(Math.min(left, loan.byteSize()));
          left -= Math.min(left, loan.byteSize());
        }
      }
      return n;
    } finally {
      if (settled || !file.isRingFailed()) {
        loans.forEach(Loan::close);
        vector.close();
      }
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

  /** Lends as many pieces as one operation takes, passing over empty ones. */
  private static void lend(
      MemorySegment[] pieces, boolean fills, List<Loan> loans, MemorySegment vector) {
    long total = 0;
    for (MemorySegment piece : pieces) {
      long size = Math.min(piece.byteSize(), Constants.MAX_RW_COUNT - total);
      if (loans.size() == Constants.UIO_MAXIOV || (size == 0 && piece.byteSize() > 0)) {
        return;
      }
      if (size == 0) {
        continue;
      }
      Loan loan = fills ? Loan.toFill(piece, size) : Loan.toDrain(piece, size);
      long at = IOVEC_BYTES * loans.size();
      loans.add(loan);
      vector.set(ValueLayout.JAVA_LONG, at, loan.address());
      vector.set(ValueLayout.JAVA_LONG, at + 8, size);
      total += size;
    }
  }

  /** Views buffers, from position to limit, as segments. */
  static MemorySegment[] segments(ByteBuffer[] buffers) {
    return Arrays.stream(buffers).map(MemorySegment::ofBuffer).toArray(MemorySegment[]::new);
  }

  /** Moves the positions of buffers past the bytes that were transferred. */
  static void advance(ByteBuffer[] buffers, long count) {
    long left = count;
    for (ByteBuffer buffer : buffers) {
      int step = (int) Math.min(left, buffer.remaining());
      buffer.position(buffer.position() + step);
      left -= step;
    }
  }
}
