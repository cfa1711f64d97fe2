package io.ringspun;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.file.RingDirectory;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingFileChannel;
import io.ringspun.file.RingInputStream;
import io.ringspun.file.RingOutputStream;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.ring.Leaks;
import io.ringspun.net.RingDatagramSocket;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.os.EventFd;
import io.ringspun.os.FileEvent;
import io.ringspun.os.FutexWord;
import io.ringspun.os.Inotify;
import io.ringspun.os.RingPipe;
import io.ringspun.os.RingTimer;
import io.ringspun.os.Ticker;
import io.ringspun.os.TimerClock;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.LeakCheck;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Goal: memory of the library's own that the kernel may keep is never used again, whichever ring
 * had it. Method: a ring fails at each step of its closing, with the completions of what it has in
 * flight kept back. The caller goes on, on a ring that is well; what was lent must not have gone
 * back to its pool.
 */
class LostMemoryTest {
  private static final long BLOCK = 4096;
  private static final long DOORBELL = 4096; // what a failed ring itself leaves with the kernel
  private static final int STEPS = 4; // more than a ring takes from its closing to its wait

  @TempDir static Path directory;

  /** What is open for a test, closed in reverse order. */
  private static final class Kit implements AutoCloseable {
    final Ring home;
    final Ring failing;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    Kit(Ring home, Ring failing) {
      this.home = home;
      this.failing = failing;
    }

    <T extends AutoCloseable> T add(T opened) {
      open.push(opened);
      return opened;
    }

    RingFile file() throws IOException {
      return add(RingFile.open(home, path("file"), READ, WRITE));
    }

    RingDirectory directory() throws IOException {
      return add(RingDirectory.open(home, directory));
    }

    /** Opens two connected sockets. */
    RingSocket[] sockets() throws IOException {
      RingListener listener = add(RingListener.bind(home, loopback()));
      RingSocket near = add(RingSocket.connect(home, listener.localAddress()));
      return new RingSocket[] {near, add(listener.accept())};
    }

    /** Returns memory that is copied for the kernel, since any thread may free it. */
    MemorySegment shared(long byteSize) {
      Arena arena = Arena.ofShared();
      add(arena::close);
      return arena.allocate(byteSize);
    }

    @Override
    public void close() throws Exception {
      while (!open.isEmpty()) {
        open.pop().close();
      }
    }
  }

  /** Something that lends memory of ours to the kernel. */
  private interface Lender {
    Caller.Action prepare(Kit kit) throws Exception;
  }

  /**
   * A call that waits for the kernel.
   *
   * @param lostBytes what the kernel has of ours meanwhile
   * @param lostDescriptors what it opens that nobody learns of
   * @param opcode what it waits for, or -1 for anything
   */
  private record Case(String name, long lostBytes, int lostDescriptors, int opcode, Lender lender) {
    Case(String name, long lostBytes, Lender lender) {
      this(name, lostBytes, 0, -1, lender);
    }

