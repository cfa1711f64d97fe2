package io.ringspun.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingOptions;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.RingCase;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each mistake of a caller gets its exception, before anything is submitted, and harms nothing. */
class RingFileBadInputTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final int SIZE = 10_000;

  @TempDir Path directory;

  private interface Body {
    void run(Ring ring, RingFile file, Arena arena) throws Exception;
  }

  /** Runs a body, then checks that file, bytes and ring are as before. */
  private void run(RingCase how, Body body) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, SIZE);
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path, READ, WRITE)) {
            long submitted = ring.metrics().submitted();
            body.run(ring, file, arena);
            assertEquals(submitted, ring.metrics().submitted(), "something was submitted");
            assertEquals(0, ring.metrics().inFlight());
            MemorySegment target = arena.allocate(SIZE);
            file.readFully(target, 0);
            Bytes.check(1, 0, target);
          }
        });
    assertArrayEquals(Bytes.of(1, 0, SIZE), Files.readAllBytes(path));
  }

  /** Every call that takes a segment. */
  private static List<Executable> withSegment(RingFile file, MemorySegment segment, long position) {
    MemorySegment[] array = {segment};
    return List.of(
        () -> file.read(segment, position),
        () -> file.readFully(segment, position),
        () -> file.read(array, position),
        () -> file.write(segment, position),
        () -> file.writeFully(segment, position),
        () -> file.write(array, position));
  }

  /** Every call that takes a buffer. */
  private static List<Executable> withBuffer(RingFile file, ByteBuffer buffer, long position) {
    ByteBuffer[] array = {buffer};
    return List.of(
        () -> file.read(buffer, position),
        () -> file.readFully(buffer, position),
        () -> file.read(array, position),
        () -> file.write(buffer, position),
        () -> file.writeFully(buffer, position),
        () -> file.write(array, position));
  }

  private static void refused(
      Class<? extends Throwable> type, String what, List<Executable> calls) {
    for (int i = 0; i < calls.size(); i++) {
      Throwable e = assertThrows(type, calls.get(i), what + ", call " + i);
      assertEquals(type, e.getClass(), what + ", call " + i);
      if (type != NullPointerException.class && type.getPackage() == String.class.getPackage()) {
        assertNotNull(e.getMessage(), what + ", call " + i + " says nothing");
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void call_positionIsNonsense(RingCase how) throws Exception {
    run(
        how,
        (ring, file, arena) -> {
          MemorySegment segment = arena.allocate(10);
          for (long position :
              new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 8}) {
            String what = "position " + position;
            Class<IllegalArgumentException> type = IllegalArgumentException.class;
            refused(type, what, withSegment(file, segment, position));
            refused(type, what, withBuffer(file, ByteBuffer.allocate(10), position));
            refused(type, what, withBuffer(file, ByteBuffer.allocateDirect(10), position));
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void call_memoryIsEmpty(RingCase how) throws Exception {
    run(
        how,
        (ring, file, arena) -> {
          Class<IllegalArgumentException> type = IllegalArgumentException.class;
          refused(type, "segment", withSegment(file, arena.allocate(0), 0));
          refused(type, "heap", withBuffer(file, ByteBuffer.allocate(0), 0));
          refused(type, "direct", withBuffer(file, ByteBuffer.allocateDirect(0), 0));
          ByteBuffer full = ByteBuffer.allocate(10).position(10);
          refused(type, "full", withBuffer(file, full, 0));
          assertEquals(10, full.position());
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void call_null(RingCase how) throws Exception {
    run(
        how,
        (ring, file, arena) -> {
          refused(NullPointerException.class, "segment", withSegment(file, null, 0));
          refused(NullPointerException.class, "buffer", withBuffer(file, null, 0));
          refused(
              NullPointerException.class,
              "the rest",
              List.of(
                  () -> file.read((MemorySegment[]) null, 0),
                  () -> file.read((ByteBuffer[]) null, 0),
                  () -> file.write((MemorySegment[]) null, 0),
                  () -> file.write((ByteBuffer[]) null, 0),
                  () -> file.advise(0, 1, null),
                  () -> file.allocate(0, 1, (AllocateMode) null),
                  () -> file.allocate(0, 1, (AllocateMode[]) null),
                  () -> file.syncFileRange(0, 1, (SyncRange) null),
                  () -> file.allocateBuffer(null, 10)));
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void call_memoryIsOnTheHeap(RingCase how) throws Exception {
    run(
        how,
        (ring, file, arena) -> {
          MemorySegment heap = MemorySegment.ofArray(new byte[10]);
          refused(IllegalArgumentException.class, "heap", withSegment(file, heap, 0));
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void call_arenaIsClosed(RingCase how) throws Exception {
    run(
        how,
        (ring, file, arena) -> {
          Arena[] arenas = {Arena.ofConfined(), Arena.ofShared()};
          for (Arena closed : arenas) {
            MemorySegment segment = closed.allocate(100);
            ByteBuffer buffer = segment.asByteBuffer();
            closed.close();
            refused(IllegalStateException.class, "segment", withSegment(file, segment, 0));
            refused(IllegalStateException.class, "buffer", withBuffer(file, buffer, 0));
            assertEquals(0, buffer.position());
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void call_memoryIsAnotherThreads(RingCase how) throws Exception {
    AtomicReference<MemorySegment> confined = new AtomicReference<>();
    CountDownLatch done = new CountDownLatch(1);
    Thread owner =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (Arena arena = Arena.ofConfined()) {
                    confined.set(arena.allocate(100));
                    done.await();
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                });
    Await.until("there is memory", () -> confined.get() != null);
    run(
        how,
        (ring, file, arena) -> {
          MemorySegment segment = confined.get();
          ByteBuffer buffer = segment.asByteBuffer();
          Class<IllegalArgumentException> type = IllegalArgumentException.class;
          refused(type, "segment", withSegment(file, segment, 0));
          refused(type, "slice", withSegment(file, segment.asSlice(10, 5), 0));
          refused(type, "buffer", withBuffer(file, buffer, 0));
          refused(type, "slice", withBuffer(file, buffer.slice(3, 5), 0));
        });
    done.countDown();
    owner.join();
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void read_memoryIsReadOnly(RingCase how) throws Exception {
    run(
        how,
        (ring, file, arena) -> {
          MemorySegment segment = arena.allocate(10).asReadOnly();
          Class<IllegalArgumentException> type = IllegalArgumentException.class;
          refused(type, "segment", withSegment(file, segment, 0).subList(0, 3));
          for (ByteBuffer buffer :
              List.of(
                  segment.asByteBuffer(),
                  ByteBuffer.allocate(10).asReadOnlyBuffer(),
                  ByteBuffer.allocateDirect(10).asReadOnlyBuffer())) {
            refused(type, "buffer", withBuffer(file, buffer, 0).subList(0, 3));
            ByteBuffer[] behind = {ByteBuffer.allocate(5), buffer};
            refused(type, "array", List.of(() -> file.read(behind, 0)));
            assertEquals(0, behind[0].position());
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void call_fileIsNotOpenForIt(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, SIZE);
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingFile readOnly = RingFile.open(ring, path, READ);
              RingFile writeOnly = RingFile.open(ring, path, WRITE)) {
            long submitted = ring.metrics().submitted();
            MemorySegment segment = arena.allocate(10);
            ByteBuffer heap = ByteBuffer.allocate(10);
            ByteBuffer direct = ByteBuffer.allocateDirect(10);
            Class<NonReadableChannelException> unreadable = NonReadableChannelException.class;
            refused(unreadable, "segment", withSegment(writeOnly, segment, 0).subList(0, 3));
            refused(unreadable, "heap", withBuffer(writeOnly, heap, 0).subList(0, 3));
            refused(unreadable, "direct", withBuffer(writeOnly, direct, 0).subList(0, 3));
            Class<NonWritableChannelException> unwritable = NonWritableChannelException.class;
            refused(unwritable, "segment", withSegment(readOnly, segment, 0).subList(3, 6));
            refused(unwritable, "heap", withBuffer(readOnly, heap, 0).subList(3, 6));
            refused(unwritable, "direct", withBuffer(readOnly, direct, 0).subList(3, 6));
            refused(
                unwritable,
                "the rest",
                List.of(() -> readOnly.truncate(0), () -> readOnly.allocate(0, 1)));
            assertEquals(submitted, ring.metrics().submitted());
            readOnly.readFully(heap, 0);
            Bytes.check(1, 0, heap.array());
            writeOnly.writeFully(heap.flip(), 0);
          }
        });
    assertArrayEquals(Bytes.of(1, 0, SIZE), Files.readAllBytes(path));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void call_ringIsClosed(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, SIZE);
    how.run(
        own -> {
          // A thread that a ring carries uses that one, so the closed ring is its own if it is.
          Ring ring = own.carriesVirtualThreads() ? own : Ring.open();
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path, READ, WRITE)) {
            ring.close();
            MemorySegment segment = arena.allocate(10);
            refused(RingClosedException.class, "segment", withSegment(file, segment, 0));
            refused(RingClosedException.class, "heap", withBuffer(file, ByteBuffer.allocate(5), 0));
            refused(RingClosedException.class, "rest", List.of(file::size, file::fsync));
          }
        });
    assertArrayEquals(Bytes.of(1, 0, SIZE), Files.readAllBytes(path));
  }

  /**
   * Any thread may close a shared arena while the kernel is to fill its memory. The read works on a
   * copy: it fails, and what now lies where the segment was is not touched.
   */
  @ParameterizedTest
  @MethodSource(CASES)
  void read_arenaIsClosedMeanwhile(RingCase how) throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withInlineAttempts(how.inline()));
        Fifo fifo = Fifo.open(ring, directory)) {
      for (int i = 0; i < 3; i++) {
        int kind = i;
        Arena arena = Arena.ofShared();
        MemorySegment target = arena.allocate(100);
        ByteBuffer buffer = target.asByteBuffer();
        BlockedCall<Long> reader =
            BlockedCall.start(
                    ring,
                    how.caller(),
                    () ->
                        switch (kind) {
                          case 0 -> (long) fifo.file().read(target, 0);
                          case 1 -> (long) fifo.file().read(buffer, 0);
                          default -> fifo.file().read(new MemorySegment[] {target}, 0);
                        })
                .awaitInFlight(ring, 1);
        arena.close();
        fifo.write(1, 2, 3);
        assertThrows(IllegalStateException.class, reader::result, "kind " + i);
        assertEquals(0, ring.metrics().inFlight());
      }
      fifo.write(9);
      byte next = BlockedCall.start(ring, how.caller(), fifo::read).result();
      assertEquals(9, next);
      assertTrue(fifo.file().isOpen());
    }
  }
}
