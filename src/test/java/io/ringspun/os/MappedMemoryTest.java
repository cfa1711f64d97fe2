package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingOptions;
import io.ringspun.file.AccessPattern;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MappedMemoryTest {
  private static final int PAGE = (int) NativeMemory.pageSize();
  private static final int PAGES = 64;

  @TempDir Path directory;

  private Path file() throws IOException {
    byte[] content = new byte[PAGES * PAGE];
    new Random(25).nextBytes(content);
    return Files.write(directory.resolve("mapped"), content);
  }

  private static MemorySegment map(Path path, MapMode mode) throws IOException {
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(mode, 0, channel.size(), Arena.ofAuto());
    }
  }

  // ---- what the kernel says ------------------------------------------------------------------

  /** Returns the entry of each page in {@code /proc/self/pagemap}. */
  private static long[] pages(MemorySegment memory) throws IOException {
    int count = (int) (memory.byteSize() / PAGE);
    ByteBuffer entries = ByteBuffer.allocate(count * 8).order(ByteOrder.nativeOrder());
    try (FileChannel pagemap = FileChannel.open(Path.of("/proc/self/pagemap"))) {
      pagemap.read(entries, memory.address() / PAGE * 8);
    }
    long[] found = new long[count];
    entries.flip().asLongBuffer().get(found);
    return found;
  }

  /** Returns how many pages can be touched without a fault. */
  private static long present(MemorySegment memory) throws IOException {
    return Arrays.stream(pages(memory)).filter(entry -> entry < 0).count();
  }

  /** Returns how many pages of a mapped file are the process's own, not the file's. */
  private static long copied(MemorySegment memory) throws IOException {
    return Arrays.stream(pages(memory)).filter(entry -> entry < 0 && entry << 2 >= 0).count();
  }

  /** Returns how many pages are in the page cache, by {@code mincore(2)}. */
  private static int cached(MemorySegment memory) throws Exception {
    Linker linker = Linker.nativeLinker();
    var mincore =
        linker.downcallHandle(
            linker.defaultLookup().find("mincore").orElseThrow(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vector = arena.allocate(memory.byteSize() / PAGE);
      assertEquals(0, (int) mincore.invokeExact(memory, memory.byteSize(), vector));
      int count = 0;
      for (byte page : vector.toArray(ValueLayout.JAVA_BYTE)) {
        count += page & 1;
      }
      return count;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Returns the bytes of a segment whose mapping has a flag, as {@code /proc/self/smaps} says. */
  private static long flagged(MemorySegment memory, String flag) throws IOException {
    long first = memory.address();
    long end = first + memory.byteSize();
    long from = 0;
    long to = 0;
    long sum = 0;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        String[] range = line.split("[- ]");
        from = Math.max(first, Long.parseUnsignedLong(range[0], 16));
        to = Math.min(end, Long.parseUnsignedLong(range[1], 16));
      } else if (line.startsWith("VmFlags:")
          && from < to
          && List.of(line.split(" ")).contains(flag)) {
        sum += to - from;
      }
    }
    return sum;
  }

  // ---- what it does --------------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void populateRead_mapsAllPages(Caller caller) throws Exception {
    Path path = file();
    MemorySegment memory = map(path, MapMode.READ_ONLY);
    try (Ring ring = Ring.open()) {
      assertEquals(0, present(memory));
      caller.run(ring, () -> MappedMemory.advise(ring, memory, MemoryAdvice.POPULATE_READ));
      assertEquals(PAGES, present(memory));
      assertArrayEquals(Files.readAllBytes(path), memory.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void populateWrite_copiesWhatIsPrivate() throws Exception {
    Path path = file();
    MemorySegment memory = map(path, MapMode.PRIVATE);
    try (Ring ring = Ring.open()) {
      MappedMemory.advise(ring, memory, MemoryAdvice.POPULATE_READ);
      assertEquals(0, copied(memory));
      MappedMemory.advise(ring, memory, MemoryAdvice.POPULATE_WRITE);
      assertEquals(PAGES, copied(memory));
      assertArrayEquals(Files.readAllBytes(path), memory.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void willneed_readsIntoThePageCache() throws Exception {
    Path path = file();
    MemorySegment memory = map(path, MapMode.READ_ONLY);
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, StandardOpenOption.READ)) {
      file.fsync();
      file.advise(0, 0, AccessPattern.DONTNEED);
      assumeTrue(cached(memory) == 0, "this file system keeps pages in memory");
      MappedMemory.advise(ring, memory, MemoryAdvice.WILLNEED);
      Await.until("all is read", () -> cached(memory) == PAGES);
      assertEquals(0, present(memory), "it is not mapped by that");
    }
  }

  @Test
  void usage_isTheMappings() throws Exception {
    MappedByteBuffer buffer;
    try (FileChannel channel =
        FileChannel.open(file(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      buffer = channel.map(MapMode.READ_WRITE, 0, PAGES * PAGE);
    }
    MemorySegment mapped = MemorySegment.ofBuffer(buffer);
    try (Ring ring = Ring.open()) {
      MappedMemory.advise(ring, mapped, MemoryAdvice.RANDOM);
      assertEquals(mapped.byteSize(), flagged(mapped, "rr"));
      MappedMemory.advise(ring, mapped, MemoryAdvice.SEQUENTIAL);
      assertEquals(mapped.byteSize(), flagged(mapped, "sr"));
      MappedMemory.advise(ring, mapped, MemoryAdvice.NORMAL);
      assertEquals(0, flagged(mapped, "rr") + flagged(mapped, "sr"));
    }
    assertTrue(buffer.isDirect());
  }

  @Test
  void hugePages_wanted() throws Exception {
    assumeTrue(
        Files.exists(Path.of("/sys/kernel/mm/transparent_hugepage")),
        "this kernel has no huge pages of this kind");
    MemorySegment memory = Arena.ofAuto().allocate(4 << 20, PAGE);
    try (Ring ring = Ring.open()) {
      MappedMemory.advise(ring, memory, MemoryAdvice.HUGEPAGE);
      assertEquals(memory.byteSize(), flagged(memory, "hg"));
      MappedMemory.advise(ring, memory, MemoryAdvice.NOHUGEPAGE);
      assertEquals(0, flagged(memory, "hg"));
      assertEquals(memory.byteSize(), flagged(memory, "nh"));
    }
  }

  @Test
  void pageout_givesPagesBack() throws Exception {
    assumeFalse(
        Files.getFileStore(directory).type().equals("tmpfs"), "such a file has no other place");
    Path path = file();
    MemorySegment memory = map(path, MapMode.READ_ONLY);
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, StandardOpenOption.READ)) {
      file.fsync(); // only clean pages go at once
      MappedMemory.advise(ring, memory, MemoryAdvice.POPULATE_READ);
      MappedMemory.advise(ring, memory.asSlice(PAGE - 1, PAGE), MemoryAdvice.PAGEOUT);
      assertEquals(PAGES, present(memory), "there is no whole page");
      Await.until(
          "all are gone", // pages that another processor is about to sort in stay the first time
          () -> {
            MappedMemory.advise(ring, memory, MemoryAdvice.PAGEOUT);
            return present(memory) == 0;
          });
      assertArrayEquals(Files.readAllBytes(path), memory.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  /** Of a page that is the caller's in part, usage is advised, but it is not given back. */
  @ParameterizedTest
  @EnumSource
  void everyAdvice_asTheKernelKnowsIt(MemoryAdvice advice) throws Exception {
    MemorySegment memory = map(file(), MapMode.READ_WRITE);
    MemorySegment part = memory.asSlice(PAGE + 1, 3 * PAGE); // of pages 1 to 4; 2 and 3 wholly
    MemorySegment straddling = memory.asSlice(PAGE - 1, PAGE);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      kernel.add(FaultRule.on(Constants.IORING_OP_MADVISE).instead(0));
      for (MemorySegment each : new MemorySegment[] {memory, part, straddling}) {
        MappedMemory.advise(ring, each, advice);
      }
      var requests =
          kernel.submitted().stream()
              .filter(request -> request.opcode() == Constants.IORING_OP_MADVISE)
              .toList();
      assertEquals(3, requests.size());
      assertEquals(memory.address(), requests.get(0).address());
      assertEquals(memory.byteSize(), requests.get(0).length());
      boolean whole = advice == MemoryAdvice.COLD || advice == MemoryAdvice.PAGEOUT;
      assertEquals(memory.address() + (whole ? 2 : 1) * PAGE, requests.get(1).address());
      assertEquals((whole ? 2 : 4) * PAGE, requests.get(1).length());
      assertEquals(whole ? 0 : 2 * PAGE, requests.get(2).length());
      int number =
          switch (advice) {
            case NORMAL -> 0;
            case RANDOM -> 1;
            case SEQUENTIAL -> 2;
            case WILLNEED -> 3;
            case HUGEPAGE -> 14;
            case NOHUGEPAGE -> 15;
            case COLD -> 20;
            case PAGEOUT -> 21;
            case POPULATE_READ -> 22;
            case POPULATE_WRITE -> 23;
          };
      assertEquals(number, requests.get(0).operationFlags());
    }
  }

  @Test
  void moreThanAnOperationTakes_inPieces() throws Exception {
    Path path = directory.resolve("sparse");
    long size = (5L << 30) + 3 * PAGE;
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(size);
    }
    MemorySegment memory = map(path, MapMode.READ_ONLY);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      MappedMemory.advise(ring, memory, MemoryAdvice.RANDOM);
      assertEquals(size, flagged(memory, "rr"));
      assertEquals(6, kernel.submitted(Constants.IORING_OP_MADVISE));

      kernel.forget();
      kernel.add(FaultRule.on(Constants.IORING_OP_MADVISE).after(2).delay());
      var interrupted =
          Caller.VIRTUAL.begin(
              ring,
              () -> {
                MappedMemory.advise(ring, memory, MemoryAdvice.SEQUENTIAL);
                return null;
              });
      Await.until("the third is done", () -> kernel.held() == 1);
      interrupted.thread().interrupt();
      kernel.release();
      assertThrows(InterruptedIOException.class, interrupted::result);
      assertEquals(3, kernel.submitted(Constants.IORING_OP_MADVISE), "the rest is left");
    }
  }

  // ---- its ends ------------------------------------------------------------------------------

  /** The ring has one worker, which opens a FIFO for as long as nobody opens the other end. */
  @ParameterizedTest
  @EachCaller
  void advise_fourEnds(Caller caller) throws Exception {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    Fifo.make(first, second);
    MemorySegment memory = map(file(), MapMode.READ_ONLY);
    try (Ring ring =
        Ring.open(RingOptions.defaults().withWorkers(1, 1).withInlineAttempts(false))) {
      var occupant = occupy(ring, first);
      var waiting = advise(ring, caller, memory).awaitInFlight(ring, 2);
      try (var _ = FileChannel.open(first, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        occupant.result().close();
      }
      waiting.result();
      assertEquals(PAGES, present(memory));
      advise(ring, caller, memory).result();

      var lasting = occupy(ring, second);
      var interrupted = advise(ring, caller, memory).awaitInFlight(ring, 2);
      interrupted.interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      var closed = advise(ring, caller, memory).awaitInFlight(ring, 2);
      assertFalse(lasting.hasEnded());
      ring.close();
      assertThrows(AsynchronousCloseException.class, closed::result);
      assertThrows(AsynchronousCloseException.class, lasting::result);
      assertThrows(
          RingClosedException.class,
          () -> MappedMemory.advise(ring, memory, MemoryAdvice.POPULATE_READ));
    }
  }

  private static BlockedCall<RingFile> occupy(Ring ring, Path fifo) {
    return BlockedCall.start(
            ring,
            () -> RingFile.open(ring, fifo, StandardOpenOption.CREATE, StandardOpenOption.WRITE))
        .awaitInFlight(ring, 1);
  }

  private static BlockedCall<Void> advise(Ring ring, Caller caller, MemorySegment memory) {
    return BlockedCall.start(
        ring,
        caller,
        () -> {
          MappedMemory.advise(ring, memory, MemoryAdvice.POPULATE_READ);
          return null;
        });
  }

  /** What a worker has begun it ends; the caller gets its result, and the interrupt stays. */
  @Test
  void interrupted_whenDone() throws Exception {
    MemorySegment memory = map(file(), MapMode.READ_ONLY);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      kernel.add(FaultRule.on(Constants.IORING_OP_MADVISE).delay());
      var call = advise(ring, Caller.VIRTUAL, memory).awaitInFlight(ring, 1);
      Await.until("it is done", () -> kernel.held() == 1);
      call.interrupt();
      kernel.release();
      call.result();
      assertTrue(call.interruptPending());
    }
  }

  @Test
  void interrupted_before() throws Exception {
    MemorySegment memory = map(file(), MapMode.READ_ONLY);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      Thread.currentThread().interrupt();
      assertThrows(
          InterruptedIOException.class,
          () -> MappedMemory.advise(ring, memory, MemoryAdvice.POPULATE_READ));
      assertTrue(Thread.interrupted());
      assertEquals(0, kernel.submitted(Constants.IORING_OP_MADVISE));
    }
  }

  @Test
  void fileCutShort_isRefused() throws Exception {
    Path path = file();
    MemorySegment memory = map(path, MapMode.READ_ONLY);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE);
        Ring ring = Ring.open()) {
      channel.truncate(PAGE);
      OperationException refused =
          assertThrows(
              OperationException.class,
              () -> MappedMemory.advise(ring, memory, MemoryAdvice.POPULATE_READ));
      assertEquals(Errno.EFAULT, refused.errno());
      assertTrue(refused.getMessage().contains("madvise"), refused::getMessage);
    }
  }

  @Test
  void arguments_areCheckedFirst() throws Exception {
    MemorySegment readOnly = map(file(), MapMode.READ_ONLY);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        Arena shared = Arena.ofShared()) {
      Arena confined = Arena.ofConfined();
      MemorySegment own = confined.allocate(PAGE);
      MemorySegment closable = shared.allocate(PAGE);
      MemorySegment heap = MemorySegment.ofArray(new byte[PAGE]);
      for (MemorySegment unfit : new MemorySegment[] {heap, readOnly.asSlice(0, 0), readOnly}) {
        assertThrows(
            IllegalArgumentException.class,
            () -> MappedMemory.advise(ring, unfit, MemoryAdvice.POPULATE_WRITE));
      }
      assertThrows(
          IllegalArgumentException.class, () -> advise(ring, Caller.VIRTUAL, own).result());
      MappedMemory.advise(ring, own, MemoryAdvice.POPULATE_WRITE);
      MappedMemory.advise(ring, closable, MemoryAdvice.POPULATE_WRITE);
      assertEquals(2, kernel.submitted(Constants.IORING_OP_MADVISE));
      confined.close();
      assertThrows(
          IllegalStateException.class,
          () -> MappedMemory.advise(ring, own, MemoryAdvice.POPULATE_WRITE));
      assertEquals(2, kernel.submitted(Constants.IORING_OP_MADVISE));
    }
  }
}
