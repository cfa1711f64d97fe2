package io.ringspun.internal.file;

import io.ringspun.Lease;
import io.ringspun.internal.ring.LentBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Transfers to or from the buffers of several leases at once. */
public final class Leases {
  private Leases() {}

  /** Reads what one operation gives: 0 at the end. */
  public static long read(OpenFile file, Lease[] targets, long position) throws IOException {
    LentBuffer[] buffers = buffers(targets);
    MemorySegment[] pieces = new MemorySegment[buffers.length];
    for (int i = 0; i < buffers.length; i++) {
      pieces[i] = buffers[i].memory();
      file.checkTransfer(pieces[i], position, false);
    }
    for (LentBuffer buffer : buffers) {
      buffer.filled(0); // what the kernel leaves there before it fails is not for reading
    }
    long n = Vector.read(file, pieces, buffers, position);
    long left = n;
    for (LentBuffer buffer : buffers) {
      int part = (int) Math.min(left, buffer.byteSize());
      buffer.filled(part);
      left -= part;
    }
    return n;
  }

  /** Writes what one operation takes. */
  public static long write(OpenFile file, Lease[] sources, long length, long position)
      throws IOException {
    LentBuffer[] buffers = buffers(sources);
    long most = Arrays.stream(buffers).mapToLong(LentBuffer::byteSize).sum();
    if (length < 1 || length > most) {
      throw new IndexOutOfBoundsException("%d bytes of buffers of %d".formatted(length, most));
    }
    MemorySegment[] pieces = new MemorySegment[buffers.length];
    long left = length;
    for (int i = 0; i < buffers.length; i++) {
      pieces[i] = buffers[i].memory().asSlice(0, Math.min(left, buffers[i].byteSize()));
      file.checkTransfer(pieces[i], position, true);
      left -= pieces[i].byteSize();
    }
    for (int i = 0; i < buffers.length; i++) {
      buffers[i].own((int) pieces[i].byteSize());
    }
    return Vector.write(file, pieces, buffers, position);
  }

  private static LentBuffer[] buffers(Lease[] leases) {
    if (Arrays.stream(leases).distinct().count() < leases.length) {
      throw new IllegalArgumentException("the same lease twice");
    }
    return Arrays.stream(leases).map(LentBuffer::of).toArray(LentBuffer[]::new);
  }
}
