package io.ringspun.internal.memory;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Memory of a caller as the kernel sees it: the segment itself where {@link Lending} allows it,
 * else a copy in pooled memory. Closed by the caller when the kernel has answered.
 */
public final class Loan implements AutoCloseable {
  private final MemorySegment segment;
  private final long byteSize;
  private final NativePool.@Nullable Block copy;

  private Loan(MemorySegment segment, long byteSize, NativePool.@Nullable Block copy) {
    this.segment = segment;
    this.byteSize = byteSize;
    this.copy = copy;
  }

  /**
   * Lends memory that the kernel is to fill.
   *
   * @param byteSize how much of the segment, from its start
   */
  public static Loan toFill(MemorySegment segment, long byteSize) {
    return new Loan(
        segment, byteSize, Lending.isLendable(segment) ? null : NativePool.take(byteSize));
  }

  /** Lends memory that the kernel is to read. */
  public static Loan toDrain(MemorySegment segment, long byteSize) {
    Loan loan = toFill(segment, byteSize);
    if (loan.copy != null) {
      MemorySegment.copy(segment, 0, loan.copy.memory(), 0, byteSize);
    }
    return loan;
  }

  /** Returns the address for the kernel. */
  public long address() {
    return copy == null ? segment.address() : copy.address();
  }

  /** Returns the memory for the kernel, to be used while the loan lasts. */
  public MemorySegment memory() {
    return (copy == null ? segment : copy.memory()).asSlice(0, byteSize);
  }

  /** Returns how many bytes are lent. */
  public long byteSize() {
    return byteSize;
  }

  /** Returns what must stay reachable while the kernel works. */
  public Object owner() {
    return copy == null ? segment : copy;
  }

  /**
   * Hands the first bytes that the kernel wrote to the caller.
   *
   * @throws IllegalStateException if the caller's arena was closed meanwhile
   */
  public void filled(long count) {
    if (copy != null && count > 0) {
      MemorySegment.copy(copy.memory(), 0, segment, 0, count);
    }
  }

  /** Ends the loan; the kernel must have answered. */
  @Override
  public void close() {
    if (copy != null) {
      copy.close();
    }
  }
}
