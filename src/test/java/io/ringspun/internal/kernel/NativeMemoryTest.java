package io.ringspun.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.testing.Once;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Once
class NativeMemoryTest {

  @ParameterizedTest
  @ValueSource(longs = {4096, 8192, 1 << 20, 3L << 20})
  void allocate_alignedAndCounted(long byteSize) {
    long before = NativeMemory.allocatedBytes();
    MemorySegment memory = NativeMemory.allocate(byteSize);
    try {
      assertEquals(byteSize, memory.byteSize());
      assertEquals(0, memory.address() % NativeMemory.ALIGNMENT);
      assertEquals(before + byteSize, NativeMemory.allocatedBytes());
    } finally {
      NativeMemory.free(memory);
    }
    assertEquals(before, NativeMemory.allocatedBytes());
  }

  /** The C library hands freed memory out again; nothing of it may reach a file or a peer. */
  @Test
  void allocate_zeroedThoughUsedBefore() {
    for (int round = 0; round < 100; round++) {
      MemorySegment memory = NativeMemory.allocate(8192);
      assertEquals(-1, memory.mismatch(MemorySegment.ofArray(new byte[8192])));
      memory.fill((byte) 0x5e);
      NativeMemory.free(memory);
    }
  }

  @Test
  void free_byAnotherThread() throws InterruptedException {
    long before = NativeMemory.allocatedBytes();
    MemorySegment memory = NativeMemory.allocate(4096);
    memory.set(ValueLayout.JAVA_LONG, 4088, 42);
    Thread.startVirtualThread(() -> NativeMemory.free(memory)).join();
    assertEquals(before, NativeMemory.allocatedBytes());
  }

  @Test
  void allocate_moreThanThereIs() {
    long before = NativeMemory.allocatedBytes();
    assertThrows(OutOfMemoryError.class, () -> NativeMemory.allocate(1L << 60));
    assertEquals(before, NativeMemory.allocatedBytes());
  }
}
