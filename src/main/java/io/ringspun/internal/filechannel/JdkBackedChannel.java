package io.ringspun.internal.filechannel;

import io.ringspun.file.RingFileChannel;
import io.ringspun.file.RingOpenOption;
import io.ringspun.internal.memory.PathMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A channel whose work the JDK does, since there can be no ring here. */
public final class JdkBackedChannel extends RingFileChannel {
  private final JdkDelegate jdk;
  private final Path path;
  private final String reason;

  private JdkBackedChannel(FileChannel channel, Path path, String reason) {
    jdk = new JdkDelegate(channel, this);
    this.path = path;
    this.reason = reason;
  }

  /** Opens or makes a file. */
  public static JdkBackedChannel open(
      String reason, Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    PathMemory.requireDefault(path);
    Set<OpenOption> known = new HashSet<>();
    for (OpenOption option : options) {
      known.add(option instanceof RingOpenOption own ? counterpart(own) : option);
    }
    return new JdkBackedChannel(FileChannel.open(path, known, attributes), path, reason);
  }

  /** Returns the JDK's name of an option of ours. */
  private static OpenOption counterpart(RingOpenOption option) {
    if (option == RingOpenOption.DIRECT) {
      try {
        Class<?> type = Class.forName("com.sun.nio.file.ExtendedOpenOption"); // no API to compile
        return (OpenOption) type.getField("DIRECT").get(null);
      } catch (ReflectiveOperationException e) {
        throw new UnsupportedOperationException("DIRECT needs the module jdk.unsupported", e);
      }
    }
    throw new UnsupportedOperationException(option + " needs a ring");
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    return jdk.run(channel -> channel.read(target));
  }

  @Override
  public int read(ByteBuffer target, long at) throws IOException {
    return jdk.run(channel -> channel.read(target, at));
  }

  @Override
  public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
    return jdk.run(channel -> channel.read(targets, offset, length));
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    return jdk.run(channel -> channel.write(source));
  }

  @Override
  public int write(ByteBuffer source, long at) throws IOException {
    return jdk.run(channel -> channel.write(source, at));
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    return jdk.run(channel -> channel.write(sources, offset, length));
  }

  @Override
  public long position() throws IOException {
    return jdk.run(FileChannel::position);
  }

  @Override
  public FileChannel position(long newPosition) throws IOException {
    jdk.run(channel -> channel.position(newPosition));
    return this;
  }

  @Override
  public long size() throws IOException {
    return jdk.run(FileChannel::size);
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    jdk.run(channel -> channel.truncate(size));
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    jdk.run(
        channel -> {
          channel.force(metaData);
          return this;
        });
  }

  /**
   * Passes the JDK its own channel instead of the wrapper, because it has faster paths for those.
   */
  @Override
  public long transferTo(long at, long count, WritableByteChannel target) throws IOException {
    return target instanceof JdkBackedChannel other
        ? jdk.run(source -> other.jdk.run(known -> source.transferTo(at, count, known)))
        : jdk.run(source -> source.transferTo(at, count, target));
  }

  /** Passes the JDK its own channel, as {@link #transferTo} does. */
  @Override
  public long transferFrom(ReadableByteChannel source, long at, long count) throws IOException {
    return source instanceof JdkBackedChannel other
        ? jdk.run(target -> other.jdk.run(known -> target.transferFrom(known, at, count)))
        : jdk.run(target -> target.transferFrom(source, at, count));
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long at, long size) throws IOException {
    return jdk.block(channel -> channel.map(mode, at, size));
  }

  @Override
  public MemorySegment map(MapMode mode, long offset, long size, Arena arena) throws IOException {
    return jdk.map(mode, offset, size, arena);
  }

  @Override
  public FileLock lock(long at, long size, boolean shared) throws IOException {
    return jdk.lock(at, size, shared);
  }

  @Override
  public @Nullable FileLock tryLock(long at, long size, boolean shared) throws IOException {
    return jdk.tryLock(at, size, shared);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    jdk.channel().close();
  }

  @Override
  public String toString() {
    return "RingFileChannel[%s, fallback: JDK, because %s]".formatted(path, reason);
  }
}
