package io.ringspun.internal.memory;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Once;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** Which memory is lent as it is, for every kind of memory that Java has. */
@Once
class LendingTest {

  @Test
  void isLendable_arenas() {
    assertTrue(Lending.isLendable(Arena.global().allocate(8)));
    assertTrue(Lending.isLendable(Arena.ofAuto().allocate(8)));
    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared()) {
      assertTrue(Lending.isLendable(confined.allocate(8)));
      assertFalse(Lending.isLendable(shared.allocate(8)));
    }
  }

  @Test
  void isLendable_directBuffer() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(16);
    assertTrue(Lending.isLendable(MemorySegment.ofBuffer(buffer)));
    assertTrue(Lending.isLendable(MemorySegment.ofBuffer(buffer.slice(4, 8))));
    assertTrue(Lending.isLendable(MemorySegment.ofBuffer(buffer.asReadOnlyBuffer())));
  }

  /** Anyone may close the arena behind such a buffer while the kernel fills it. */
  @Test
  void isLendable_bufferOfSegment() {
    assertTrue(
        Lending.isLendable(MemorySegment.ofBuffer(Arena.ofAuto().allocate(8).asByteBuffer())));
    try (Arena shared = Arena.ofShared()) {
      assertFalse(Lending.isLendable(MemorySegment.ofBuffer(shared.allocate(8).asByteBuffer())));
    }
  }

  @Test
  void isLendable_heap() {
    assertFalse(Lending.isLendable(MemorySegment.ofArray(new byte[8])));
    assertFalse(Lending.isLendable(MemorySegment.ofBuffer(ByteBuffer.allocate(8))));
  }
}
