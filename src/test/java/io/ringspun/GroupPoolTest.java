package io.ringspun;

import static io.ringspun.internal.kernel.Constants.IORING_OP_READ_FIXED;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE_FIXED;
import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_BUFFERS2;
import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_BUFFERS_UPDATE;
import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_CLONE_BUFFERS;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.testing.Await;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Pools that the rings of a group share. */
@ExtendWith(LeakCheck.class)
class GroupPoolTest {
  private static final int RINGS = 3;

  @TempDir Path directory;
  private Path path;

  @BeforeEach
  void makeFile() throws IOException {
    path = Bytes.file(directory.resolve("file"), 1, 8192);
  }

  /** Has each ring read and write by name what is registered with it. */
  private void useOnEachRing(Caller caller, RingGroup group, BufferPool pool) throws Exception {
    for (Ring ring : group.rings()) {
      try (RingFile file = RingFile.open(ring, path, READ, WRITE)) {
        caller.run(ring, () -> readAndWrite(pool, file));
      }
    }
  }

  private static void readAndWrite(BufferPool pool, RingFile file) throws IOException {
    try (Lease lease = pool.take()) {
      assertEquals(4096, file.read(lease, 100));
      Bytes.check(1, 100, lease.filled());
      assertEquals(50, file.write(lease, 50, 100));
    }
  }

  private static void assertUsedByName(FaultKernel kernel, int times) {
    assertEquals(times, kernel.submitted(IORING_OP_READ_FIXED));
    assertEquals(times, kernel.submitted(IORING_OP_WRITE_FIXED));
    assertEquals(0, kernel.submitted(IORING_OP_WRITE));
  }

  private static void assumeClones(FaultKernel kernel, BufferPool pool) {
    assumeTrue(pool.isRegistered(), "the limit of locked memory is too low");
    assumeTrue(kernel.registered(IORING_REGISTER_CLONE_BUFFERS) > 0, "Linux 6.12 clones");
  }

