package io.ringspun.internal.filechannel;

import io.ringspun.Ring;
import io.ringspun.file.FileStat;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingFileChannel;
import io.ringspun.internal.file.FileAccess;
import io.ringspun.internal.file.FileCopy;
import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.file.OpenFile;
import io.ringspun.internal.file.OpenFlags;
import io.ringspun.internal.file.PathOperations;
import io.ringspun.internal.file.Transfer;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.PathMemory;
import io.ringspun.internal.ring.BlockingTask;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Progress;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.Uninterrupted;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A channel on a file that a ring reads and writes. Mapping and locking are the JDK's own. */
public final class RingBackedChannel extends RingFileChannel {
  private final Ring ring;
  private final OpenFile open;
  private final RingFile file; // the same, for transfers
  private final OpenFlags flags;
  private final Transfer transfer;
  private final BooleanSupplier ignoresInterrupts; // asked when there is one

  private final ReentrantLock positionLock = new ReentrantLock(); // for all that moves the position
  private long position; // guarded by positionLock

  private boolean seekable; // whether it is known to have positions; a race merely asks again

  private @Nullable JdkDelegate twin; // guarded by file, which nobody else sees

  private RingBackedChannel(Ring ring, OpenFile open, BooleanSupplier ignoresInterrupts) {
    this.ring = ring;
    this.open = open;
    file = FileAccess.get().file(open);
    flags = open.flags();
    transfer = FileAccess.get().transfer(file);
    this.ignoresInterrupts = ignoresInterrupts;
  }

  public static RingBackedChannel openOn(
      Ring ring, Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    PathMemory.requireDefault(path);
    PathOperations paths = new PathOperations(null, EngineAccess.of(ring), FileErrors::asJdk);
    return openIn(paths, ring, path, options, attributes);
  }

