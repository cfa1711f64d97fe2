package io.ringspun.testing.channel;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;

/** One thing that a program does; what it returns is compared. */
public sealed interface Call {
  /** Does it. */
  Object on(Run run) throws Exception;

  /** Reads where the channel is. */
  record Read(BufferSpec buffer) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.channel().read(run.make(buffer));
    }
  }

  /** Reads at a position. */
  record ReadAt(BufferSpec buffer, long at) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.channel().read(run.make(buffer), at);
    }
  }

  /** Writes where the channel is. */
  record Write(BufferSpec buffer) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.channel().write(run.make(buffer));
    }
  }

  /** Writes at a position. */
  record WriteAt(BufferSpec buffer, long at) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.channel().write(run.make(buffer), at);
    }
  }

  /** Reads into some of several buffers. */
  record Scatter(List<BufferSpec> buffers, int offset, int length) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.channel().read(run.make(buffers), offset, length);
    }
  }

  /** Writes from some of several buffers. */
  record Gather(List<BufferSpec> buffers, int offset, int length) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.channel().write(run.make(buffers), offset, length);
    }
  }

  /** Reads into, or writes from, so many buffers that the kernel may not take them all. */
  record Many(BufferSpec buffer, int count, boolean write) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      ByteBuffer[] buffers = run.make(Stream.generate(() -> buffer).limit(count).toList());
      return write ? run.channel().write(buffers) : run.channel().read(buffers);
    }
  }

  /** Moves on or back. */
  record Position(long to) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.channel().position(to) == run.channel();
    }
  }

  /** Asks for the size. */
  record Size() implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.channel().size();
    }
  }

  /** Makes the file shorter. */
  record Truncate(long size) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.channel().truncate(size) == run.channel();
    }
  }

  /** Makes the file durable. */
  record Force(boolean metaData) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      run.channel().force(metaData);
      return "forced";
    }
  }

  /** Copies to another channel. */
  record TransferTo(long at, long count, Peer peer) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.transferTo(at, count, peer);
    }
  }

  /** Copies from another channel. */
  record TransferFrom(Peer peer, long at, long count) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.transferFrom(peer, at, count);
    }
  }

  /** Maps a part of the file. */
  record Map(Mode mode, long at, long size, boolean segment) implements Call {
    /** The JDK's modes, with names. */
    public enum Mode {
      READ_ONLY(FileChannel.MapMode.READ_ONLY),
      READ_WRITE(FileChannel.MapMode.READ_WRITE),
      PRIVATE(FileChannel.MapMode.PRIVATE);

      final FileChannel.MapMode mode;

      Mode(FileChannel.MapMode mode) {
        this.mode = mode;
      }
    }

    @Override
    public Object on(Run run) throws Exception {
      if (!run.channel().isOpen() && (at < 0 || size < 0 || size > Integer.MAX_VALUE)) {
        return "which of the two errors is told is not laid down";
      }
      ByteBuffer mapped =
          segment
              ? run.channel().map(mode.mode, at, size, run.confined()).asByteBuffer()
              : run.channel().map(mode.mode, at, size);
      run.mapped = mapped;
      run.mappedEnd = at + mapped.capacity();
      return mapped.capacity();
    }
  }

  /** Reads the whole mapping, if the file still has all of it. */
  record ReadMapping() implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.isMappingBacked() ? BufferSpec.describe(run.mapped) : "nothing is mapped";
    }
  }

  /** Writes a byte to the mapping, if the file still has all of it. */
  record WriteMapping(int at, byte value) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      return run.isMappingBacked() ? run.mapped.put(at, value).get(at) : "nothing is mapped";
    }
  }

  /** Locks a part of the file. */
  record Lock(long at, long size, boolean shared, boolean attempt) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      FileLock lock =
          attempt ? run.channel().tryLock(at, size, shared) : run.channel().lock(at, size, shared);
      run.locks.add(lock);
      return "%d %d %s %s %s"
          .formatted(
              lock.position(),
              lock.size(),
              lock.isShared(),
              lock.isValid(),
              lock.acquiredBy() == run.channel());
    }
  }

  /** Releases a lock, be it the second time. */
  record Release(int which) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      if (run.locks.isEmpty()) {
        return "nothing is locked";
      }
      FileLock lock = run.locks.get(which % run.locks.size());
      boolean before = lock.isValid();
      lock.release();
      return before + " " + lock.isValid();
    }
  }

  /** Closes the channel, be it the second time. */
  record Close() implements Call {
    @Override
    public Object on(Run run) throws Exception {
      run.channel().close();
      return Files.exists(run.file());
    }
  }

  /** Closes the channel and opens another in its place. */
  record Reopen(Opening opening) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      run.open(opening);
      return "opened";
    }
  }

  /** Does another one with an interrupt pending. */
  record Interrupted(Call call) implements Call {
    @Override
    public Object on(Run run) throws Exception {
      Thread.currentThread().interrupt();
      return call.on(run);
    }
  }
}
