package io.ringspun.internal.filechannel;

import io.ringspun.internal.file.OpenFile;
import io.ringspun.internal.memory.ScratchMemory;
import io.ringspun.internal.ring.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;

/** Moves bytes between files and channels of any kind. */
final class ChannelCopy {
  private static final int BUFFER_BYTES = 1 << 18;

  /** Sockets and pipes take what they have room for; what was read beyond that is read again. */
  private static final int SELECTABLE_BYTES = 1 << 16;

  /** For channels that may keep the buffer: it must be new, and is copied once more. */
  private static final int UNTRUSTED_BYTES = 1 << 14;

  private ChannelCopy() {}

  /** Does what {@link java.nio.channels.FileChannel#transferTo} does, arguments checked. */
  static long to(RingBackedChannel from, long at, long count, WritableByteChannel target)
      throws IOException {
    return withBuffer(
        target,
        count,
        buffer -> {
          long done = 0;
          try {
            while (done < count) {
              int read = from.read(limited(buffer, count - done), at + done);
              if (read <= 0) {
                break;
              }
              int written = target.write(buffer.flip());
              done += written;
              if (written != read) {
                break;
              }
            }
            return done;
          } catch (IOException e) {
            return Progress.before(e, done);
          }
        });
  }

  /** Does what {@link java.nio.channels.FileChannel#transferFrom} does, arguments checked. */
  static long from(ReadableByteChannel source, RingBackedChannel to, long at, long count)
      throws IOException {
    return withBuffer(
        source,
        count,
        buffer -> {
          long done = 0;
          try {
            while (done < count) {
              if (source.read(limited(buffer, count - done)) <= 0 || buffer.flip().limit() == 0) {
                break;
              }
              while (buffer.hasRemaining()) {
                done += OpenFile.requireProgress(to.write(buffer, at + done));
              }
            }
            return done;
          } catch (IOException e) {
            return Progress.before(e, done);
          }
        });
  }

  private static ByteBuffer limited(ByteBuffer buffer, long wanted) {
    return buffer.clear().limit((int) Math.min(wanted, buffer.capacity()));
  }

  /** Moves bytes through a buffer. */
  private interface Action {
    long with(ByteBuffer buffer) throws IOException;
  }

  private static long withBuffer(Channel other, long count, Action action) throws IOException {
    if (!isTrusted(other)) {
      return action.with(ByteBuffer.allocate((int) Math.min(count, UNTRUSTED_BYTES)));
    }
    int sizeMax = other instanceof SelectableChannel ? SELECTABLE_BYTES : BUFFER_BYTES;
    try (ScratchMemory memory = ScratchMemory.take(Math.min(count, sizeMax))) {
      return action.with(memory.segment().asByteBuffer());
    }
  }

  /** Returns whether a channel lets go of a buffer when its call returns. */
  private static boolean isTrusted(Channel channel) {
    return channel instanceof RingBackedChannel
        || channel instanceof JdkBackedChannel
        || channel.getClass().getModule() == Object.class.getModule();
  }
}