  /** Opens or makes a file relative to the directory of {@code paths}. */
  public static RingBackedChannel openIn(
      PathOperations paths,
      Ring ring,
      Path path,
      Set<? extends OpenOption> options,
      FileAttribute<?>... attributes)
      throws IOException {
    int mode = OpenFlags.mode(OpenFile.DEFAULT_MODE, attributes);
    OpenFlags flags = OpenFlags.of(options);
    boolean interrupted = Thread.interrupted(); // it is the first use that an interrupt ends
    try {
      return new RingBackedChannel(ring, OpenFile.open(paths, path, flags, mode), () -> false);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Opens a file for reading.
   *
   * @param ignores says, when the thread of an operation is interrupted, whether that is not to
   *     close the channel
   */
  public static RingBackedChannel openIgnoringInterruptsIf(
      BooleanSupplier ignores, Ring ring, Path path) throws IOException {
    Set<OpenOption> options = Set.of(StandardOpenOption.READ);
    OpenFile file =
        Uninterrupted.get(() -> OpenFile.openAsJdk(ring, path, options, OpenFile.DEFAULT_MODE));
    return new RingBackedChannel(ring, file, ignores);
  }

  /** Something that blocks and can be ended by an interrupt or a close. */
  private interface Blocking {
    long run() throws IOException;
  }

  /** Runs it under the rules of an interruptible channel. */
  private long interruptibly(Blocking action) throws IOException {
    requireOpen(); // closed already, not closed meanwhile
    InterruptedIOException interrupt = null;
    if (!Thread.currentThread().isInterrupted()) {
      try {
        return action.run();
      } catch (InterruptedIOException e) {
        interrupt = e;
      }
    }
    return interrupted(interrupt, action);
  }

  /** Ends a call whose thread is interrupted. */
  private long interrupted(@Nullable InterruptedIOException cause, Blocking action)
      throws IOException {
    if (ignoresInterrupts.getAsBoolean()) {
      return Uninterrupted.get(action::run);
    }
    throw closedByInterrupt(cause);
  }

  /** Closes the channel, as an interrupt does that ends one of its operations or comes before. */
  private ClosedByInterruptException closedByInterrupt(@Nullable InterruptedIOException cause)
      throws IOException {
    close();
    ClosedByInterruptException closed = new ClosedByInterruptException();
    closed.initCause(cause);
    return closed;
  }

  private long atPosition(Blocking action) throws IOException {
    positionLock.lock();
    try {
      return interruptibly(action);
    } finally {
      positionLock.unlock();
    }
  }

  // ---- reading -------------------------------------------------------------------------------

  @Override
  public int read(ByteBuffer target) throws IOException {
    requireReadable();
    positionLock.lock();
    try {
      int n = readInterruptibly(target, position);
      position += Math.max(n, 0);
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public int read(ByteBuffer target, long at) throws IOException {
    Objects.requireNonNull(target);
    requireNotNegative(at);
    requireReadable();
    if (!seekable && target.hasRemaining() && !target.isReadOnly()) {
      interruptibly(this::checkSeekable);
    }
    return readInterruptibly(target, at);
  }

  /** Does what {@link #interruptibly} does, without an object for the action. */
  private int readInterruptibly(ByteBuffer target, long at) throws IOException {
    requireOpen(); // closed already, not closed meanwhile
    InterruptedIOException interrupt = null;
    if (!Thread.currentThread().isInterrupted()) {
      try {
        return readAt(target, at);
      } catch (InterruptedIOException e) {
        interrupt = e;
      }
    }
    return (int) interrupted(interrupt, () -> readAt(target, at));
  }

  private int readAt(ByteBuffer target, long at) throws IOException {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("Read-only buffer");
    }
    int length = target.remaining();
    if (length == 0) {
      return 0;
    }
    int n;
    int start = target.position();
    if (target.hasArray() && !flags.direct()) {
      requireEnd(at, length);
      n = transfer.read(target.array(), target.arrayOffset() + start, length, at);
    } else {
      int read = readNative(target, at);
      n = read >= 0 ? read : transfer.readRest(MemorySegment.ofBuffer(target), at, ~read);
    }
    target.position(start + n);
    return n == 0 ? -1 : n;
  }

  /** The segment stays here, so that the compiler need not make one. */
  private int readNative(ByteBuffer target, long at) throws IOException {
    MemorySegment memory = MemorySegment.ofBuffer(target);
    requireFit(memory, at);
    Lending.requireAccessible(memory);
    try {
      return Lending.isLendable(memory)
          ? transfer.readInline(memory.address(), target.remaining(), at)
          : transfer.read(memory, at);
    } finally {
      Reference.reachabilityFence(target);
    }
  }

  @Override
  public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
    ByteBuffer[] chosen = slice(targets, offset, length);
    requireReadable();
    return atPosition(
        () -> {
          for (ByteBuffer target : chosen) {
            if (target.isReadOnly()) {
              throw new IllegalArgumentException("Read-only buffer");
            }
          }
          if (requireFit(chosen, position) == 0) {
            return 0;
          }
          long n = file.read(chosen, position);
          position += Math.max(n, 0);
          return n;
        });
  }

  // ---- writing -------------------------------------------------------------------------------

  @Override
  public int write(ByteBuffer source) throws IOException {
    requireWritable();
    positionLock.lock();
    try {
      int n = writeInterruptibly(source, position);
      position += n; // without meaning when appending
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public int write(ByteBuffer source, long at) throws IOException {
    Objects.requireNonNull(source);
    requireNotNegative(at);
    requireWritable();
    if (!seekable && source.hasRemaining()) {
      interruptibly(this::checkSeekable);
    }
    return writeInterruptibly(source, at);
  }

  /** Does what {@link #interruptibly} does, without an object for the action. */
  private int writeInterruptibly(ByteBuffer source, long at) throws IOException {
    requireOpen(); // closed already, not closed meanwhile
    InterruptedIOException interrupt = null;
    if (!Thread.currentThread().isInterrupted()) {
      try {
        return writeAt(source, at);
      } catch (InterruptedIOException e) {
        interrupt = e;
      }
    }
    return (int) interrupted(interrupt, () -> writeAt(source, at));
  }

  private int writeAt(ByteBuffer source, long at) throws IOException {
    if (!source.hasRemaining()) {
      return 0;
    }
    int done =
        source.hasArray() && !flags.direct() ? writeArray(source, at) : writeNative(source, at);
    int n =
        done == source.remaining()
            ? done
            : transfer.writeRest(MemorySegment.ofBuffer(source), at, done);
    source.position(source.position() + n);
    return n;
  }

  private int writeArray(ByteBuffer source, long at) throws IOException {
    int length = source.remaining();
    requireEnd(at, length);
    int start = source.arrayOffset() + source.position();
    return transfer.writeInline(source.array(), start, length, at);
  }

  /** The segment stays here, so that the compiler need not make one. */
  private int writeNative(ByteBuffer source, long at) throws IOException {
    MemorySegment memory = MemorySegment.ofBuffer(source);
    requireFit(memory, at);
    Lending.requireAccessible(memory);
    try {
      return Lending.isLendable(memory)
          ? transfer.writeInline(memory.address(), source.remaining(), at)
          : Transfer.UNTRIED;
    } finally {
      Reference.reachabilityFence(source);
    }
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    ByteBuffer[] chosen = slice(sources, offset, length);
    requireWritable();
    return atPosition(
        () -> {
          if (requireFit(chosen, position) == 0) {
            return 0;
          }
          long n = flags.append() ? file.append(chosen) : file.write(chosen, position);
          position += n; // without meaning when appending
          return n;
        });
  }

  // ---- position and size ---------------------------------------------------------------------

  @Override
  public long position() throws IOException {
    return atPosition(
        () -> {
          if (flags.append()) {
            return file.size();
          }
          requireSeekable();
          return position;
        });
  }

  @Override
  public FileChannel position(long newPosition) throws IOException {
    requireOpen();
    requireNotNegative(newPosition);
    atPosition(
        () -> {
          requireSeekable();
          position = newPosition;
          return 0;
        });
    return this;
  }

  @Override
  public long size() throws IOException {
    return interruptibly(file::size);
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    requireOpen();
    if (size < 0) {
      throw new IllegalArgumentException("Negative size");
    }
    requireWritable();
    atPosition(
        () -> {
          requireSeekable();
          if (size < file.size()) {
            file.truncate(size);
          }
          position = Math.min(position, size);
          return 0;
        });
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    interruptibly(
        () -> {
          if (metaData) {
            file.fsync();
          } else {
            file.fdatasync();
          }
          return 0;
        });
  }

  // ---- between channels ----------------------------------------------------------------------

  @Override
  public long transferTo(long at, long count, WritableByteChannel target) throws IOException {
    requireOpen();
    if (!target.isOpen()) {
      throw new ClosedChannelException();
    }
    requireReadable();
    if (target instanceof RingBackedChannel other) {
      other.requireWritable();
    }
    requireNotNegative(at);
    requireNotNegative(count);
    try {
      long size = size();
      if (at > size) {
        return 0;
      }
      // Files of the kernel's own making may have content and yet claim to be empty.
      long wanted = size > 0 ? Math.min(count, size - at) : count;
      if (wanted == 0) {
        return 0;
      }
      requireSeekable();
      return target instanceof RingBackedChannel other
          ? other.moved(position -> copy(new FileCopy(open, at, other.open, position, wanted)))
          : ChannelCopy.to(this, at, wanted, target);
    } catch (ClosedChannelException e) {
      throw transferFailed(e, target);
    }
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long at, long count) throws IOException {
    requireOpen();
    if (!source.isOpen()) {
      throw new ClosedChannelException();
    }
    if (source instanceof RingBackedChannel other) {
      other.requireReadable();
    }
    requireWritable();
    requireNotNegative(at);
    requireNotNegative(count);
    if (count == 0) {
      return 0;
    }
    requireSeekable();
    try {
      // What is read ahead from a pipe, which has no size, would be lost if it cannot be written.
      return source instanceof RingBackedChannel other && other.size() > 0
          ? other.moved(position -> copy(new FileCopy(other.open, position, open, at, count)))
          : ChannelCopy.from(source, this, at, count);
    } catch (ClosedChannelException e) {
      throw transferFailed(e, source);
    }
  }

  /**
   * A transfer at the channel's position, which returns the number of bytes by which to advance it.
   */
  private interface Moving {
    long from(long position) throws IOException;
  }

  private long moved(Moving action) throws IOException {
    positionLock.lock();
    try {
      long n = action.from(position);
      position += n;
      return n;
    } finally {
      positionLock.unlock();
    }
  }

  /** Copies between this file and that of another channel. */
  private long copy(FileCopy copy) throws IOException {
    try {
      return interruptibly(copy::run);
    } catch (IOException e) {
      return Progress.before(e, copy.done());
    }
  }

  /** Tells that one of two channels was closed during a transfer; an interrupt closes both. */
  private AsynchronousCloseException transferFailed(ClosedChannelException e, Channel other) {
    if (e instanceof ClosedByInterruptException || Thread.currentThread().isInterrupted()) {
      ClosedByInterruptException interrupted = new ClosedByInterruptException();
      interrupted.initCause(e);
      for (Channel channel : List.of(this, other)) {
        try {
          channel.close();
        } catch (IOException problem) {
          interrupted.addSuppressed(problem);
        }
      }
      return interrupted;
    }
    if (e instanceof AsynchronousCloseException closed) {
      return closed;
    }
    AsynchronousCloseException closed = new AsynchronousCloseException();
    closed.initCause(e);
    return closed;
  }

  // ---- what the JDK does best ----------------------------------------------------------------

  /** The same file opened once more by the JDK, to be mapped and locked; closed with this one. */
  private JdkDelegate twin() throws IOException {
    synchronized (file) {
      requireOpen();
      JdkDelegate opened = twin;
      if (opened == null) {
        opened = new JdkDelegate(openTwin(), this);
        twin = opened;
      }
      return opened;
    }
  }

  private FileChannel openTwin() throws IOException {
    boolean interrupted = Thread.interrupted(); // it is the first use that an interrupt ends
    try {
      while (true) {
        try {
          return openTwin(open.descriptor());
        } catch (InterruptedIOException _) {
          interrupted |= Thread.interrupted(); // this lock was acquired meanwhile
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private FileChannel openTwin(RawHandle descriptor) throws IOException {
    boolean isRegular = file.stat().type() == FileStat.FileType.REGULAR;
    descriptor.acquire();
    try {
      descriptor.noteShared();
      Kernel kernel = descriptor.engine().kernel();
      return BlockingTask.run(
          () -> JdkTwin.of(kernel, descriptor.fd(), isRegular, flags.twinOptions()));
    } finally {
      descriptor.release();
    }
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long at, long size) throws IOException {
    Objects.requireNonNull(mode);
    return twin().block(channel -> channel.map(mode, at, size));
  }

  @Override
  public MemorySegment map(MapMode mode, long offset, long size, Arena arena) throws IOException {
    Objects.requireNonNull(mode);
    Objects.requireNonNull(arena);
    return twin().map(mode, offset, size, arena);
  }

  @Override
  public FileLock lock(long at, long size, boolean shared) throws IOException {
    return twin().lock(at, size, shared);
  }

  @Override
  public @Nullable FileLock tryLock(long at, long size, boolean shared) throws IOException {
    return twin().tryLock(at, size, shared);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    JdkDelegate opened;
    synchronized (file) {
      opened = twin;
      twin = null;
    }
    try {
      if (opened != null) {
        BlockingTask.run(opened.channel()::close);
      }
    } finally {
      file.close();
    }
  }

  @Override
  public String toString() {
    return "RingFileChannel[%s on %s]".formatted(file, ring);
  }

  // ---- checks, in the JDK's order and with its exceptions ------------------------------------

  private void requireOpen() throws ClosedChannelException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
  }

  private void requireReadable() throws ClosedChannelException {
    requireOpen();
    if (!flags.read()) {
      throw new NonReadableChannelException();
    }
  }

  private void requireWritable() throws ClosedChannelException {
    requireOpen();
    if (!flags.write()) {
      throw new NonWritableChannelException();
    }
  }

  /** Refuses positions where there are none. The kernel would take them, and ignore them. */
  private void requireSeekable() throws IOException {
    if (!seekable) {
      if (!open.isSeekable()) {
        throw new IOException("Illegal seek"); // in the words of the JDK
      }
      seekable = true;
    }
  }

  /** Does so as an action. */
  private long checkSeekable() throws IOException {
    requireSeekable();
    return 0;
  }

  private static void requireNotNegative(long value) {
    if (value < 0) {
      throw new IllegalArgumentException("Negative: " + value);
    }
  }

  private static ByteBuffer[] slice(ByteBuffer[] buffers, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, buffers.length);
    return Arrays.copyOfRange(buffers, offset, offset + length);
  }

  /** Refuses, with the JDK's exceptions, what {@link RingFile} refuses with its own. */
  private void requireFit(MemorySegment memory, long at) throws IOException {
    if (memory.scope().isAlive() && !memory.isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException("the buffer is confined to another thread");
    }
    requireEnd(at, memory.byteSize());
    if (open.isMisaligned(memory, at)) {
      throw new IOException(open.misalignment(memory, at));
    }
  }

  /** Does so for several buffers, and returns how many bytes they have remaining. */
  private long requireFit(ByteBuffer[] buffers, long at) throws IOException {
    long total = 0;
    for (ByteBuffer buffer : buffers) {
      requireFit(MemorySegment.ofBuffer(buffer), at);
      total += buffer.remaining();
    }
    requireEnd(at, total);
    return total;
  }

  private static void requireEnd(long at, long length) throws IOException {
    if (at + length < 0) {
      throw new IOException("position %d and length %d together overflow".formatted(at, length));
    }
  }
}
