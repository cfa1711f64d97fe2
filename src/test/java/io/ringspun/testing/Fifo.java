package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import io.ringspun.internal.ring.SlowFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A named pipe: reading it blocks, deterministically, until someone writes. It is open for reading
 * and writing, so that opening it does not block. It stands for a file on a slow device: its reads
 * count against the in-flight limit and draining waits for them, see {@link #openAsPeer} for the
 * contrary.
 */
public final class Fifo implements AutoCloseable {
  private static final MethodHandle MKFIFO =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("mkfifo").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final Path path;
  private final RingFile file;
  private final FileChannel writer;

  private Fifo(Path path, RingFile file, FileChannel writer) {
    this.path = path;
    this.file = file;
    this.writer = writer;
  }

  /** Makes a named pipe in a directory and opens it on a ring. */
  public static Fifo open(Ring ring, Path directory) throws IOException {
    Fifo fifo = openAsPeer(ring, directory);
    SlowFile.imitatedBy(fifo.file);
    return fifo;
  }

  /** Makes and opens one that is what it is: who reads it waits for a peer. */
  public static Fifo openAsPeer(Ring ring, Path directory) throws IOException {
    Path path = directory.resolve("fifo-" + COUNT.incrementAndGet());
    make(path);
    RingFile file = RingFile.open(ring, path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    return new Fifo(path, file, FileChannel.open(path, StandardOpenOption.WRITE));
  }

  /** Makes named pipes. */
  public static void make(Path... paths) {
    try (Arena arena = Arena.ofConfined()) {
      for (Path path : paths) {
        int result = (int) MKFIFO.invokeExact(arena.allocateFrom(path.toString()), 0600);
        assertEquals(0, result, path::toString);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** The pipe's reading end, which may write too. */
  public RingFile file() {
    return file;
  }

  public Path path() {
    return path;
  }

  /** Reads one byte, however long that takes. */
  public byte read() throws IOException {
    return read(file);
  }

  /** Reads one byte through another view of a pipe. */
  public static byte read(RingFile file) throws IOException {
    MemorySegment target = Arena.ofAuto().allocate(1);
    assertEquals(1, file.read(target, 0));
    return target.get(ValueLayout.JAVA_BYTE, 0);
  }

  /** Writes bytes without the ring. */
  public void write(int... bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes.length);
    for (int b : bytes) {
      buffer.put((byte) b);
    }
    buffer.flip();
    while (buffer.hasRemaining()) {
      writer.write(buffer);
    }
  }

  @Override
  public void close() throws IOException {
    try (writer) {
      file.close();
    }
  }
}
