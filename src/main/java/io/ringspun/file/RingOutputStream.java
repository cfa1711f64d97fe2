package io.ringspun.file;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.file.OpenFile;
import io.ringspun.internal.file.OpenFlags;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.ring.Uninterrupted;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An output stream that writes a file through a {@link Ring}. Like the stream that {@link
 * java.nio.file.Files#newOutputStream} returns, it is unbuffered, so write large blocks at a time.
 * {@code flush} has no effect; {@link RingFile#fsync} makes bytes durable.
 *
 * <p>Each write blocks until the kernel has accepted all of its bytes ({@code IORING_OP_WRITE},
 * Linux 5.6); {@link RingFile} lists the exceptions. An interrupt cancels the operation and leaves
 * the stream open; {@link InterruptedIOException#bytesTransferred} is the number of bytes written.
 * Safe for use by multiple concurrent threads: one thread writes at a time; the others wait.
 *
 * @since 0.1
 */
public final class RingOutputStream extends OutputStream {
  private static final Set<OpenOption> DEFAULT_OPTIONS =
      Set.of(
          StandardOpenOption.CREATE,
          StandardOpenOption.TRUNCATE_EXISTING,
          StandardOpenOption.WRITE);

  private final RingFile file;
  private final boolean interruptible;
  private final ReentrantLock positionLock =
      new ReentrantLock(); // held by every method that changes the position
  private long position; // guarded by positionLock; unused when appending

  private RingOutputStream(RingFile file, long position, boolean interruptible) {
    this.file = file;
    this.interruptible = interruptible;
    this.position = position;
  }

  /**
   * Opens or creates a file on a ring of the {@linkplain RingGroup#shared() shared group}.
   *
   * @param path a path of the default file system
   * @param options the options of {@link RingFile#open(Path, OpenOption...)} except {@code READ}
   *     and those for direct I/O; {@code WRITE} is implied; none means {@code CREATE} and {@code
   *     TRUNCATE_EXISTING}
   * @return a new stream at the beginning, or at the end with {@code APPEND}
   * @throws IllegalArgumentException if options contradict each other, include {@code READ}, or
   *     request direct I/O
   * @throws UnsupportedOperationException if an option is unknown
   * @throws IOException if the file cannot be opened; see {@link RingFile#open(Path,
   *     OpenOption...)}
   */
  public static RingOutputStream open(Path path, OpenOption... options) throws IOException {
    return open(RingGroup.shared().nextHome(), path, options);
  }

  /**
   * Opens or creates a file on a ring; see {@link #open(Path, OpenOption...)}.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param path a path of the default file system
   * @param options see {@link #open(Path, OpenOption...)}
   * @return a new stream at the beginning, or at the end with {@code APPEND}
   * @throws IOException if the operation fails, as described in {@link #open(Path, OpenOption...)}
   */
  public static RingOutputStream open(Ring ring, Path path, OpenOption... options)
      throws IOException {
    Set<OpenOption> chosen = toWrite(options);
    RingFile file = RingFile.open(ring, path, chosen);
    return new RingOutputStream(file, 0, true);
  }

  /** Opens or creates a file for a stream that ignores interrupts, like the JDK's. */
  static RingOutputStream openUninterruptible(Ring ring, Path path, OpenOption... options)
      throws IOException {
    Set<OpenOption> chosen = toWrite(options);
    OpenFile file =
        Uninterrupted.get(() -> OpenFile.openAsJdk(ring, path, chosen, OpenFile.DEFAULT_MODE));
    return new RingOutputStream(new RingFile(file), 0, false);
  }

  private static Set<OpenOption> toWrite(OpenOption... options) {
    Set<OpenOption> chosen = new HashSet<>(Arrays.asList(options));
    if (chosen.contains(StandardOpenOption.READ)) {
      throw new IllegalArgumentException("READ not allowed");
    }
    if (options.length == 0) {
      chosen.addAll(DEFAULT_OPTIONS);
    }
    chosen.add(StandardOpenOption.WRITE);
    RingInputStream.requireNotDirect(OpenFlags.of(chosen).direct());
    return chosen;
  }

  /**
   * Returns a stream that writes to an open file.
   *
   * @param file the file, which is closed together with the stream
   * @param position the position of the first byte, in bytes from the beginning; ignored if the
   *     file was opened with {@code APPEND}
   * @return a new stream
   * @throws IllegalArgumentException if the position is negative, or the file was opened for direct
   *     I/O
   * @throws NonWritableChannelException if the file is not open for writing
   */
  public static RingOutputStream of(RingFile file, long position) {
    Arguments.requirePosition(position, 0);
    RingInputStream.requireNotDirect(file.openFile().flags().direct());
    file.requireWritable();
    return new RingOutputStream(file, position, true);
  }

  /**
   * Writes one byte. Blocks until the kernel has accepted it.
   *
   * @throws IOException if the write fails, as described in {@link RingFile}
   */
  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  /**
   * Writes a part of an array. Blocks until the kernel has accepted all of it.
   *
   * @throws IndexOutOfBoundsException if the part is not within the array
   * @throws IOException if the write fails, as described in {@link RingFile}
   */
  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, source.length);
    writeAll(ByteBuffer.wrap(source, offset, length));
  }

  /** Writes all of a buffer. On failure its position shows how much was written. */
  void writeAll(ByteBuffer source) throws IOException {
    int length = source.remaining();
    positionLock.lock();
    try {
      while (source.hasRemaining()) {
        position += interruptible ? writeSome(source) : Uninterrupted.get(() -> writeSome(source));
      }
    } catch (InterruptedIOException e) {
      e.bytesTransferred = length - source.remaining();
      throw e;
    } finally {
      positionLock.unlock();
    }
  }

  private int writeSome(ByteBuffer source) throws IOException {
    return file.openFile().flags().append() ? file.append(source) : file.write(source, position);
  }

  /**
   * Closes the file. A thread that is writing gets {@link
   * java.nio.channels.AsynchronousCloseException}. Closing again has no effect.
   *
   * @throws IOException if the kernel reports that earlier writes failed; the file is closed
   */
  @Override
  public void close() throws IOException {
    file.close();
  }

  @Override
  public String toString() {
    return "RingOutputStream[%s]".formatted(file);
  }
}
