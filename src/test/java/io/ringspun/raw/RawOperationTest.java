package io.ringspun.raw;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.net.SocketOpenOption;
import io.ringspun.os.RingPipe;
import io.ringspun.raw.RawOperation.Access;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operations described field by field. */
class RawOperationTest {
  private static final int NOP_INJECT_RESULT = 1; // Linux 6.10
  private static final int SIOCINQ = 0; // Linux 6.7
  private static final int UNKNOWN = 0xfe;

  @TempDir static Path directory;

  private final MemorySegment memory = Arena.ofAuto().allocate(64);
  private Ring ring;
  private Fifo fifo;

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
    fifo = Fifo.open(ring, directory);
  }

  @AfterEach
  void close() throws IOException {
    fifo.close(); // hangs if an operation has kept its hold on the pipe
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
    assertEquals(0, ring.metrics().stale());
  }

  private RawOperation reading() {
    return RawOperation.of(IORING_OP_READ)
        .on(fifo.file())
        .address(memory, Access.WRITES)
        .length(8)
        .offset(-1);
  }

  // ---- what goes there and back --------------------------------------------------------------

  @Test
  void nop_hasTheResultThatWasAskedFor() throws Exception {
    assumeTrue(FaultKernel.breaksChains(), "IORING_NOP_INJECT_RESULT needs Linux 6.10");
    RawOperation nop = RawOperation.of(IORING_OP_NOP).operationFlags(NOP_INJECT_RESULT).length(42);
    assertEquals(new RawResult(42, 0), Raw.of(ring).run(nop));
    assertEquals(new RawResult(42, 0), Raw.of(ring).run(nop), "the same once more");
    var e = assertThrows(OperationException.class, () -> Raw.of(ring).run(nop.length(-Errno.EIO)));
    assertEquals(Errno.EIO, e.errno());
  }

  @Test
  void unknownOpcode() {
    var e =
        assertThrows(OperationException.class, () -> Raw.of(ring).run(RawOperation.of(UNKNOWN)));
    assertEquals(Errno.EINVAL, e.errno());
    assertEquals("opcode_254", e.operation());
  }

  @Test
  void unknownPersonality() {
    RawOperation nop = RawOperation.of(IORING_OP_NOP).personality(7);
    assertEquals(
        Errno.EINVAL, assertThrows(OperationException.class, () -> Raw.of(ring).run(nop)).errno());
  }

  @ParameterizedTest
  @EachCaller
  void file_writtenAndReadByThread(Caller caller) throws Exception {
    Path path = Files.createTempFile(directory, "raw", null);
    try (RingFile file =
        RingFile.open(ring, path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      caller.run(
          ring,
          () -> {
            try (Arena arena = Arena.ofConfined()) {
              RawOperation write =
                  RawOperation.of(IORING_OP_WRITE)
                      .on(file)
                      .address(arena.allocateFrom("ringspun"), Access.READS)
                      .length(8)
                      .flags(IOSQE_ASYNC)
                      .offset(3);
              assertEquals(8, Raw.of(ring).run(write).result());
              MemorySegment back = arena.allocate(16);
              RawOperation read =
                  RawOperation.of(IORING_OP_READ)
                      .on(file)
                      .address(back, Access.WRITES)
                      .length(16)
                      .offset(3);
              assertEquals(8, Raw.of(ring).run(read).result());
              assertEquals("ringspun", back.getString(0));
            }
          });
    }
    assertEquals(11, Files.size(path));
  }

  @Test
  void memoryBehindAVector() throws Exception {
    MemorySegment vector = Arena.ofAuto().allocate(16, 8);
    vector.set(JAVA_LONG, 0, memory.address());
    vector.set(JAVA_LONG, 8, memory.byteSize());
    fifo.write(1, 2, 3);
    RawOperation read =
        RawOperation.of(IORING_OP_READV)
            .on(fifo.file())
            .address(vector, Access.READS)
            .reaching(memory, Access.WRITES)
            .length(1)
            .offset(-1);
    assertEquals(3, Raw.of(ring).run(read).result());
    assertEquals(3, memory.get(JAVA_BYTE, 2));
  }

  @Test
  void twoDescriptors() throws Exception {
    try (RingPipe pipe = RingPipe.open(ring)) {
      fifo.write(1, 2, 3);
      RawOperation splice =
          RawOperation.of(IORING_OP_SPLICE)
              .on(pipe.sink())
              .offset(-1)
              .splicingFrom(fifo.file())
              .address(-1)
              .length(10);
      assertEquals(3, Raw.of(ring).run(splice).result());
      ByteBuffer target = ByteBuffer.allocate(10);
      assertEquals(3, pipe.source().read(target));
      assertEquals(3, target.get(2));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void socket_commandTellsWhatHasArrived(boolean registered) throws Exception {
    assumeTrue(FaultKernel.breaksChains(), "commands to sockets need Linux 6.7");
    SocketOpenOption[] options =
        registered ? new SocketOpenOption[] {SocketOpenOption.REGISTERED} : new SocketOpenOption[0];
    try (RingListener listener = RingListener.bind(ring, SocketPair.anyPort());
        SocketPair pair = SocketPair.open(ring, listener, options)) {
      RingSocket left = pair.left();
      RawOperation inq =
          RawOperation.of(IORING_OP_URING_CMD).on(left).offset(SIOCINQ).command(0, 0);
      assertEquals(0, Raw.of(ring).run(inq).result());
      pair.right().write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      Await.until("they arrive", () -> Raw.of(ring).run(inq).result() == 3);

      RawOperation receive =
          RawOperation.of(IORING_OP_RECV).on(left).address(memory, Access.WRITES).length(2);
      assertEquals(new RawResult(2, IORING_CQE_F_SOCK_NONEMPTY), Raw.of(ring).run(receive));
      assertEquals(new RawResult(1, 0), Raw.of(ring).run(receive));
    }
  }

  /** The second completion says that the memory is free; the first one has the result. */
  @Test
  void zeroCopySend_hasTheFirstCompletionsResult() throws Exception {
    try (SocketPair pair = SocketPair.open(ring)) {
      RawOperation send =
          RawOperation.of(IORING_OP_SEND_ZC)
              .on(pair.left())
              .address(memory, Access.READS)
              .length(64);
      RawResult result = Raw.of(ring).run(send);
      assertEquals(64, result.result());
      assertEquals(IORING_CQE_F_MORE, result.flags());
      assertEquals(64, pair.right().read(ByteBuffer.allocate(100)));
    }
  }

  // ---- the four ends -------------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void read_fourEnds(Caller caller) throws Exception {
    new FourEnds(
            () -> {
              int count = Raw.of(ring).run(reading()).result();
              return List.of(count, memory.get(JAVA_BYTE, 0), memory.get(JAVA_BYTE, 1));
            },
            () -> fifo.write(8, 9),
            fifo.file()::close)
        .check(ring, caller, List.of(2, (byte) 8, (byte) 9));
  }

  @ParameterizedTest
  @EachCaller
  void splice_secondDescriptorClosedMeanwhile(Caller caller) throws Exception {
    try (RingPipe pipe = RingPipe.open(ring)) {
      RawOperation poll = RawOperation.of(IORING_OP_SPLICE).on(pipe.sink()).offset(-1);
      poll.splicingFrom(fifo.file()).address(-1).length(1);
      var call =
          BlockedCall.start(ring, caller, () -> Raw.of(ring).run(poll)).awaitInFlight(ring, 1);
      fifo.file().close();
      assertThrows(AsynchronousCloseException.class, call::result);
      assertThrows(ClosedChannelException.class, () -> Raw.of(ring).run(poll));
    } // hangs if the first descriptor is still counted
  }

  @ParameterizedTest
  @EachCaller
  void read_timeUp(Caller caller) {
    RawOperation read = reading().within(Duration.ofMillis(1));
    assertThrows(
        OperationTimeoutException.class, () -> caller.call(ring, () -> Raw.of(ring).run(read)));
    assertEquals(0, ring.metrics().inFlight());
  }

  @ParameterizedTest
  @EachCaller
  void read_ringClosedMeanwhile(Caller caller) throws Exception {
    var call = BlockedCall.start(ring, caller, () -> Raw.of(ring).run(reading()));
    call.awaitInFlight(ring, 1);
    ring.close();
    assertThrows(AsynchronousCloseException.class, call::result);
    assertThrows(RingClosedException.class, () -> Raw.of(ring).run(reading()));
  }

  /** A cancelled call does not return before the kernel has let go of its memory. */
  @ParameterizedTest
  @EachCaller
  void read_cancelled_memoryStaysTheKernels(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring faulty = FaultyRing.open(kernel);
        RingFile file = RingFile.open(faulty, fifo.path(), StandardOpenOption.READ)) {
      kernel.add(FaultRule.on(IORING_OP_READ).times(1).delay());
      AtomicReference<MemorySegment> target = new AtomicReference<>();
      var call =
          BlockedCall.start(
                  faulty,
                  caller,
                  () -> {
                    try (Arena arena = Arena.ofConfined()) {
                      target.set(arena.allocate(8));
                      RawOperation read =
                          RawOperation.of(IORING_OP_READ)
                              .on(file)
                              .address(target.get(), Access.WRITES)
                              .length(8)
                              .offset(-1);
                      return Raw.of(faulty).run(read);
                    }
                  })
              .awaitInFlight(faulty, 1);
      call.interrupt();
      Await.until("the kernel has cancelled it", () -> kernel.held() == 1);
      assertFalse(call.hasEnded());
      assertTrue(target.get().scope().isAlive());
      kernel.release();
      assertThrows(InterruptedIOException.class, call::result);
      assertFalse(target.get().scope().isAlive());
    }
  }

  // ---- what is refused -----------------------------------------------------------------------

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of(IORING_OP_ASYNC_CANCEL, "refers to operations by numbers"),
        Arguments.of(IORING_OP_POLL_REMOVE, "refers to operations by numbers"),
        Arguments.of(IORING_OP_TIMEOUT_REMOVE, "refers to operations by numbers"),
        Arguments.of(IORING_OP_LINK_TIMEOUT, "belongs to a chain"),
        Arguments.of(IORING_OP_MSG_RING, "other rings"),
        Arguments.of(IORING_OP_FILES_UPDATE, "tables"),
        Arguments.of(IORING_OP_PROVIDE_BUFFERS, "tables"),
        Arguments.of(IORING_OP_REMOVE_BUFFERS, "tables"),
        Arguments.of(IORING_OP_READ_MULTISHOT, "many times"),
        Arguments.of(IORING_OP_RECV_ZC, "many times"),
        Arguments.of(IORING_OP_NOP128, "128 bytes"),
        Arguments.of(IORING_OP_URING_CMD128, "128 bytes"),
        Arguments.of(-1, "from 0 to 255"),
        Arguments.of(256, "from 0 to 255"));
  }

  @ParameterizedTest
  @MethodSource
  void refused(int opcode, String reason) {
    var e = assertThrows(IllegalArgumentException.class, () -> RawOperation.of(opcode));
    assertTrue(e.getMessage().contains(reason), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        IOSQE_FIXED_FILE,
        IOSQE_IO_DRAIN,
        IOSQE_IO_LINK,
        IOSQE_IO_HARDLINK,
        IOSQE_BUFFER_SELECT,
        IOSQE_CQE_SKIP_SUCCESS
      })
  void flags_thatAreTheRings(int flag) {
    RawOperation nop = RawOperation.of(IORING_OP_NOP);
    assertThrows(IllegalArgumentException.class, () -> nop.flags(flag | IOSQE_ASYNC));
  }

  @Test
  void multishots() {
    assertNotSubmitted(RawOperation.of(IORING_OP_POLL_ADD).length(IORING_POLL_ADD_MULTI), "many");
    assertNotSubmitted(
        RawOperation.of(IORING_OP_TIMEOUT).operationFlags(IORING_TIMEOUT_MULTISHOT), "many");
    assertNotSubmitted(RawOperation.of(IORING_OP_ACCEPT).priority(IORING_ACCEPT_MULTISHOT), "many");
    assertNotSubmitted(RawOperation.of(IORING_OP_RECV).priority(IORING_RECV_MULTISHOT), "many");
    assertNotSubmitted(RawOperation.of(IORING_OP_RECVMSG).priority(IORING_RECV_MULTISHOT), "many");
    assertNotSubmitted(
        RawOperation.of(IORING_OP_URING_CMD).operationFlags(IORING_URING_CMD_MULTISHOT), "many");
  }

  private void assertNotSubmitted(RawOperation operation, String reason) {
    long before = ring.metrics().submitted();
    var e = assertThrows(IllegalArgumentException.class, () -> Raw.of(ring).run(operation));
    assertTrue(e.getMessage().contains(reason), e.getMessage());
    assertEquals(before, ring.metrics().submitted());
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        IORING_OP_OPENAT,
        IORING_OP_OPENAT2,
        IORING_OP_CLOSE,
        IORING_OP_SOCKET,
        IORING_OP_ACCEPT,
        IORING_OP_PIPE
      })
  void slotsOfTheRingsTable(int opcode) {
    assertNotSubmitted(RawOperation.of(opcode).fileIndex(1), "tables");
  }

  @Test
  void descriptors_thatMakeNoSense() throws Exception {
    assertNotSubmitted(RawOperation.of(IORING_OP_CLOSE).on(fifo.file()), "close the Descriptor");
    assertNotSubmitted(RawOperation.of(IORING_OP_SPLICE).splicingFrom(fifo.file()), "no first");
    assertThrows(
        IllegalArgumentException.class,
        () -> RawOperation.of(IORING_OP_READ).splicingFrom(fifo.file()));
    try (Ring other = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
        RingFile file =
            RingFile.open(
                other,
                Files.createTempFile(directory, "other", null),
                StandardOpenOption.READ,
                io.ringspun.file.RingOpenOption.REGISTERED)) {
      assertNotSubmitted(RawOperation.of(IORING_OP_FSYNC).on(file), "registered with another ring");
    }
  }

  @Test
  void memory_thatIsNotToBeUsed() throws Exception {
    RawOperation read = RawOperation.of(IORING_OP_READ).on(fifo.file()).length(8);
    Access fill = Access.WRITES;
    assertNotSubmitted(read.address(MemorySegment.ofArray(new byte[8]), fill), "on the heap");
    assertNotSubmitted(read.address(memory.asReadOnly(), fill), "read-only");
    assertNotSubmitted(read.address(memory.asSlice(0, 0), fill), "empty");
    assertNotSubmitted(
        read.address(memory.asSlice(0, 7), fill), "the length is 8 bytes but the segment has 7");
    assertNotSubmitted(read.address(memory, fill).length(-1), "but the segment has 64");
    read.length(8);
    try (Arena shared = Arena.ofShared()) {
      assertNotSubmitted(read.address(shared.allocate(8), fill), "shared arena");
    }
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment mine = confined.allocate(8);
      for (Caller caller : Caller.values()) {
        caller.run(ring, () -> assertNotSubmitted(read.address(mine, fill), "confined"));
      }
    }
    assertThrows(IllegalStateException.class, () -> Raw.of(ring).run(read), "its arena is closed");
    RawOperation vector = RawOperation.of(IORING_OP_WRITEV).on(fifo.file()).length(5);
    assertNotSubmitted(
        vector.address(memory, Access.READS), "the length is 80 bytes but the segment has 64");
    MemorySegment heap = MemorySegment.ofArray(new byte[8]);
    RawOperation nop = RawOperation.of(IORING_OP_NOP);
    assertNotSubmitted(nop.reaching(heap, Access.READS), "on the heap");
  }

  @Test
  void memory_inEveryFieldIsChecked() {
    try (Arena shared = Arena.ofShared()) {
      MemorySegment segment = shared.allocate(JAVA_INT);
      RawOperation nop = RawOperation.of(IORING_OP_NOP);
      assertNotSubmitted(nop.offset(segment, Access.READS), "shared arena");
      nop.offset(0);
      assertNotSubmitted(nop.address3(segment, Access.READS), "shared arena");
    }
  }
}
