package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.Descriptor;
import io.ringspun.FaultyRing;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.RingDirectory;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.SocketCalls;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.NotYetConnectedException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Open files and sockets that pass over Unix sockets. */
class PassedDescriptorsTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final Path NULL = Path.of("/dev/null");

  @TempDir Path directory;

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count);
  }

  static void requireCloseOnExec(Handle handle) throws IOException {
    int bits = flags(handle);
    assertTrue((bits & Constants.O_CLOEXEC) != 0, Integer.toOctalString(bits));
  }

  static int flags(Handle handle) throws IOException {
    String flags =
        Files.readAllLines(Path.of("/proc/self/fdinfo/" + handle.fd())).stream()
            .filter(line -> line.startsWith("flags:"))
            .findFirst()
            .orElseThrow();
    return Integer.parseInt(flags.substring("flags:".length()).strip(), 8);
  }

  /**
   * Each kind of thing works at the other end as it did here, and does not need this one any more.
   */
  @ParameterizedTest
  @MethodSource(CASES)
  void everything_passes(RingCase how) throws Exception {
    Path path = directory.resolve("file");
    Files.writeString(path, "content");
    how.run(
        ring -> {
          try (SocketPair unix = SocketPair.open(ring, Kind.UNIX.listen());
              Fifo fifo = Fifo.open(ring, directory);
              PassedDescriptors passed = new PassedDescriptors()) {
            SocketPair tcp = SocketPair.open(ring, Kind.IPV4.listen());
            SocketAddress where;
            SocketAddress datagramsAt;
            try (RingFile file = RingFile.open(ring, path);
                RingFile sink = RingFile.open(ring, NULL, StandardOpenOption.WRITE);
                RingDirectory folder = RingDirectory.open(ring, directory);
                RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
                RingDatagramSocket datagrams = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
                RingSocket socket = tcp.left()) {
              where = listener.localAddress();
              datagramsAt = datagrams.localAddress();
              assertEquals(
                  10,
                  unix.left()
                      .writePassing(
                          ByteBuffer.wrap(Bytes.of(1, 0, 10)),
                          file,
                          sink,
                          folder,
                          fifo.file(),
                          listener,
                          datagrams,
                          socket));
            }
            ByteBuffer target = bytes(20).position(3);
            assertEquals(10, unix.right().read(target, passed));
            assertEquals(13, target.position());
            byte[] received = new byte[10];
            target.get(3, received);
            Bytes.check(1, 0, received);
            assertEquals(7, passed.size());

            try (RingFile file = passed.takeFile()) {
              assertEquals(0, flags(Handle.of(file)) & Constants.O_NONBLOCK);
              ByteBuffer text = bytes(20);
              assertEquals(7, file.read(text, 0));
              assertEquals("content", new String(text.array(), 0, 7));
              assertThrows(NonWritableChannelException.class, () -> file.write(bytes(1), 0));
            }
            try (RingFile sink = passed.takeFile()) {
              assertEquals(5, sink.write(bytes(5), 0));
              assertThrows(NonReadableChannelException.class, () -> sink.read(bytes(1), 0));
            }
            try (RingDirectory folder = passed.takeDirectory()) {
              assertEquals(7, folder.stat(Path.of("file")).size());
            }
            try (RingFile pipe = passed.takeFile()) {
              fifo.write(42);
              assertEquals(42, Fifo.read(pipe));
            }
            try (RingListener listener = passed.takeListener();
                RingSocket client = RingSocket.connect(ring, where);
                RingSocket accepted = listener.accept()) {
              requireCloseOnExec(listener.socketHandle());
              assertEquals(client.localAddress(), accepted.remoteAddress());
            }
            try (RingDatagramSocket datagrams = passed.takeDatagramSocket()) {
              assertEquals(datagramsAt, datagrams.localAddress());
              datagrams.send(bytes(3), datagramsAt);
              assertEquals(3, datagrams.receive(bytes(9)).length());
            }
            try (RingSocket socket = passed.takeSocket();
                RingSocket peer = tcp.right()) {
              socket.write(bytes(4));
              assertEquals(4, peer.read(bytes(9)));
              peer.write(bytes(2));
              assertEquals(2, socket.read(bytes(9)));
            }
            assertEquals(0, passed.size());
          }
        });
  }

  /** Files keep what they were opened with: appending, and direct I/O with its alignment. */
  @Test
  void takeFile_keepsItsFlags() throws Exception {
    Path path = directory.resolve("file");
    try (Ring ring = Ring.open();
        Arena arena = Arena.ofConfined();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        PassedDescriptors passed = new PassedDescriptors()) {
      try (RingFile append =
              RingFile.open(ring, path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
          RingFile direct = RingFile.open(ring, path, RingOpenOption.DIRECT)) {
        pair.left().writePassing(bytes(1), append, direct);
        pair.right().read(bytes(1), passed);
        MemorySegment odd = direct.allocateBuffer(arena, 8192).asSlice(1, 4096);
        try (RingFile taken = passed.takeFile();
            RingFile takenDirect = passed.takeFile()) {
          taken.append(bytes(3));
          taken.append(bytes(4));
          assertEquals(7, Files.size(path));
          assertThrows(IllegalStateException.class, () -> taken.write(bytes(1), 0));
          assertThrows(IllegalArgumentException.class, () -> takenDirect.read(odd, 0));
          assertEquals(direct.directAlignment(), takenDirect.directAlignment());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void datagrams_passToo(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingDatagramSocket left = RingDatagramSocket.open(ring, StandardProtocolFamily.UNIX);
              RingDatagramSocket right = RingDatagramSocket.bind(ring, Kind.UNIX.listen());
              RingFile file = RingFile.open(ring, NULL);
              PassedDescriptors passed = new PassedDescriptors()) {
            assertThrows(NotYetConnectedException.class, () -> left.writePassing(bytes(1), file));
            ByteBuffer source = bytes(5);
            assertEquals(5, left.sendPassing(source, right.localAddress(), file));
            assertFalse(source.hasRemaining());
            left.sendPassing(arena.allocate(0), right.localAddress(), file, left);
            left.connectTo(right.localAddress());
            assertEquals(6, left.writePassing(arena.allocate(6), file));
            source = bytes(7);
            assertEquals(7, left.writePassing(source, file));
            assertFalse(source.hasRemaining());

            ByteBuffer target = bytes(9);
            assertEquals(5, right.receive(target, passed).length());
            assertEquals(5, target.position());
            assertEquals(1, passed.size());
            assertEquals(0, right.receive(arena.allocate(9), passed).length());
            assertEquals(3, passed.size());
            Datagram truncated = right.receive(arena.allocate(1), passed);
            assertTrue(truncated.truncated());
            assertEquals(List.of(), truncated.control());
            right.receive(bytes(9), passed);
            passed.takeFile().close();
            passed.takeFile().close();
            try (RingDatagramSocket socket = passed.takeDatagramSocket()) {
              assertEquals(right.localAddress(), socket.remoteAddress());
            }
            passed.takeFile().close();
            passed.takeFile().close();
            assertEquals(0, passed.size());
          }
        });
  }

  /** As many as the kernel passes at once; they come with the bytes they were sent with. */
  @Test
  void most_atOnce() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.ABSTRACT.listen());
        Arena arena = Arena.ofConfined();
        RingFile file = RingFile.open(ring, NULL);
        PassedDescriptors passed = new PassedDescriptors()) {
      Descriptor[] many = new Descriptor[Constants.SCM_MAX_FD];
      Arrays.fill(many, file);
      assertEquals(3, pair.left().writePassing(arena.allocate(3), many));
      assertEquals(2, pair.left().writePassing(arena.allocate(2), file));
      assertEquals(4, pair.left().writePassing(arena.allocate(4)));
      assertEquals(3, pair.right().read(arena.allocate(100), passed));
      assertEquals(253, passed.size());
      MemorySegment rest = arena.allocate(1);
      for (int i = 0; i < 6; i++) {
        assertEquals(1, pair.right().read(rest, passed));
        assertEquals(254, passed.size());
      }
      pair.left().shutdownOutput();
      assertEquals(-1, pair.right().read(rest, passed));

      Descriptor[] tooMany = Arrays.copyOf(many, 254);
      tooMany[253] = file;
      assertThrows(
          IllegalArgumentException.class, () -> pair.right().writePassing(bytes(1), tooMany));
    }
  }

  @Test
  void badInput_isRefusedBeforehand() throws Exception {
    int before = OpenFiles.count("/dev/null");
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
        SocketPair tcp = SocketPair.open(ring, Kind.IPV4.listen());
        SocketPair unix = SocketPair.open(ring, Kind.UNIX.listen());
        RingDatagramSocket udp = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
        RingDatagramSocket local = RingDatagramSocket.bind(ring, Kind.UNIX.listen());
        RingFile registered = RingFile.open(ring, NULL, RingOpenOption.REGISTERED);
        PassedDescriptors passed = new PassedDescriptors()) {
      RingFile file = RingFile.open(ring, NULL);
      RingFile closed = RingFile.open(ring, NULL);
      closed.close();
      long submitted = ring.metrics().submitted();
      for (Caller.Action refused :
          List.<Caller.Action>of(
              () -> tcp.left().writePassing(bytes(1), file),
              () -> tcp.left().read(bytes(1), passed),
              () -> udp.sendPassing(bytes(1), udp.localAddress(), file),
              () -> udp.writePassing(bytes(1), file),
              () -> udp.receive(bytes(1), passed))) {
        assertThrows(UnsupportedOperationException.class, refused::run);
      }
      for (Caller.Action refused :
          List.<Caller.Action>of(
              () -> unix.left().writePassing(bytes(0), file),
              () -> unix.left().writePassing(MemorySegment.NULL, file),
              () -> unix.left().read(bytes(0), passed),
              () -> unix.left().read(bytes(1).asReadOnlyBuffer(), passed),
              () -> unix.left().read(MemorySegment.ofArray(new byte[1]), passed),
              () -> local.receive(bytes(0), passed),
              () -> local.receive(MemorySegment.ofArray(new byte[1]), passed),
              () -> local.sendPassing(MemorySegment.ofArray(new byte[1]), local.localAddress()))) {
        assertThrows(IllegalArgumentException.class, refused::run);
      }
      IllegalArgumentException noNumber =
          assertThrows(
              IllegalArgumentException.class,
              () -> unix.left().writePassing(bytes(1), file, registered));
      assertTrue(noNumber.getMessage().contains("installDescriptor"), noNumber.getMessage());
      assertThrows(
          ClosedChannelException.class, () -> unix.left().writePassing(bytes(1), file, closed));
      PassedDescriptors ended = new PassedDescriptors();
      ended.close();
      assertThrows(IllegalStateException.class, () -> unix.right().read(bytes(1), ended));
      assertThrows(IllegalStateException.class, () -> local.receive(bytes(1), ended));
      assertEquals(submitted, ring.metrics().submitted());
      file.close(); // does not wait for a call that was refused
    }
    assertEquals(before, OpenFiles.count("/dev/null"));
  }

  @ParameterizedTest
  @EachCaller
  void read_blocksAndThenCompletes(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingFile file = RingFile.open(ring, NULL);
        PassedDescriptors passed = new PassedDescriptors()) {
      BlockedCall<Integer> call =
          BlockedCall.start(ring, caller, () -> pair.right().read(bytes(9), passed));
      call.awaitInFlight(ring, 1);
      pair.left().writePassing(bytes(2), file);
      assertEquals(2, call.result());
      passed.takeFile().close();
    }
  }

  @ParameterizedTest
  @EachCaller
  void read_closedInterruptedAndTimedOut(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        PassedDescriptors passed = new PassedDescriptors()) {
      RingSocket hasty = pair.right().within(Duration.ofMillis(10));
      assertThrows(
          OperationTimeoutException.class,
          () -> caller.call(ring, () -> hasty.read(bytes(1), passed)));
      BlockedCall<Integer> interrupted =
          BlockedCall.start(ring, caller, () -> pair.right().read(bytes(1), passed));
      interrupted.awaitInFlight(ring, 1).interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      BlockedCall<Integer> closed =
          BlockedCall.start(ring, caller, () -> pair.right().read(bytes(1), passed));
      closed.awaitInFlight(ring, 1);
      pair.right().close();
      assertThrows(AsynchronousCloseException.class, closed::result);
      assertThrows(ClosedChannelException.class, () -> pair.right().read(bytes(1), passed));
    }
  }

  /** Fills a stream until the next write would wait, and returns how much went in. */
  private static long fill(RingSocket socket) throws IOException {
    RingSocket hasty = socket.within(Duration.ofMillis(50));
    long sent = 0;
    try {
      while (true) {
        sent += hasty.write(bytes(1 << 16));
      }
    } catch (OperationTimeoutException _) {
      return sent;
    }
  }

  private static void drain(RingSocket socket, long count) throws IOException {
    for (long left = count; left > 0; ) {
      left -= socket.read(bytes((int) Math.min(left, 1 << 16)));
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_blocksAndThenCompletes(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingFile file = RingFile.open(ring, NULL);
        PassedDescriptors passed = new PassedDescriptors()) {
      long before = fill(pair.left());
      BlockedCall<Integer> call =
          BlockedCall.start(ring, caller, () -> pair.left().writePassing(bytes(5), file));
      call.awaitInFlight(ring, 1);
      drain(pair.right(), before);
      assertEquals(5, call.result());
      assertEquals(5, pair.right().read(bytes(9), passed));
      passed.takeFile().close();
    }
  }

  /**
   * Closing what is to be passed ends the call as closing the socket does, and waits for no peer.
   */
  @ParameterizedTest
  @EachCaller
  void write_descriptorOrSocketClosedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingFile other = RingFile.open(ring, NULL)) {
      RingFile file = RingFile.open(ring, NULL);
      fill(pair.left());
      BlockedCall<Integer> first =
          BlockedCall.start(ring, caller, () -> pair.left().writePassing(bytes(5), other, file));
      first.awaitInFlight(ring, 1);
      file.close();
      assertThrows(AsynchronousCloseException.class, first::result);
      BlockedCall<Integer> second =
          BlockedCall.start(ring, caller, () -> pair.left().writePassing(bytes(5), other));
      second.awaitInFlight(ring, 1);
      pair.left().close();
      assertThrows(AsynchronousCloseException.class, second::result);
      assertTrue(other.isOpen());
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_interruptedAndTimedOut(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        PassedDescriptors passed = new PassedDescriptors()) {
      RingFile file = RingFile.open(ring, NULL);
      long before = fill(pair.left());
      RingSocket hasty = pair.left().within(Duration.ofMillis(10));
      assertThrows(
          OperationTimeoutException.class,
          () -> caller.call(ring, () -> hasty.writePassing(bytes(1), file)));
      BlockedCall<Integer> call =
          BlockedCall.start(ring, caller, () -> pair.left().writePassing(bytes(5), file));
      call.awaitInFlight(ring, 1).interrupt();
      assertThrows(InterruptedIOException.class, call::result);
      file.close(); // the calls have let go of it
      pair.left().shutdownOutput();
      drain(pair.right(), before);
      assertEquals(-1, pair.right().read(bytes(1), passed), "nothing of them was sent");
      assertEquals(0, passed.size());
    }
  }

  /** The sender of a datagram that finds no room looks again and again, until a close ends it. */
  @ParameterizedTest
  @EachCaller
  void send_descriptorClosedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingDatagramSocket left = RingDatagramSocket.open(ring, StandardProtocolFamily.UNIX);
        RingDatagramSocket right = RingDatagramSocket.bind(ring, Kind.UNIX.listen())) {
      RingDatagramSocket hasty = left.within(Duration.ofMillis(20));
      assertThrows(
          OperationTimeoutException.class,
          () -> {
            while (true) {
              hasty.send(bytes(1), right.localAddress());
            }
          });
      RingFile file = RingFile.open(ring, NULL);
      BlockedCall<Integer> call =
          BlockedCall.start(
              ring, caller, () -> left.sendPassing(bytes(5), right.localAddress(), file));
      Await.parked(call.thread());
      file.close();
      assertThrows(AsynchronousCloseException.class, call::result);
    }
  }

  /**
   * Goal: no descriptor is lost or leaked, whatever ends the call that is to receive it. Method:
   * what is passed races with interrupts and time limits; what one call did not get, the next does.
   */
  @ParameterizedTest
  @EachCaller
  void read_losesNothing(Caller caller) throws Exception {
    int before = OpenFiles.count("/dev/null");
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.ABSTRACT.listen());
        RingFile file = RingFile.open(ring, NULL);
        PassedDescriptors passed = new PassedDescriptors()) {
      int won = 0;
      for (int i = 0; i < 300; i++) {
        boolean interrupts = i % 2 == 0;
        RingSocket view =
            interrupts ? pair.right() : pair.right().within(Duration.ofNanos(i * 2_000L + 1));
        BlockedCall<Integer> call =
            BlockedCall.start(ring, caller, () -> view.read(bytes(1), passed));
        pair.left().writePassing(bytes(1), file);
        if (interrupts) {
          call.interrupt();
        }
        try {
          assertEquals(1, call.result());
          won++;
        } catch (InterruptedIOException _) {
          assertEquals(0, passed.size());
          assertEquals(1, pair.right().read(bytes(1), passed));
        }
        assertEquals(1, passed.size());
        passed.takeFile().close();
      }
      assertTrue(won > 0, "no call won its race");
    }
    assertEquals(before, OpenFiles.count("/dev/null"));
  }

  /** What had arrived when a close or an interrupt came is delivered; then it is the caller's. */
  @ParameterizedTest
  @EachCaller
  void read_succeedsInSpiteOfTheCancel(Caller caller) throws Exception {
    int before = OpenFiles.count("/dev/null");
    for (boolean closes : new boolean[] {true, false}) {
      try (FaultKernel kernel = new FaultKernel();
          Ring ring = FaultyRing.open(kernel);
          SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
          RingFile file = RingFile.open(ring, NULL);
          PassedDescriptors passed = new PassedDescriptors()) {
        kernel.add(FaultRule.on(Constants.IORING_OP_RECVMSG).times(1).delay());
        BlockedCall<Integer> call =
            BlockedCall.start(ring, caller, () -> pair.right().read(bytes(1), passed));
        pair.left().writePassing(bytes(1), file);
        Await.until("the completion is kept back", () -> kernel.held() == 1);
        BlockedCall<Void> ending =
            BlockedCall.start(
                ring,
                Caller.PLATFORM,
                () -> {
                  if (closes) {
                    pair.right().close();
                  } else {
                    call.interrupt();
                  }
                  return null;
                });
        Await.until(
            "the cancel is there",
            () ->
                kernel.submitted().stream()
                    .anyMatch(r -> r.opcode() == Constants.IORING_OP_ASYNC_CANCEL));
        kernel.release();
        assertEquals(1, call.result());
        ending.result();
        assertEquals(1, passed.size());
      }
    }
    assertEquals(before, OpenFiles.count("/dev/null"));
  }

  /** What comes when nobody can have it any more is closed. */
  @Test
  void close_whileReceiving() throws Exception {
    int before = OpenFiles.count("/dev/null");
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingFile file = RingFile.open(ring, NULL)) {
      PassedDescriptors passed = new PassedDescriptors();
      BlockedCall<Integer> call =
          BlockedCall.start(ring, () -> pair.right().read(bytes(9), passed));
      call.awaitInFlight(ring, 1);
      passed.close();
      pair.left().writePassing(bytes(3), file, file);
      assertEquals(3, call.result());
      assertEquals(0, passed.size());
      assertEquals(before + 1, OpenFiles.count("/dev/null"));
      assertThrows(ClosedChannelException.class, passed::takeFile);
      assertEquals("PassedDescriptors[closed]", passed.toString());
    }
  }

  /** Whoever asks for bytes only gets no descriptors, and leaks none. */
  @ParameterizedTest
  @EachCaller
  void unwanted_areClosed(Caller caller) throws Exception {
    int before = OpenFiles.count("/dev/null");
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingDatagramSocket datagrams = RingDatagramSocket.bind(ring, Kind.UNIX.listen());
        RingFile file = RingFile.open(ring, NULL);
        PassedDescriptors passed = new PassedDescriptors()) {
      caller.run(
          ring,
          () -> {
            for (int i = 0; i < 3; i++) {
              pair.left().writePassing(bytes(1), file, file);
              datagrams.sendPassing(bytes(1), datagrams.localAddress(), file, file);
            }
            pair.right().read(bytes(9));
            pair.right().read(new ByteBuffer[] {bytes(9)});
            datagrams.receive(bytes(9));
            datagrams.receive(bytes(9));
            assertEquals(before + 1, OpenFiles.count("/dev/null"));
            pair.right().read(bytes(9), passed);
            datagrams.receive(bytes(9), passed);
            passed.takeFile().close();
            assertEquals(3, passed.size());
            assertEquals("PassedDescriptors[3]", passed.toString());
            passed.close();
            passed.close();
            assertEquals(0, passed.size());
            assertEquals(before + 1, OpenFiles.count("/dev/null"));
          });
    }
  }

  /** What is not what it was taken for stays, to be taken as what it is. */
  @Test
  void take_asSomethingElse() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingFile file = RingFile.open(ring, NULL);
        RingDirectory folder = RingDirectory.open(ring, directory);
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingDatagramSocket datagrams = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
        PassedDescriptors passed = new PassedDescriptors()) {
      pair.left().writePassing(bytes(1), file, folder, listener, datagrams, pair.left());
      pair.right().read(bytes(1), passed);
      List<Caller.Action> takes =
          List.of(
              () -> passed.takeFile().close(),
              () -> passed.takeDirectory().close(),
              () -> passed.takeListener().close(),
              () -> passed.takeDatagramSocket().close(),
              () -> passed.takeSocket().close());
      for (int i = 0; i < takes.size(); i++) {
        for (int j = 0; j < takes.size(); j++) {
          if (i != j) {
            IOException refused = assertThrows(IOException.class, takes.get(j)::run);
            assertEquals(j == 1, refused instanceof NotDirectoryException, refused.toString());
            assertEquals(5 - i, passed.size());
          }
        }
        takes.get(i).run();
      }
      for (Caller.Action take : takes) {
        IOException none = assertThrows(IOException.class, take::run);
        assertTrue(none.getMessage().contains("no descriptor is left"), none.getMessage());
      }
    }
  }

  /** A view of a file is the same file. */
  @Test
  void of_isTheSame() throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
        RingFile registered = RingFile.open(ring, NULL, RingOpenOption.REGISTERED);
        RingDirectory folder = RingDirectory.open(ring, directory)) {
      RingFile file = RingFile.open(ring, NULL);
      RingFile view = RingFile.of(file);
      assertEquals(-1, view.read(bytes(1), 0));
      view.close();
      assertFalse(file.isOpen());
      assertThrows(ClosedChannelException.class, () -> RingFile.of(file));
      assertEquals(folder.stat(Path.of(".")), RingDirectory.of(folder).stat(Path.of(".")));
      assertThrows(IllegalArgumentException.class, () -> RingFile.of(registered));
      assertThrows(IllegalArgumentException.class, () -> RingDirectory.of(registered));
    }
  }

  /** To look at a file is an operation; if it is interrupted, the file is still there. */
  @Test
  void take_interrupted() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingFile file = RingFile.open(ring, NULL);
        PassedDescriptors passed = new PassedDescriptors()) {
      pair.left().writePassing(bytes(1), file);
      pair.right().read(bytes(1), passed);
      Thread.currentThread().interrupt();
      assertThrows(InterruptedIOException.class, passed::takeFile);
      assertTrue(Thread.interrupted());
      assertEquals(1, passed.size());
      passed.takeFile().close();
    }
  }

  /** A peer may use pipes and sockets in non-blocking mode; here they wait, in that mode or not. */
  @ParameterizedTest
  @EachCaller
  void take_nonBlocking(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        SocketPair other = SocketPair.open(ring, Kind.IPV4.listen());
        Fifo fifo = Fifo.open(ring, directory);
        PassedDescriptors passed = new PassedDescriptors()) {
      Descriptor[] both = {other.left(), fifo.file()};
      for (Descriptor descriptor : both) {
        Handle handle = Handle.of(descriptor);
        try (SocketCalls calls = handle.engine().socketCalls()) {
          assertEquals(0, calls.setNonBlocking(handle.fd()));
        }
      }
      pair.left().writePassing(bytes(1), both);
      pair.right().read(bytes(1), passed);
      try (RingSocket socket = passed.takeSocket();
          RingFile pipe = passed.takeFile()) {
        BlockedCall<Integer> fromPeer =
            BlockedCall.start(ring, caller, () -> socket.read(bytes(9)));
        fromPeer.awaitInFlight(ring, 1);
        BlockedCall<Byte> fromPipe = BlockedCall.start(ring, caller, () -> Fifo.read(pipe));
        fromPipe.awaitInFlight(ring, 2);
        other.right().write(bytes(4));
        assertEquals(4, fromPeer.result());
        fifo.write(7);
        assertEquals((byte) 7, fromPipe.result());
      }
    }
  }

  /**
   * A peer may pass a socket that lingers for hours when it is closed. That holds neither the ring
   * nor who closes it.
   */
  @Test
  void unwanted_lingering() throws Exception {
    int before = OpenFiles.count("socket:");
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingDatagramSocket datagrams = RingDatagramSocket.bind(ring, Kind.UNIX.listen());
        PassedDescriptors passed = new PassedDescriptors()) {
      List<RingSocket> peers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        SocketPair tcp = SocketPair.open(ring, Kind.IPV4.listen());
        peers.add(tcp.right());
        fill(tcp.left());
        tcp.left().setOption(StandardSocketOptions.SO_LINGER, 3600);
        if (i == 0) {
          pair.left().writePassing(bytes(1), tcp.left());
        } else {
          datagrams.sendPassing(bytes(1), datagrams.localAddress(), tcp.left());
        }
        tcp.left().close(); // at once: it is not the last
      }
      Caller.CARRIED.run(
          ring,
          () -> {
            pair.right().read(bytes(1), passed);
            passed.close();
            datagrams.receive(bytes(1));
          });
      for (RingSocket peer : peers) {
        peer.close(); // what has not been sent need not linger any more
      }
    }
    Await.until("they are closed", () -> OpenFiles.count("socket:") <= before);
  }

  // ---- other processes -----------------------------------------------------------------------

  /** Passes its listener and a file to the process that started it, and ends. */
  public static final class Child {
    private Child() {}

    /** Runs it. */
    public static void main(String[] arguments) throws Exception {
      try (Ring ring = Ring.open();
          RingSocket parent = RingSocket.connect(ring, UnixDomainSocketAddress.of(arguments[0]));
          RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
          RingFile file =
              RingFile.open(
                  ring,
                  Path.of(arguments[1]),
                  StandardOpenOption.CREATE_NEW,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE)) {
        file.write(ByteBuffer.wrap(Bytes.of(7, 0, 100)), 0);
        Files.delete(Path.of(arguments[1]));
        Thread sender = ring.startVirtualThread(() -> send(parent, file, listener));
        sender.join();
        parent.read(bytes(1)); // until the parent has it
      }
    }

    private static void send(RingSocket parent, RingFile file, RingListener listener) {
      try {
        parent.writePassing(bytes(1), listener, file);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** A listener and a file without a name outlive the process that made them. */
  @Test
  void processes_handOver() throws Exception {
    UnixDomainSocketAddress where = (UnixDomainSocketAddress) Kind.UNIX.listen();
    try (Ring ring = Ring.open();
        RingListener here = RingListener.bind(ring, where);
        PassedDescriptors passed = new PassedDescriptors()) {
      BlockedCall<String> child =
          BlockedCall.start(
              ring,
              Caller.PLATFORM,
              () ->
                  new ChildJvm()
                      .withFlagsOfThisOne()
                      .run(
                          Child.class,
                          where.getPath().toString(),
                          directory.resolve("anonymous").toString()));
      Caller.CARRIED.run(
          ring,
          () -> {
            try (RingSocket from = here.within(Await.LIMIT).accept()) {
              assertEquals(1, from.read(bytes(9), passed));
              from.write(bytes(1));
            }
          });
      child.result();
      try (RingListener listener = passed.takeListener();
          RingSocket client = RingSocket.connect(ring, listener.localAddress());
          RingSocket accepted = listener.accept();
          RingFile file = passed.takeFile()) {
        assertEquals(client.localAddress(), accepted.remoteAddress());
        ByteBuffer target = bytes(100);
        file.readFully(target, 0);
        Bytes.check(7, 0, target.array());
      }
    }
  }

  /** Has room for some of what is passed to it, not for all. */
  public static final class Short {
    private Short() {}

    /** Runs it. */
    public static void main(String[] arguments) throws Exception {
      try (Ring ring = Ring.open();
          SocketPair pair = SocketPair.open(ring, Kind.ABSTRACT.listen());
          RingDatagramSocket datagrams = RingDatagramSocket.bind(ring, Kind.ABSTRACT.listen());
          RingFile file = RingFile.open(ring, NULL);
          PassedDescriptors passed = new PassedDescriptors()) {
        ConnectionsTest.loadAllClasses(); // none can be without a descriptor
        System.out.println(receive(pair, datagrams, file, passed));
        List<InputStream> all = new ArrayList<>();
        try {
          while (true) {
            all.add(new FileInputStream(NULL.toFile()));
          }
        } catch (IOException _) {
          all.removeLast().close();
          all.removeLast().close();
        }
        System.out.println(receive(pair, datagrams, file, passed));
        for (InputStream one : all) {
          one.close();
        }
        System.out.println(receive(pair, datagrams, file, passed));
      }
    }

    private static String receive(
        SocketPair pair, RingDatagramSocket datagrams, RingFile file, PassedDescriptors passed)
        throws IOException {
      Descriptor[] five = Collections.nCopies(5, file).toArray(new Descriptor[0]);
      pair.left().writePassing(bytes(7), five);
      datagrams.sendPassing(bytes(8), datagrams.localAddress(), five);
      ByteBuffer target = bytes(20);
      String told =
          outcome(passed, () -> pair.right().read(target, passed))
              + outcome(passed, () -> datagrams.receive(target, passed).length());
      return told + target.position();
    }

    private interface Receiver {
      int receive() throws IOException;
    }

    private static String outcome(PassedDescriptors passed, Receiver receiver) throws IOException {
      String lost = "all of ";
      int length;
      try {
        length = receiver.receive();
      } catch (DescriptorsLostException e) {
        lost = "not all of ";
        length = e.length();
      }
      int size = passed.size();
      while (passed.size() > 0) {
        passed.takeFile().close();
      }
      return lost + size + " with " + length + ", ";
    }
  }

  @Test
  void lost_isTold() throws Exception {
    assumeTrue(Files.exists(Path.of("/usr/bin/prlimit")), "no prlimit to lower the limit with");
    String output =
        new ChildJvm().withFlagsOfThisOne().under("prlimit", "--nofile=200").run(Short.class);
    String all = "all of 5 with 7, all of 5 with 8, 15";
    String some = "not all of 2 with 7, not all of 2 with 8, 15";
    assertEquals(
        List.of(all, some, all), output.lines().filter(line -> line.contains("all")).toList());
  }
}