    Case(String name, long lostBytes, int opcode, Lender lender) {
      this(name, lostBytes, 0, opcode, lender);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static Path path(String name) {
    return directory.resolve(name);
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private static ByteBuffer heap(int byteSize) {
    return ByteBuffer.allocate(byteSize);
  }

  private static Stream<Case> filesCalls() {
    return Stream.of(
        new Case(
            "read heap",
            128,
            kit -> {
              RingFile file = kit.file();
              return () -> file.read(heap(100), 0);
            }),
        new Case(
            "write heap",
            128,
            kit -> {
              RingFile file = kit.file();
              return () -> file.write(heap(100), 0);
            }),
        new Case(
            "read shared arena",
            128,
            kit -> {
              RingFile file = kit.file();
              MemorySegment memory = kit.shared(100);
              return () -> file.read(memory, 0);
            }),
        new Case(
            "write shared arena",
            128,
            kit -> {
              RingFile file = kit.file();
              MemorySegment memory = kit.shared(100);
              return () -> file.write(memory, 0);
            }),
        new Case(
            "readv",
            96, // the vector and two copies
            kit -> {
              RingFile file = kit.file();
              return () -> file.read(new ByteBuffer[] {heap(9), heap(9)}, 0);
            }),
        new Case(
            "writev",
            64,
            kit -> {
              RingFile file = kit.file();
              return () -> file.write(new ByteBuffer[] {heap(9)}, 0);
            }),
        new Case(
            "stat",
            512,
            kit -> {
              RingFile file = kit.file();
              return file::stat;
            }),
        new Case(
            "xattr",
            128 << 10, // the largest value, and a name
            kit -> {
              RingFile file = kit.file();
              return () -> file.xattr("user.a");
            }),
        new Case(
            "setXattr",
            32,
            kit -> {
              RingFile file = kit.file();
              return () -> file.setXattr("user.a", new byte[1]);
            }),
        new Case(
            "batch",
            256,
            kit -> {
              RingFile file = kit.file();
              MemorySegment memory = kit.shared(100);
              return () ->
                  kit.failing.batch().read(file, memory, 0).write(file, memory, 9).attempt();
            }),
        new Case(
            "chain",
            256,
            kit -> {
              RingFile file = kit.file();
              MemorySegment memory = kit.shared(100);
              return () ->
                  kit.failing.chain().write(file, memory, 9).read(file, memory, 0).attempt();
            }),
        new Case(
            "file to file",
            1 << 20,
            Constants.IORING_OP_READ,
            kit -> {
              RingFileChannel from = kit.add(channel(kit, "file"));
              RingFileChannel to = kit.add(channel(kit, "other"));
              return () -> from.transferTo(0, 2 << 20, to);
            }),
        new Case(
            "file to file, the rest of a short write",
            1 << 20,
            Constants.IORING_OP_WRITE,
            kit -> {
              RingFileChannel from = kit.add(channel(kit, "file"));
              RingFileChannel to = kit.add(channel(kit, "other"));
              return () -> {
                assertEquals(1000, from.transferTo(0, 1 << 20, to));
                throw new RingFailedException("what was moved is told", new IOException());
              };
            }),
        new Case(
            "file to pipe",
            1 << 16,
            Constants.IORING_OP_READ,
            kit -> {
              RingFileChannel from = kit.add(channel(kit, "file"));
              Pipe pipe = Pipe.open();
              kit.add(pipe.source());
              kit.add(pipe.sink());
              return () -> from.transferTo(0, 1 << 20, pipe.sink());
            }),
        new Case(
            "pipe to file",
            1 << 16,
            Constants.IORING_OP_WRITE,
            kit -> {
              RingFileChannel to = kit.add(channel(kit, "other"));
              Pipe pipe = Pipe.open();
              kit.add(pipe.source());
              kit.add(pipe.sink()).write(heap(9));
              return () -> to.transferFrom(pipe.source(), 0, 1 << 20);
            }),
        new Case(
            "stream to stream, reading",
            1 << 17,
            Constants.IORING_OP_READ,
            kit -> {
              RingInputStream in = kit.add(RingInputStream.open(kit.home, path("file")));
              RingOutputStream out = kit.add(RingOutputStream.open(kit.home, path("other")));
              return () -> in.transferTo(out);
            }),
        new Case(
            "stream to stream, writing",
            1 << 17,
            Constants.IORING_OP_WRITE,
            kit -> {
              RingInputStream in = kit.add(RingInputStream.open(kit.home, path("file")));
              RingOutputStream out = kit.add(RingOutputStream.open(kit.home, path("other")));
              return () -> in.transferTo(out);
            }),
        new Case(
            "openFile",
            64, // the path, and how to open
            1,
            -1,
            kit -> {
              RingDirectory directory = kit.directory();
              return () -> directory.openFile(Path.of("file"), READ);
            }),
        new Case(
            "stat of a name",
            288,
            kit -> {
              RingDirectory directory = kit.directory();
              return () -> directory.stat(Path.of("file"));
            }),
        new Case(
            "rename",
            64,
            kit -> {
              RingDirectory directory = kit.directory();
              return () -> directory.rename(Path.of("missing"), Path.of("elsewhere"));
            }),
        new Case(
            "unlink",
            32,
            kit -> {
              RingDirectory directory = kit.directory();
              return () -> directory.unlink(Path.of("missing"));
            }),
        new Case(
            "symlink",
            64,
            kit -> {
              RingDirectory directory = kit.directory();
              return () -> directory.symlink(Path.of("file"), Path.of("file"));
            }),
        new Case(
            "xattr of a name",
            32 + (128 << 10),
            kit -> {
              RingDirectory directory = kit.directory();
              return () -> directory.xattr(Path.of("file"), "user.a");
            }),
        new Case(
            "setXattr of a name",
            64,
            kit -> {
              RingDirectory directory = kit.directory();
              return () -> directory.setXattr(Path.of("file"), "user.a", new byte[1]);
            }));
  }

  private static RingFileChannel channel(Kit kit, String name) throws IOException {
    return RingFileChannel.open(kit.home, path(name), Set.of(READ, WRITE, CREATE));
  }

  private static Stream<Case> socketsCalls() {
    return Stream.of(
        new Case(
            "receive heap",
            128,
            kit -> {
              RingSocket socket = kit.sockets()[0];
              return () -> socket.read(heap(100));
            }),
        new Case(
            "send heap",
            128,
            kit -> {
              RingSocket socket = kit.sockets()[0];
              return () -> socket.write(heap(100));
            }),
        new Case(
            "receive several",
            256,
            kit -> {
              RingSocket socket = kit.sockets()[0];
              return () -> socket.read(new ByteBuffer[] {heap(100)});
            }),
        new Case(
            "send several, without a copy",
            256,
            kit -> {
              RingSocket socket = kit.sockets()[0].withZeroCopyAbove(0);
              return () -> socket.write(new ByteBuffer[] {heap(100)});
            }),
        new Case(
            "sendFile, reading",
            1 << 17,
            Constants.IORING_OP_READ,
            kit -> {
              RingFile file = kit.file();
              RingSocket socket = kit.sockets()[0];
              return () -> socket.sendFile(file, 0, 1 << 20);
            }),
        new Case(
            "sendFile, sending",
            1 << 17,
            Constants.IORING_OP_SEND,
            kit -> {
              RingFile file = kit.file();
              RingSocket socket = kit.sockets()[0];
              return () -> socket.sendFile(file, 0, 1 << 20);
            }),
        new Case(
            "sendFile, without a copy",
            1 << 17,
            Constants.IORING_OP_SEND_ZC,
            kit -> {
              RingFile file = kit.file();
              RingSocket socket = kit.sockets()[0].withZeroCopyAbove(0);
              return () -> socket.sendFile(file, 0, 1 << 20);
            }),
        new Case(
            "connect",
            128,
            Constants.IORING_OP_CONNECT,
            kit -> {
              RingListener listener = kit.add(RingListener.bind(kit.home, loopback()));
              SocketAddress remote = listener.localAddress();
              return () -> RingSocket.connect(kit.failing, remote);
            }),
        new Case(
            "receive a datagram",
            1152, // the message and the copy
            kit -> {
              RingDatagramSocket socket = kit.add(RingDatagramSocket.bind(kit.home, loopback()));
              return () -> socket.receive(heap(100));
            }),
        new Case(
            "send a datagram",
            4224,
            kit -> {
              RingDatagramSocket socket = kit.add(RingDatagramSocket.bind(kit.home, loopback()));
              SocketAddress target = socket.localAddress();
              return () -> socket.send(heap(100), target);
            }));
  }

  private static Stream<Case> systemCalls() {
    return Stream.of(
        new Case(
            "await a counter",
            32,
            kit -> {
              EventFd counter = kit.add(EventFd.open(kit.home));
              return counter::await;
            }),
        new Case(
            "signal a counter",
            32,
            kit -> {
              EventFd counter = kit.add(EventFd.open(kit.home));
              return counter::signal;
            }),
        new Case(
            "inotify",
            16 << 10,
            Constants.IORING_OP_READ,
            kit -> {
              Inotify watcher = kit.add(Inotify.open(kit.home));
              watcher.watch(Files.createTempDirectory(directory, "watched"), FileEvent.DELETE_SELF);
              watcher.watch(directory, FileEvent.CREATE);
              Files.createTempFile(directory, "made", "");
              return watcher::take;
            }),
        new Case(
            "read a pipe into heap",
            128,
            kit -> {
              RingPipe pipe = kit.add(RingPipe.open(kit.home));
              return () -> pipe.source().read(heap(100));
            }),
        new Case(
            "write a pipe from heap",
            128,
            kit -> {
              RingPipe pipe = kit.add(RingPipe.open(kit.home));
              return () -> pipe.sink().write(heap(100));
            }),
        new Case("open a pipe", 32, 2, -1, kit -> () -> RingPipe.open(kit.failing)),
        new Case("sleep", 32, kit -> () -> RingTimer.sleep(kit.failing, Duration.ofHours(1))),
        new Case(
            "tick",
            32,
            kit -> {
              Ticker ticker =
                  kit.add(Ticker.every(kit.failing, TimerClock.MONOTONIC, Duration.ofHours(1)));
              return ticker::next;
            }),
        new Case(
            "wait for any of several words",
            32,
            kit -> {
              MemorySegment word = Arena.global().allocate(4, 4);
              FutexWord[] words = {FutexWord.local(kit.failing, word)};
              return () -> FutexWord.awaitAny(words, 0);
            }));
  }

  static Stream<Arguments> calls() {
    List<Arguments> calls = new ArrayList<>();
    Stream.of(filesCalls(), socketsCalls(), systemCalls())
        .flatMap(cases -> cases)
        .forEach(
            each -> {
              for (int step = 0; step < STEPS; step++) {
                calls.add(Arguments.of(each, step));
              }
            });
    return calls.stream();
  }

  @BeforeEach
  void makeFile() throws IOException {
    Files.write(path("file"), new byte[2 << 20]);
  }

  /** The ring that fails carries the thread; what it works on has a home that is well. */
  @Tag("carried")
  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("calls")
  void failing_carriesTheThread(Case call, int step) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring home = Ring.open(RingOptions.defaults().withInlineAttempts(false))) {
      fail(call, step, kernel, home, FaultyRing.open(kernel), Caller.CARRIED);
    }
  }

