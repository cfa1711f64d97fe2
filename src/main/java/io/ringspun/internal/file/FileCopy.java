package io.ringspun.internal.file;

import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.memory.ScratchMemory;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies bytes from one file to another: as far as it can, the {@linkplain KernelCopy kernel} does
 * that alone. After it each trip to the kernel writes what the trip before has read while it reads
 * what comes next:
 *
 * <pre>
 *   trip 1   read A
 *   trip 2   write A   read B
 *   trip 3   read A    write B
 * </pre>
 *
 * <p>Used once, by one thread.
 */
public final class FileCopy {
  /** How much one operation moves: large enough that what a trip costs does not count. */
  private static final int PIECE_BYTES = NativePool.LARGEST_BYTES;

  private static final int DIRECT_PIECES = 4; // a device is faster with several at a time

  private final OpenFile from;
  private final long fromPosition;
  private final OpenFile to;
  private final Transfer rests; // of short writes
  private final long toPosition;
  private final long count;
  private final int piecesMax; // in one trip, in each direction

  private final @Nullable ScratchMemory[] blocks; // two halves, taken when first needed
  private int half; // which one is read into next
  private boolean ended;
  private @Nullable IOException readFailure; // thrown when all bytes before it have been written
  private long done;

  /** Some of the bytes, as many after the first one copied as the offset says. */
  private record Piece(MemorySegment memory, long offset, int length) {
    MemorySegment from(int index) {
      return memory.asSlice(index, length - index);
    }

    long end() {
      return offset + length;
    }
  }

  /**
   * Describes a copy.
   *
   * @param from open for reading
   * @param to open for writing; if it is to append, its position means nothing
   * @param count how many bytes at most; the copy ends at the end of the file
   */
  public FileCopy(OpenFile from, long fromPosition, OpenFile to, long toPosition, long count) {
    from.requireReadable();
    to.requireWritable();
    assert fromPosition >= 0 && toPosition >= 0 && count >= 0;
    this.from = from;
    this.fromPosition = fromPosition;
    this.to = to;
    rests = new Transfer(to.handle(), to.flags(), to.timeoutNanos());
    this.toPosition = to.flags().append() ? 0 : toPosition;
    this.count = Math.min(count, Long.MAX_VALUE - PIECE_BYTES - fromPosition);
    boolean several = (from.flags().direct() || to.flags().direct()) && !to.flags().append();
    piecesMax = several ? DIRECT_PIECES : 1;
    blocks = new ScratchMemory[2 * piecesMax];
  }

  /** Returns how many bytes have been copied without a gap, also after a failure. */
  public long done() {
    return done;
  }

  /**
   * Copies, and returns when all is done or something has failed.
   *
   * @return how many bytes were copied
   * @throws IOException if an operation on either file fails, as described in {@link
   *     io.ringspun.file.RingFile}, or is misaligned for direct I/O; {@link #done} returns the
   *     number of bytes copied before
   */
  public long run() throws IOException {
    done = KernelCopy.run(from, fromPosition, to, toPosition, count);
    if (done == count) {
      return done;
    }
    try {
      List<Piece> filled = List.of();
      do {
        filled = trip(filled, next(filled.isEmpty() ? done : filled.getLast().end()));
      } while (!filled.isEmpty());
    } finally {
      for (ScratchMemory block : blocks) {
        if (block != null) {
          block.close();
        }
      }
    }
    if (readFailure != null) {
      throw readFailure;
    }
    return done;
  }

  /** Returns what to read next, nothing at the end. */
  private List<Piece> next(long start) {
    List<Piece> pieces = new ArrayList<>();
    long offset = start;
    while (!ended && offset < count && pieces.size() < piecesMax) {
      int length = (int) Math.min(count - offset, PIECE_BYTES);
      pieces.add(new Piece(memory(half * piecesMax + pieces.size(), length), offset, length));
      offset += length;
    }
    half = 1 - half;
    return pieces;
  }

