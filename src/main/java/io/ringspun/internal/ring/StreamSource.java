package io.ringspun.internal.ring;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** A way to receive into {@link ProvidedBuffers}, again and again. */
public interface StreamSource {
  /** Encodes the operation, for a descriptor's number and the buffers' group. */
  void encode(Operation operation, int fd, int group);

  /** Translates its failure. */
  IOException failure(int errno);

  /** Disposes of what arrived with bytes that no thread took. */
  default void discard(MemorySegment bytes) {}
}