  /** The ring that fails is the home of what the thread works on. */
  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("calls")
  void failing_isTheHome(Case call, int step) throws Exception {
    try (FaultKernel kernel = new FaultKernel()) {
      Ring failing = FaultyRing.open(kernel);
      fail(call, step, kernel, failing, failing, Caller.VIRTUAL);
    }
  }

  private static void fail(
      Case call, int step, FaultKernel kernel, Ring home, Ring failing, Caller caller)
      throws Exception {
    LeakCheck.expectLost(call.lostBytes + DOORBELL);
    LeakCheck.expectLostDescriptors(call.lostDescriptors);
    try (Kit kit = new Kit(home, failing)) {
      Caller.Action action = call.lender.prepare(kit);
      long before = Leaks.lostBytes();
      if (call.name.contains("short write")) {
        kernel.add(FaultRule.on(call.opcode).times(1).shorten(1000));
      }
      kernel.add(
          FaultRule.where(request -> call.opcode < 0 || request.opcode() == call.opcode).delay());
      Caller.Begun<Void> calling =
          caller.begin(
              failing,
              () -> {
                action.run();
                return null;
              });
      Await.until(
          "in flight",
          () -> call.opcode < 0 ? failing.metrics().inFlight() > 0 : kernel.held() > 0);
      failWhileClosing(kernel, failing, calling, step);
      kit.close();
      assertEquals(call.lostBytes, Leaks.lostBytes() - before, "bytes that nobody uses again");
    }
  }

