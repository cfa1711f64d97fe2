package io.ringspun.testing.channel;

import io.ringspun.testing.Bytes;
import io.ringspun.testing.Differential;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;

/** A program's run on channels of one kind, with all that was seen in it. */
public final class Run implements AutoCloseable {
  private static final int PEER_SIZE = 5_000;

  /** How channels of the kind are opened. */
  public interface Opener {
    FileChannel open(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
        throws IOException;
  }

  private final Path directory;
  private final Opener opener;
  private final Arena confined = Arena.ofConfined();
  private final Arena shared = Arena.ofShared();
  private final List<String> seen = new ArrayList<>();
  private final List<ByteBuffer> used = new ArrayList<>(); // by the call that is made
  private FileChannel channel;

  // What calls leave to later ones.
  final List<FileLock> locks = new ArrayList<>();
  ByteBuffer mapped;
  long mappedEnd;

  private Run(Path directory, Opener opener) {
    this.directory = directory;
    this.opener = opener;
  }

  /** Runs a program in an empty directory; returns what was seen, a line for each thing. */
  public static List<String> of(Program program, Path directory, Opener opener) throws IOException {
    try (Run run = new Run(directory, opener)) {
      run.prepare(program);
      run.call("the start", new Call.Reopen(program.opening()));
      for (int i = 0; i < program.calls().size() && run.channel != null; i++) {
        run.call("call " + (i + 1), program.calls().get(i));
      }
      return run.seen;
    }
  }

  private void prepare(Program program) throws IOException {
    Path target = directory.resolve("target");
    switch (program.start()) {
      case FILE -> Bytes.file(file(), 1, program.size());
      case NOTHING -> {}
      case LINK_TO_FILE -> Files.createSymbolicLink(file(), Bytes.file(target, 1, program.size()));
      case LINK_TO_NOTHING -> Files.createSymbolicLink(file(), target);
    }
  }

  private void call(String name, Call call) {
    used.clear();
    note(name, () -> call.on(this));
    for (ByteBuffer buffer : used) {
      seen.add("%s, buffer: %s".formatted(name, BufferSpec.describe(buffer)));
    }
    if (channel != null && channel.isOpen()) {
      note(name + ", position", channel::position);
      note(name + ", size", channel::size);
    }
  }

  private void note(String what, Callable<?> call) {
    String outcome;
    try {
      outcome = Objects.toString(call.call());
    } catch (FileSystemException e) {
      // Where no subclass fits, the JDK throws that or an IOException.
      outcome =
          e.getClass() == FileSystemException.class
              ? Differential.kind(new IOException())
              : "%s of %s".formatted(Differential.kind(e), nameIn(e.getFile()));
    } catch (Throwable e) {
      outcome = Differential.kind(e);
    }
    boolean interrupted = Thread.interrupted(); // the next call shall be free of it
    String state = channel == null ? ", never opened" : channel.isOpen() ? "" : ", closed";
    seen.add("%s: %s%s%s".formatted(what, outcome, state, interrupted ? ", interrupted" : ""));
  }

  private static String nameIn(String path) {
    return path == null ? "nothing" : Path.of(path).getFileName().toString();
  }

  // ---- for calls -----------------------------------------------------------------------------

  FileChannel channel() {
    return channel;
  }

  Path file() {
    return directory.resolve("file");
  }

  Arena confined() {
    return confined;
  }

  void open(Opening opening) throws IOException {
    if (channel != null) {
      channel.close();
    }
    channel = opener.open(file(), opening.options(), opening.attributes());
  }

  ByteBuffer make(BufferSpec spec) {
    ByteBuffer buffer = spec.make(confined, shared);
    used.add(buffer);
    return buffer;
  }

  ByteBuffer[] make(List<BufferSpec> specs) {
    return specs.stream().map(this::make).toArray(ByteBuffer[]::new);
  }

  /** Returns whether the mapping can be touched; beyond the file's end that is a fault. */
  boolean isMappingBacked() throws IOException {
    return mapped != null && Files.exists(file()) && Files.size(file()) >= mappedEnd;
  }

  long transferTo(long at, long count, Peer peer) throws IOException {
    return switch (peer) {
      case NULL -> channel.transferTo(at, count, null);
      case MEMORY -> {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        long n = channel.transferTo(at, count, Channels.newChannel(bytes));
        seen.add("in memory: " + Arrays.hashCode(bytes.toByteArray()));
        yield n;
      }
      default -> withPeer(peer, other -> channel.transferTo(at, count, other));
    };
  }

  long transferFrom(Peer peer, long at, long count) throws IOException {
    return switch (peer) {
      case NULL -> channel.transferFrom(null, at, count);
      case MEMORY -> {
        ByteArrayInputStream bytes = new ByteArrayInputStream(Bytes.of(3, 0, PEER_SIZE));
        long n = channel.transferFrom(Channels.newChannel(bytes), at, count);
        seen.add("left in memory: " + bytes.available());
        yield n;
      }
      default -> withPeer(peer, other -> channel.transferFrom(other, at, count));
    };
  }

  private interface Transfer {
    long with(FileChannel peer) throws IOException;
  }

  private long withPeer(Peer peer, Transfer transfer) throws IOException {
    boolean interrupted = Thread.interrupted(); // that is for the transfer
    Path path = Bytes.file(directory.resolve("peer"), 2, PEER_SIZE);
    Opener peers = peer == Peer.JDK_FILE ? FileChannel::open : opener;
    try (FileChannel other = peers.open(path, optionsOf(peer))) {
      if (peer == Peer.SAME_KIND_CLOSED) {
        other.close();
      } else if (peer != Peer.SAME_KIND_APPENDED) {
        other.position(100);
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      try {
        return transfer.with(other);
      } finally {
        interrupted = Thread.interrupted();
        seen.add("peer: " + (other.isOpen() ? "at " + other.position() : "closed"));
      }
    } finally {
      seen.add("peer: " + Arrays.hashCode(Files.readAllBytes(path)));
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static Set<StandardOpenOption> optionsOf(Peer peer) {
    return switch (peer) {
      case SAME_KIND_READ_ONLY -> Set.of(StandardOpenOption.READ);
      case SAME_KIND_WRITE_ONLY -> Set.of(StandardOpenOption.WRITE);
      case SAME_KIND_APPENDED -> Set.of(StandardOpenOption.APPEND);
      default -> Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
    };
  }

  /** Ends the run: closes what is open, notes what the directory has, and empties it. */
  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
    }
    confined.close();
    shared.close();
    for (String name : List.of("file", "target", "peer")) {
      Path path = directory.resolve(name);
      if (Files.exists(path)) {
        seen.add(
            "%s at the end: %s %s"
                .formatted(
                    name,
                    Files.getPosixFilePermissions(path),
                    Arrays.toString(Files.readAllBytes(path))));
      }
    }
    for (String name : List.of("file", "target", "peer")) {
      Files.deleteIfExists(directory.resolve(name));
    }
  }
}
