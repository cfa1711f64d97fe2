package io.ringspun.internal.memory;

import io.ringspun.internal.kernel.Constants;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Several pieces of a caller's memory as the kernel sees them: an array of {@code struct iovec}. It
 * names as many as one operation takes and passes over empty ones.
 */
public final class LentVector implements LentMemory, AutoCloseable {
  private static final long IOVEC_BYTES = 16;

  private final NativePool.Block block;
  private final MemorySegment vector;
  private final List<Loan> loans = new ArrayList<>();

  private LentVector(MemorySegment[] pieces, long prefixBytes) {
    int room = Math.clamp(pieces.length, 1, Constants.UIO_MAXIOV);
    block = NativePool.take(prefixBytes + IOVEC_BYTES * room);
    vector = block.memory().asSlice(prefixBytes);
  }

  /**
   * Lends memory for one operation.
   *
   * @param fills whether the kernel is to fill it
   * @param prefixBytes how much other memory the operation needs, a multiple of 8
   */
  public static LentVector of(MemorySegment[] pieces, boolean fills, long prefixBytes) {
    LentVector lent = new LentVector(pieces, prefixBytes);
    try {
      lent.lend(pieces, fills);
    } catch (RuntimeException | Error e) {
      lent.close();
      throw e;
    }
    return lent;
  }

  private void lend(MemorySegment[] pieces, boolean fills) {
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

  /** Returns the additional memory that was requested; its content is arbitrary. */
  public MemorySegment prefix() {
    return block.memory();
  }

  /** Returns the address of the array. */
  public long address() {
    return vector.address();
  }

  /** Returns how many pieces it names. */
  public int count() {
    return loans.size();
  }

  /** Hands the first bytes that the kernel wrote to the caller. */
  public void filled(long count) {
    long left = count;
    for (Loan loan : loans) {
      long step = Math.min(left, loan.byteSize());
      loan.filled(step);
      left -= step;
    }
  }

  /** Views buffers, from position to limit, as segments. */
  public static MemorySegment[] segments(ByteBuffer[] buffers) {
    return Arrays.stream(buffers).map(MemorySegment::ofBuffer).toArray(MemorySegment[]::new);
  }

  /** Moves the positions of buffers past the bytes that were transferred. */
  public static void advance(ByteBuffer[] buffers, long count) {
    long left = count;
    for (ByteBuffer buffer : buffers) {
      int step = (int) Math.min(left, buffer.remaining());
      buffer.position(buffer.position() + step);
      left -= step;
    }
  }

  @Override
  public void markLost() {
    block.markLost();
    loans.forEach(loan -> LostMemory.mark(loan.owner()));
  }

  /** Ends the loan; the kernel must have answered. */
  @Override
  public void close() {
    loans.forEach(Loan::close);
    block.close();
  }
}