  // ---- memory that users have ------------------------------------------------------------------

  /** How a lease is given to an operation. */
  private enum Use {
    LEASE {
      @Override
      void read(RingFile file, Lease lease) throws IOException {
        file.read(lease, 0);
      }
    },
    LEASES {
      @Override
      void read(RingFile file, Lease lease) throws IOException {
        file.read(new Lease[] {lease}, 0);
      }
    },
    SEGMENT {
      @Override
      void read(RingFile file, Lease lease) throws IOException {
        file.read(lease.segment(), 0);
      }
    },
    SEGMENTS {
      @Override
      void read(RingFile file, Lease lease) throws IOException {
        file.read(new MemorySegment[] {lease.segment().asSlice(9)}, 0);
      }
    },
    BUFFER {
      @Override
      void read(RingFile file, Lease lease) throws IOException {
        file.read(lease.segment().asByteBuffer(), 0);
      }
    };

    abstract void read(RingFile file, Lease lease) throws IOException;
  }

  /** A pool of a ring that is well loses the buffer that a thread had another ring fill. */
  @Tag("carried")
  @ParameterizedTest
  @EnumSource
  void lease_isLost(Use use) throws Exception {
    LeakCheck.expectLost(2 * BLOCK + (use.name().endsWith("S") ? BLOCK : 0) + DOORBELL);
    try (FaultKernel kernel = new FaultKernel();
        Ring home = Ring.open();
        BufferPool pool = home.bufferPool(2, (int) BLOCK);
        RingFile file = RingFile.open(home, path("file"))) {
      Ring failing = FaultyRing.open(kernel);
      kernel.add(FaultRule.where(_ -> true).delay());
      Caller.Begun<Void> reading =
          Caller.CARRIED.begin(
              failing,
              () -> {
                try (Lease lease = pool.take()) {
                  use.read(file, lease);
                }
                return null;
              });
      failWhileClosing(kernel, failing, reading);
      try (Lease _ = pool.take()) {
        assertThrows(OperationTimeoutException.class, () -> pool.take(Duration.ofNanos(1)));
      }
    }
  }

