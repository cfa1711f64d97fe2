package io.ringspun.internal.ring;

/** Fills an operation. */
public interface Encoder {
  /** Encodes for a descriptor's number. */
  void encode(Operation operation, int fd);
}