  @Liburing("regbuf-clone")
  @ParameterizedTest
  @EachCaller
  void cloned_namedOnEveryRing(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(RINGS, kernel)) {
      BufferPool pool = group.bufferPool(2, 4096);
      assumeClones(kernel, pool);
      assertEquals(1, kernel.registered(IORING_REGISTER_BUFFERS_UPDATE), "pinned once");
      assertEquals(RINGS, kernel.registered(IORING_REGISTER_CLONE_BUFFERS));
      assertEquals(RINGS, kernel.openRings(), "nothing is left of the source");
      useOnEachRing(caller, group, pool);
      assertUsedByName(kernel, RINGS);
      long rings =
          kernel.submitted().stream()
              .filter(request -> request.opcode() == IORING_OP_READ_FIXED)
              .mapToInt(FaultKernel.Request::ring)
              .distinct()
              .count();
      assertEquals(RINGS, rings);
      pool.close();
      assertEquals(1 + RINGS, kernel.registered(IORING_REGISTER_BUFFERS_UPDATE), "slots emptied");
    }
  }

  /** The kernel's own account of what is pinned. */
  @Test
  void cloned_pinnedOnce() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(RINGS, kernel)) {
      long before = pinnedKilobytes();
      try (BufferPool pool = group.bufferPool(16, 64 << 10)) {
        assumeClones(kernel, pool);
        long pinned = pinnedKilobytes() - before;
        assertTrue(pinned > 900 && pinned < 2048, () -> pinned + " KiB for a pool of 1 MiB");
      }
      long left = pinnedKilobytes() - before;
      assertTrue(left < 100, () -> left + " KiB are still pinned");
    }
  }

  private static long pinnedKilobytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmPin:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new AssertionError("no VmPin");
  }

  /** As before Linux 6.12. */
  @ParameterizedTest
  @EachCaller
  void cloneRefused_registeredWithEachRing(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(RINGS, kernel)) {
      kernel.failRegister(IORING_REGISTER_CLONE_BUFFERS, Errno.EINVAL);
      try (BufferPool pool = group.bufferPool(2, 4096)) {
        assumeTrue(pool.isRegistered(), "the limit of locked memory is too low");
        assertEquals(1 + RINGS, kernel.registered(IORING_REGISTER_BUFFERS_UPDATE));
        useOnEachRing(caller, group, pool);
        assertUsedByName(kernel, RINGS);
      }
      assertEquals(RINGS, kernel.openRings());
    }
  }

  /** As with Linux 6.12, which clones into rings that have no table yet. */
  @Test
  void secondCloneRefused_registeredWithEachRing() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(RINGS, kernel);
        BufferPool first = group.bufferPool(2, 4096)) {
      assumeClones(kernel, first);
      kernel.failRegister(IORING_REGISTER_CLONE_BUFFERS, Errno.EINVAL);
      try (BufferPool second = group.bufferPool(2, 4096)) {
        assertTrue(second.isRegistered());
        useOnEachRing(Caller.PLATFORM, group, second);
        useOnEachRing(Caller.PLATFORM, group, first);
        assertUsedByName(kernel, 2 * RINGS);
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void memoryRefused_worksUnregistered(Caller caller) throws Exception {
    for (int opcode : new int[] {IORING_REGISTER_BUFFERS2, IORING_REGISTER_BUFFERS_UPDATE}) {
      try (FaultKernel kernel = new FaultKernel();
          RingGroup group = FaultyRing.openGroup(RINGS, kernel)) {
        kernel.failRegister(opcode, Errno.ENOMEM);
        try (BufferPool pool = group.bufferPool(2, 4096)) {
          assertFalse(pool.isRegistered());
          useOnEachRing(caller, group, pool);
          assertEquals(0, kernel.submitted(IORING_OP_READ_FIXED));
          assertEquals(RINGS, kernel.submitted(IORING_OP_WRITE));
        }
        for (Ring ring : group.rings()) {
          assertEquals(1, ring.metrics().unregisteredPools());
        }
        assertEquals(RINGS, kernel.openRings());
      }
    }
  }

  /** There may be no descriptor left for the ring that pins for the others. */
  @Test
  void sourceRefused_registeredWithEachRing() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(RINGS, kernel)) {
      kernel.failOpen(_ -> Errno.EMFILE);
      try (BufferPool pool = group.bufferPool(2, 4096)) {
        assumeTrue(pool.isRegistered(), "the limit of locked memory is too low");
        assertEquals(0, kernel.registered(IORING_REGISTER_CLONE_BUFFERS));
        useOnEachRing(Caller.PLATFORM, group, pool);
        assertUsedByName(kernel, RINGS);
      }
    }
  }

  /** Pools of one ring and of the group have slots of their own, in the order that they come. */
  @Test
  void pools_apart() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(RINGS, kernel)) {
      Ring first = group.rings().getFirst();
      BufferPool own = first.bufferPool(1, 4096);
      BufferPool shared = group.bufferPool(1, 4096);
      BufferPool ownToo = first.bufferPool(1, 4096);
      BufferPool sharedToo = group.bufferPool(1, 4096);
      assumeClones(kernel, sharedToo);
      own.close();
      BufferPool last = group.bufferPool(1, 4096);
      try (RingFile file = RingFile.open(first, path, READ, WRITE)) {
        readAndWrite(ownToo, file);
      }
      for (BufferPool pool : List.of(shared, sharedToo, last)) {
        useOnEachRing(Caller.PLATFORM, group, pool);
        pool.close();
      }
      try (RingFile file = RingFile.open(first, path, READ, WRITE)) {
        readAndWrite(ownToo, file);
      }
      ownToo.close();
      assertUsedByName(kernel, 2 + 3 * RINGS);
    }
  }

  @Test
  void table_fullAndEmptiedAgain() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(2, kernel)) {
      List<BufferPool> pools = new ArrayList<>();
      for (int i = 0; i < 65; i++) {
        pools.add(group.bufferPool(1, 4096));
      }
      assumeClones(kernel, pools.getFirst());
      assertTrue(pools.get(63).isRegistered());
      assertFalse(pools.get(64).isRegistered());
      pools.remove(17).close();
      pools.add(group.bufferPool(1, 4096));
      assertTrue(pools.getLast().isRegistered());
      for (int i : new int[] {0, 17, 62, 64}) {
        useOnEachRing(Caller.PLATFORM, group, pools.get(i));
      }
      assertUsedByName(kernel, 4 * 2);
      pools.forEach(BufferPool::close);
    }
  }

  /** The others go on with what the closed one had too. */
  @ParameterizedTest
  @EachCaller
  void ringClosed_othersGoOn(Caller caller) throws Exception {
    NativePool.trim();
    long before = NativeMemory.allocatedBytes();
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(2, kernel)) {
      Ring first = group.rings().getFirst();
      Ring second = group.rings().getLast();
      BufferPool pool = group.bufferPool(1, 4096);
      assumeClones(kernel, pool);
      try (RingFile file = RingFile.open(second, path, READ, WRITE)) {
        caller.run(
            second,
            () -> {
              try (Lease lease = pool.take()) {
                first.close();
                assertEquals(4096, file.read(lease, 4096));
                Bytes.check(1, 4096, lease.filled());
              }
              readAndWrite(pool, file);
            });
      }
      assertEquals(2, kernel.submitted(IORING_OP_READ_FIXED));
      try (BufferPool late = group.bufferPool(1, 4096)) {
        assertTrue(late.isRegistered());
        useOnEachOpenRing(second, late);
      }
      second.close();
      assertThrows(RingClosedException.class, pool::take);
      assertThrows(RingClosedException.class, () -> group.bufferPool(1, 4096));
      pool.close();
    }
    NativePool.trim();
    assertEquals(before, NativeMemory.allocatedBytes());
  }

  private void useOnEachOpenRing(Ring ring, BufferPool pool) throws IOException {
    try (RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      readAndWrite(pool, file);
    }
  }

  @Test
  void poolClosed_leaseStaysRegistered() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(2, kernel);
        RingFile file = RingFile.open(group.rings().getLast(), path)) {
      BufferPool pool = group.bufferPool(1, 4096);
      assumeClones(kernel, pool);
      long before = NativeMemory.allocatedBytes();
      Lease lease = pool.take();
      pool.close();
      assertEquals(4096, file.read(lease, 4096));
      Bytes.check(1, 4096, lease.filled());
      assertEquals(1, kernel.submitted(IORING_OP_READ_FIXED));
      assertEquals(1, kernel.registered(IORING_REGISTER_BUFFERS_UPDATE));
      lease.close();
      assertEquals(3, kernel.registered(IORING_REGISTER_BUFFERS_UPDATE));
      assertEquals(before - 4096, NativeMemory.allocatedBytes());
    }
  }

  /** What a failed ring had is lost; the other ring goes on with the rest. */
  @ParameterizedTest
  @EachCaller
  void ringFailed_onlyItsBufferIsLost(Caller caller) throws Exception {
    LeakCheck.expectLost(3 * 4096); // the failed ring's own buffer, and the pool's two
    try (FaultKernel failing = new FaultKernel();
        FaultKernel sound = new FaultKernel();
        Ring first = FaultyRing.open(failing);
        Ring second = FaultyRing.open(sound);
        RingFile file = RingFile.open(first, path);
        RingFile other = RingFile.open(second, path, READ, WRITE)) {
      BufferPool pool =
          BufferPool.open(List.of(EngineAccess.of(first), EngineAccess.of(second)), 2, 4096);
      assumeTrue(pool.isRegistered(), "the limit of locked memory is too low");
      long before = NativeMemory.allocatedBytes();
      failing.add(FaultRule.on(IORING_OP_READ_FIXED).delay());
      Caller.Begun<Integer> reading =
          caller.begin(
              first,
              () -> {
                try (Lease lease = pool.take()) {
                  return file.read(lease, 0);
                }
              });
      Await.until("held", () -> failing.held() == 1);
      failing.throwFromEnter(new IllegalStateException("on purpose"));
      assertThrows(RingFailedException.class, reading::result);
      try (Lease lease = pool.take()) {
        assertEquals(4096, other.read(lease, 0));
        Bytes.check(1, 0, lease.filled());
        assertThrows(OperationTimeoutException.class, () -> pool.take(Duration.ofNanos(1)));
      }
      assertEquals(1, sound.submitted(IORING_OP_READ_FIXED));
      pool.close();
      assertEquals(before, NativeMemory.allocatedBytes(), "the kernel may still write there");
    }
  }

  /** Threads of every ring share the buffers. */
  @Test
  void take_byThreadsOfAllRings() throws Exception {
    try (RingGroup group = RingGroup.open(RINGS, RingOptions.defaults().withInlineAttempts(false));
        BufferPool pool = group.bufferPool(2, 4096);
        RingFile file = RingFile.open(group.rings().getFirst(), path)) {
      List<Caller.Begun<Void>> all = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        all.add(
            Caller.CARRIED.begin(
                group.next(),
                () -> {
                  for (int n = 0; n < 100; n++) {
                    try (Lease lease = pool.take()) {
                      assertEquals(4096, file.read(lease, n));
                      Bytes.check(1, n, lease.filled());
                    }
                  }
                  return null;
                }));
      }
      for (Caller.Begun<Void> one : all) {
        one.result();
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void open_interruptedBefore(Caller caller) throws Exception {
    long before = NativeMemory.allocatedBytes();
    try (RingGroup group = RingGroup.open(2, RingOptions.defaults())) {
      caller.run(
          group.rings().getFirst(),
          () -> {
            Thread.currentThread().interrupt();
            assertThrows(InterruptedIOException.class, () -> group.bufferPool(1, 4096));
            assertTrue(Thread.interrupted());
            group.bufferPool(1, 4096).close();
          });
    }
    assertEquals(before, NativeMemory.allocatedBytes());
  }

  @Test
  void open_badSizes() throws Exception {
    try (RingGroup group = RingGroup.open(2, RingOptions.defaults())) {
      assertThrows(IllegalArgumentException.class, () -> group.bufferPool(0, 1));
      assertThrows(IllegalArgumentException.class, () -> group.bufferPool(1, 0));
    }
  }
}