  /** What a failing ring has nothing of stays in use, though it fails while the buffer is out. */
  @ParameterizedTest
  @EachCaller
  void lease_ofOthersIsKept(Caller caller) throws Exception {
    LeakCheck.expectLost(DOORBELL);
    try (FaultKernel kernel = new FaultKernel();
        Ring home = Ring.open();
        BufferPool pool = home.bufferPool(1, (int) BLOCK);
        RingFile file = RingFile.open(home, path("file"))) {
      Ring failing = FaultyRing.open(kernel);
      kernel.add(FaultRule.where(_ -> true).delay());
      caller.run(
          home,
          () -> {
            try (Lease lease = pool.take()) {
              failWhileClosing(kernel, failing, Caller.PLATFORM.begin(failing, () -> nop(failing)));
              file.read(lease, 0);
            }
            pool.take(Duration.ofNanos(1)).close();
          });
    }
  }

  private static Void nop(Ring ring) throws IOException {
    ring.nop();
    return null;
  }

  /** Buffers of a ring that is well are not filled again while another may still read them. */
  @Tag("carried")
  @Test
  void chunk_isLost() throws Exception {
    LeakCheck.expectLost(3 * BLOCK + DOORBELL); // the buffers, and what tells the kernel of them
    try (FaultKernel kernel = new FaultKernel();
        Kit kit = new Kit(Ring.open(), FaultyRing.open(kernel))) {
      try (Ring _ = kit.home;
          BufferRing buffers = BufferRing.open(kit.home, 2, (int) BLOCK)) {
        RingFile file = kit.file();
        RingSocket[] sockets = kit.sockets();
        ReceiveStream stream = kit.add(sockets[0].receive(buffers));
        sockets[1].writeFully(heap(9));
        kernel.add(FaultRule.where(_ -> true).delay());
        Caller.Begun<Void> writing =
            Caller.CARRIED.begin(
                kit.failing,
                () -> {
                  try (Chunk chunk = stream.next()) {
                    file.write(chunk.segment(), 0);
                  }
                  return null;
                });
        failWhileClosing(kernel, kit.failing, writing);
        assertEquals(1, buffers.available());
        sockets[1].writeFully(heap(9));
        stream.next().close();
        assertEquals(1, buffers.available());
        kit.close();
      }
    }
  }

  /** Buffers that the kernel may still fill are not freed. */
  @ParameterizedTest
  @EachCaller
  void providedBuffers_areLost(Caller caller) throws Exception {
    LeakCheck.expectLost(3 * BLOCK + DOORBELL);
    try (FaultKernel kernel = new FaultKernel()) {
      Ring failing = FaultyRing.open(kernel);
      try (Kit kit = new Kit(failing, failing)) {
        BufferRing buffers = kit.add(BufferRing.open(failing, 2, (int) BLOCK));
        RingSocket[] sockets = kit.sockets();
        ReceiveStream stream = kit.add(sockets[0].receive(buffers));
        kernel.add(FaultRule.where(_ -> true).delay());
        Caller.Begun<Void> waiting =
            caller.begin(
                failing,
                () -> {
                  stream.next().close();
                  return null;
                });
        long before = NativeMemory.allocatedBytes();
        Await.until("in flight", () -> failing.metrics().inFlight() > 0);
        waiting.awaitParked();
        kernel.throwFromEnter(new IllegalStateException("on purpose"));
        assertThrows(RingFailedException.class, waiting::result);
        failing.close();
        kit.close();
        assertTrue(NativeMemory.allocatedBytes() >= before - DOORBELL, "the buffers are freed");
      }
    }
  }

  private static void failWhileClosing(FaultKernel kernel, Ring failing, Caller.Begun<Void> calling)
      throws Exception {
    Await.until("in flight", () -> failing.metrics().inFlight() > 0);
    failWhileClosing(kernel, failing, calling, 1);
  }

  /** Closes a ring and has it fail after so many more calls of the kernel. */
  private static void failWhileClosing(
      FaultKernel kernel, Ring failing, Caller.Begun<Void> calling, int step) throws Exception {
    calling.awaitParked();
    kernel.failEnter(Errno.EBADF, Integer.MAX_VALUE, step);
    Thread closing = Thread.ofPlatform().start(failing::close);
    Await.until(
        "the call ends",
        () -> {
          kernel.nudge();
          return calling.future().isDone();
        });
    assertThrows(RingFailedException.class, calling::result);
    closing.join();
  }
}
