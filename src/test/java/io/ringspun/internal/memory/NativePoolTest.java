package io.ringspun.internal.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.internal.kernel.NativeMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Goal: blocks are of the right size, come back, and never belong to two. */
class NativePoolTest {
  @ParameterizedTest
  @CsvSource({
    "1, 32",
    "32, 32",
    "33, 64",
    "256, 256",
    "257, 512",
    "512, 512",
    "2048, 2048",
    "2049, 4096",
    "4096, 4096",
    "4097, 8192",
    "1048576, 1048576",
    "1048577, 1052672"
  })
  void take_isLargeEnough(long asked, long given) {
    try (NativePool.Block block = NativePool.take(asked)) {
      assertEquals(given, block.memory().byteSize());
      long alignment = given >= 4096 ? NativeMemory.ALIGNMENT : given >= 512 ? 512 : 16;
      assertEquals(0, block.address() % alignment);
    }
  }

  @ParameterizedTest
  @CsvSource({"16", "4096", "65536", "1048576"})
  void take_returnsWhatWasGivenBack(long byteSize) {
    NativePool.Block block = NativePool.take(byteSize);
    block.close();
    try (NativePool.Block again = NativePool.take(byteSize)) {
      assertSame(block, again);
    }
  }

  @Test
  void trim_freesAll() {
    NativePool.trim();
    long before = NativeMemory.allocatedBytes();
    List<NativePool.Block> blocks = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      blocks.add(NativePool.take(1 + i * 100L));
    }
    blocks.forEach(NativePool.Block::close);
    assertTrue(NativeMemory.allocatedBytes() > before);
    NativePool.trim();
    assertEquals(before, NativeMemory.allocatedBytes());
  }

  @Test
  void lostBlock_isNotTakenAgain() {
    NativePool.Block block = NativePool.take(64);
    long lost = NativePool.lostBytes();
    block.markLost();
    block.close();
    assertEquals(lost + 64, NativePool.lostBytes());
    try (NativePool.Block other = NativePool.take(64)) {
      assertTrue(other != block);
    }
    NativeMemory.free(block.memory()); // no kernel has it
  }

  /** Threads that meet at a magazine never get the same block. */
  @Test
  void take_manyThreads_eachItsOwn() throws Exception {
    ConcurrentHashMap<NativePool.Block, Thread> owners = new ConcurrentHashMap<>();
    List<Throwable> failures = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Thread.Builder builder = i % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
      threads.add(
          builder.start(
              () -> {
                for (int round = 0; round < 20_000; round++) {
                  try (NativePool.Block block = NativePool.take(100)) {
                    if (owners.putIfAbsent(block, Thread.currentThread()) != null) {
                      synchronized (failures) {
                        failures.add(new AssertionError("two have " + block));
                      }
                    }
                    if (round % 100 == 0) {
                      Thread.yield();
                    }
                    owners.remove(block);
                  }
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), failures);
  }
}