  private MemorySegment memory(int index, int length) {
    ScratchMemory block = blocks[index];
    if (block == null) { // lengths never grow, so the first is the largest
      block = ScratchMemory.take(wholeBlocks(length));
      blocks[index] = block;
    }
    return block.segment();
  }

  /** Returns how much to ask a read for: direct I/O gives whole blocks only. */
  private int wholeBlocks(int length) {
    return Math.ceilDiv(length, from.alignment()) * from.alignment();
  }

  /** Writes what is filled, reads what is wanted, and returns what has come of that. */
  private List<Piece> trip(List<Piece> filled, List<Piece> wanted) throws IOException {
    int writes = filled.size();
    if (writes + wanted.size() == 0) {
      return wanted;
    }
    Engine engine = from.handle().engine();
    Call call = Call.batch(writes + wanted.size());
    for (int i = 0; i < writes; i++) {
      prepareWrite(call, i, filled.get(i));
    }
    for (int i = 0; i < wanted.size(); i++) {
      prepareRead(call, writes + i, wanted.get(i));
    }
    engine.runAll(call);
    for (int i = 0; i < writes; i++) {
      settleWrite(filled.get(i), FileErrors.check("write", engine.result(call, i)));
    }
    List<Piece> read = new ArrayList<>();
    try {
      for (int i = 0; i < wanted.size() && !ended; i++) {
        Piece piece = wanted.get(i);
        int n = FileErrors.check("read", engine.result(call, writes + i));
        if (!settleRead(piece, n, read)) {
          break; // later bytes are requested again
        }
      }
    } catch (IOException e) {
      readFailure = e;
      ended = true;
    }
    return read;
  }

  private void prepareWrite(Call call, int index, Piece piece) throws IOException {
    long position = toPosition + piece.offset;
    requireFit(to, piece.from(0), position);
    Handle handle = to.handle();
    Operation operation = call.operation(index).on(handle).lending(piece.memory);
    operation.write(handle.fd(), piece.memory.address(), piece.length, position);
    if (!to.flags().append()) {
      operation.repeatable();
    }
  }

  private void prepareRead(Call call, int index, Piece piece) throws IOException {
    long position = fromPosition + piece.offset;
    int length = wholeBlocks(piece.length);
    requireFit(from, piece.memory.asSlice(0, length), position);
    Handle handle = from.handle();
    call.operation(index)
        .on(handle)
        .lending(piece.memory)
        .repeatable()
        .read(handle.fd(), piece.memory.address(), length, position);
  }

  /**
   * Refuses what neither the checks of {@link io.ringspun.file.RingFile} nor the kernel could make
   * sense of.
   */
  private static void requireFit(OpenFile file, MemorySegment memory, long position)
      throws IOException {
    if (position + memory.byteSize() < 0) {
      throw new IOException("position %d is too large for a file".formatted(position));
    }
    if (file.isMisaligned(memory, position)) {
      throw new IOException(file.misalignment(memory, position));
    }
  }

  private void settleWrite(Piece piece, int result) throws IOException {
    int written = result;
    done += written;
    while (written < piece.length) { // a short write: the rest goes alone
      MemorySegment rest = piece.from(written);
      long position = toPosition + piece.offset + written;
      requireFit(to, rest, position);
      int n = rests.write(rest, to.flags().append() ? 0 : position);
      written += OpenFile.requireProgress(n);
      done += n;
    }
  }

  /** Notes what a read has brought, and returns whether it was all. */
  private boolean settleRead(Piece piece, int result, List<Piece> read) {
    int n = Math.min(result, piece.length);
    if (n > 0) {
      read.add(new Piece(piece.memory, piece.offset, n));
    }
    // Only the end of the file cuts a direct read off its grid.
    ended = n == 0 || from.isMisaligned(piece.memory, fromPosition + piece.offset + n);
    return n == piece.length;
  }
}
