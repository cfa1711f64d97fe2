package io.ringspun.raw;

import static io.ringspun.internal.kernel.Constants.*;
import static java.nio.file.StandardOpenOption.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.Descriptor;
import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.FileTable;
import io.ringspun.net.RingDatagramSocket;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.net.SocketOpenOption;
import io.ringspun.raw.RawOperation.Access;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.OpenFiles;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Places for what a chain opens and goes on to use. */
class TableSlotTest {
  private static final int SLOTS = 64;
  private static final RingOptions TABLE = RingOptions.defaults().withRegisteredFiles(4);
  private static final InetSocketAddress LOOPBACK =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  @TempDir private Path directory;

  private final FaultKernel kernel = new FaultKernel();
  private final MemorySegment memory = Arena.ofAuto().allocateFrom("ringspun").asSlice(0, 8);
  private Ring ring;
  private Path path;

  @BeforeEach
  void open() throws IOException {
    ring = FaultyRing.open(TABLE, kernel);
    path = directory.resolve("file");
  }

  @AfterEach
  void close() throws IOException {
    if (ring.isOpen()) {
      requireAllFree();
    }
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
  }

  private FileTable table() {
    return EngineAccess.of(ring).files();
  }

  /** Takes all slots, which must be as many as there were, and different ones. */
  private void requireAllFree() throws IOException {
    assertEquals(0, table().taken());
    List<TableSlot> all = takeAll();
    assertEquals(SLOTS, all.size());
    assertEquals(SLOTS, all.stream().map(TableSlot::toString).distinct().count());
    for (TableSlot slot : all) {
      requireEmpty(slot);
      slot.close();
    }
  }

  private List<TableSlot> takeAll() throws IOException {
    List<TableSlot> all = new ArrayList<>();
    while (all.size() <= SLOTS) {
      try {
        all.add(Raw.of(ring).tableSlot());
      } catch (OperationException e) {
        assertEquals(Errno.ENFILE, e.errno());
        assertTrue(e.getMessage().contains("all 64 "), e.getMessage());
        break;
      }
    }
    return all;
  }

  private void requireEmpty(TableSlot slot) throws IOException {
    assertEquals(
        -Errno.EBADF, ring.batch().add(slot.closeStep()).attempt().get(0).result(), slot::toString);
  }

  private static RawOperation opening(TableSlot slot, Path path, int flags) {
    return RawOperation.of(IORING_OP_OPENAT)
        .on(AT_FDCWD)
        .address(Arena.ofAuto().allocateFrom(path.toString()), Access.READS)
        .operationFlags(flags)
        .length(0600)
        .into(slot);
  }

  private static RawOperation making(TableSlot slot, Path path) {
    return opening(slot, path, O_CREAT | O_RDWR);
  }

  private static RawOperation socket(TableSlot slot) {
    return RawOperation.of(IORING_OP_SOCKET).on(AF_INET).offset(SOCK_STREAM).into(slot);
  }

  private static RawOperation accepting(TableSlot slot, Descriptor listener) {
    return RawOperation.of(IORING_OP_ACCEPT).on(listener).into(slot);
  }

  private static RawOperation onAddress(int opcode, Descriptor socket, InetSocketAddress where) {
    MemorySegment address = Arena.ofAuto().allocate(SocketAddressMemory.MAX_BYTES, 8);
    int length =
        SocketAddressMemory.putInet(address, where.getAddress().getAddress(), where.getPort(), 0);
    return RawOperation.of(opcode).on(socket).address(address, Access.READS).offset(length);
  }

  private byte read(Descriptor file) throws IOException {
    MemorySegment target = Arena.ofAuto().allocate(1);
    int result = ring.batch().read(file, target, 0).attempt().get(0).result();
    assertEquals(1, result, file::toString);
    return target.get(ValueLayout.JAVA_BYTE, 0);
  }

  // ---- chains that open what they use --------------------------------------------------------

  /** Four calls of a program in one of the kernel's. */
  @Liburing({"open-direct-link", "fixed-link"})
  @ParameterizedTest
  @EachCaller
  void chain_writesAFile(Caller caller) throws Exception {
    try (TableSlot slot = Raw.of(ring).tableSlot()) {
      kernel.forget();
      Outcomes result =
          caller.call(
              ring,
              () ->
                  ring.chain()
                      .add(making(slot, path).toStep())
                      .write(slot, memory, 0)
                      .fsync(slot)
                      .add(slot.closeStep().evenIfPreviousFailed())
                      .attempt());
      result.orThrow();
      assertEquals(8, result.get(1).result());
      assertEquals("ringspun", Files.readString(path));
      var entries = kernel.submitted().stream().filter(entry -> !entry.isInternal()).toList();
      assertEquals(4, entries.size());
      assertEquals(1, entries.stream().map(FaultKernel.Request::enter).distinct().count());
      assertTrue(entries.get(1).isLinked());
      assertEquals(0, OpenFiles.count(path.toString()));
      requireEmpty(slot);
      assertTrue(slot.isOpen());
    }
  }

  @Liburing("open-direct-link")
  @ParameterizedTest
  @ValueSource(ints = {0, IOSQE_ASYNC})
  void chain_readsAFile(int flags) throws Exception {
    Bytes.file(path, 1, 5000);
    MemorySegment target = Arena.ofAuto().allocate(5000);
    try (TableSlot slot = Raw.of(ring).tableSlot()) {
      ring.chain()
          .add(opening(slot, path, O_RDONLY).flags(flags).toStep())
          .read(slot, target, 0)
          .add(slot.closeStep())
          .run();
      Bytes.check(1, 0, target);
      requireEmpty(slot);
    }
  }

  @ParameterizedTest
  @EachCaller
  void chain_connectsAndSends(Caller caller) throws Exception {
    try (RingListener listener = RingListener.bind(ring, LOOPBACK);
        TableSlot slot = Raw.of(ring).tableSlot()) {
      InetSocketAddress where = (InetSocketAddress) listener.localAddress();
      caller
          .call(
              ring,
              () ->
                  ring.chain()
                      .add(socket(slot).toStep())
                      .add(onAddress(IORING_OP_CONNECT, slot, where).toStep())
                      .send(slot, memory)
                      .shutdownOutput(slot)
                      .add(slot.closeStep())
                      .attempt())
          .orThrow();
      try (RingSocket peer = listener.accept()) {
        ByteBuffer target = ByteBuffer.allocate(10);
        assertEquals(8, peer.read(target));
        assertEquals(-1, peer.read(target));
      }
      requireEmpty(slot);
    }
  }

  /** The peer sees the end of a socket that the ring closes while it waits itself. */
  @Liburing({"accept-link", "linked-defer-close"})
  @ParameterizedTest
  @EachCaller
  void chain_acceptsAndAnswers(Caller caller) throws Exception {
    MemorySegment target = Arena.ofAuto().allocate(3);
    try (RingListener listener = RingListener.bind(ring, LOOPBACK);
        TableSlot slot = Raw.of(ring).tableSlot()) {
      var call =
          BlockedCall.start(
                  ring,
                  caller,
                  () ->
                      ring.chain()
                          .add(accepting(slot, listener).toStep())
                          .receive(slot, target)
                          .send(slot, memory)
                          .add(slot.closeStep())
                          .attempt())
              .awaitInFlight(ring, 4);
      try (SocketChannel peer = SocketChannel.open(listener.localAddress())) {
        peer.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        ByteBuffer answer = ByteBuffer.allocate(100);
        while (peer.read(answer) >= 0) {
          assertTrue(answer.hasRemaining());
        }
        assertEquals(8, answer.position());
        call.result().orThrow();
        assertEquals(3, target.get(ValueLayout.JAVA_BYTE, 2));
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void chain_openFails(Caller caller) throws Exception {
    try (TableSlot slot = Raw.of(ring).tableSlot()) {
      Outcomes result =
          caller.call(
              ring,
              () ->
                  ring.chain()
                      .add(opening(slot, path, O_RDONLY).toStep())
                      .read(slot, memory, 0)
                      .add(slot.closeStep())
                      .attempt());
      assertEquals(0, result.firstFailure().orElseThrow().position());
      assertTrue(result.get(1).isCancelled() && result.get(2).isCancelled());
      var e = assertThrows(OperationException.class, result::orThrow);
      assertEquals("openat", e.operation());
      assertEquals(Errno.ENOENT, e.errno());
      requireEmpty(slot);
    }
  }

  /** Nothing is there yet, or any more. */
  @Test
  void empty_isRefusedByTheKernel() throws Exception {
    try (TableSlot slot = Raw.of(ring).tableSlot()) {
      Outcomes result =
          ring.chain().read(slot, memory, 0).add(making(slot, path).toStep()).attempt();
      assertEquals(-Errno.EBADF, result.get(0).result());
      assertTrue(result.get(1).isCancelled());
      result =
          ring.chain().add(making(slot, path).toStep()).add(slot.closeStep()).fsync(slot).attempt();
      assertEquals(2, result.firstFailure().orElseThrow().position());
      assertEquals(-Errno.EBADF, result.get(2).result());
    }
  }

  @Test
  void concurrently_inTwoSlots() throws Exception {
    List<Caller.Begun<Void>> writers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      int id = i;
      writers.add(
          Caller.values()[i % 3].begin(
              ring,
              () -> {
                writeManyFiles(id);
                return null;
              }));
    }
    for (var writer : writers) {
      writer.result();
    }
  }

  private void writeManyFiles(int id) throws IOException {
    Path mine = directory.resolve("of-" + id);
    MemorySegment target = Arena.ofAuto().allocate(1000);
    try (TableSlot slot = Raw.of(ring).tableSlot()) {
      for (int round = 0; round < 30; round++) {
        ring.chain()
            .add(making(slot, mine).toStep())
            .write(slot, Bytes.segment(Arena.ofAuto(), id, round, 1000), 0)
            .add(slot.closeStep())
            .add(opening(slot, mine, O_RDONLY).toStep())
            .read(slot, target, 0)
            .add(slot.closeStep())
            .run();
        Bytes.check(id, round, target);
      }
    }
  }

  // ---- full slots ----------------------------------------------------------------------------

  /** What comes closes what was there; what cannot come leaves it. */
  @ParameterizedTest
  @EachCaller
  void full_isReplaced(Caller caller) throws Exception {
    Bytes.file(path, 1, 1);
    try (RingListener listener = RingListener.bind(ring, LOOPBACK);
        TableSlot slot = Raw.of(ring).tableSlot();
        RingSocket peer = RingSocket.connect(ring, listener.localAddress())) {
      caller.run(
          ring,
          () -> {
            assertEquals(0, Raw.of(ring).run(accepting(slot, listener)).result());
            RawOperation none = opening(slot, directory.resolve("none"), O_RDONLY);
            assertThrows(OperationException.class, () -> Raw.of(ring).run(none));
            ring.chain().send(slot, memory).run();
            assertEquals(8, peer.read(ByteBuffer.allocate(10)));
            assertEquals(0, Raw.of(ring).run(opening(slot, path, O_RDONLY)).result());
            assertEquals(-1, peer.read(ByteBuffer.allocate(10)), "the socket is closed");
            assertEquals(Bytes.at(1, 0), read(slot));
          });
    }
  }

  /** An operation under way keeps what it works on, whatever comes into the slot. */
  @Test
  void full_isReplacedUnderAnOperation() throws Exception {
    Bytes.file(path, 1, 1);
    try (Fifo fifo = Fifo.open(ring, directory);
        TableSlot slot = Raw.of(ring).tableSlot()) {
      Raw.of(ring).run(opening(slot, fifo.path(), O_RDWR));
      var call = BlockedCall.start(ring, () -> read(slot)).awaitInFlight(ring, 1);
      Raw.of(ring).run(opening(slot, path, O_RDONLY));
      assertEquals(Bytes.at(1, 0), read(slot));
      fifo.write(9);
      assertEquals((byte) 9, call.result());
    }
  }

  /** A lost sync is told of as long as the file is there, and not of the next. */
  @Test
  void full_syncFailureIsOfTheFile() throws Exception {
    assumeTrue(FaultKernel.breaksChains(), "failures that break chains need Linux 6.10");
    try (TableSlot slot = Raw.of(ring).tableSlot()) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
      Outcomes result = ring.chain().add(making(slot, path).toStep()).fsync(slot).nop().attempt();
      assertEquals(-Errno.EIO, result.get(1).result());
      assertEquals(-Errno.EIO, ring.batch().fdatasync(slot).attempt().get(0).result());
      assertEquals(-Errno.EIO, ring.chain().fsync(slot).attempt().get(0).result());
      RawOperation none = opening(slot, directory.resolve("none"), O_RDONLY);
      assertThrows(OperationException.class, () -> Raw.of(ring).run(none));
      assertEquals(-Errno.EIO, ring.chain().fsync(slot).attempt().get(0).result());
      ring.chain().add(making(slot, path).toStep()).fsync(slot).add(slot.closeStep()).run();

      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
      assertThrows(
          OperationException.class,
          () -> ring.chain().add(making(slot, path).toStep()).fsync(slot).run());
      RingFile file = RingFile.take(slot, READ, WRITE);
      assertEquals(
          Errno.EIO, assertThrows(OperationException.class, file::fsync).errno(), "it comes along");
      file.close();
    }
  }

  // ---- the ends of a call --------------------------------------------------------------------

  private BlockedCall<Outcomes> readingFifo(Caller caller, TableSlot slot, Fifo fifo) {
    return BlockedCall.start(
            ring,
            caller,
            () ->
                ring.chain()
                    .add(opening(slot, fifo.path(), O_RDWR).toStep())
                    .read(slot, Arena.ofAuto().allocate(1), 0)
                    .add(slot.closeStep())
                    .attempt())
        .awaitInFlight(ring, 2);
  }

  @ParameterizedTest
  @EachCaller
  void chain_blocksThenCompletes(Caller caller) throws Exception {
    try (Fifo fifo = Fifo.open(ring, directory);
        TableSlot slot = Raw.of(ring).tableSlot()) {
      var call = readingFifo(caller, slot, fifo);
      fifo.write(7);
      call.result().orThrow();
    }
  }

  @ParameterizedTest
  @EachCaller
  void chain_closedMeanwhile(Caller caller) throws Exception {
    try (Fifo fifo = Fifo.open(ring, directory)) {
      TableSlot slot = Raw.of(ring).tableSlot();
      var call = readingFifo(caller, slot, fifo);
      Await.until("it is open", () -> ring.metrics().inFlight() == 2);
      slot.close();
      Outcomes result = call.result();
      assertTrue(result.get(0).succeeded());
      assertTrue(result.get(1).isCancelled() && result.get(2).isCancelled());
      assertFalse(slot.isOpen());
      assertThrows(
          ClosedChannelException.class, () -> ring.chain().add(slot.closeStep()).attempt());
      assertThrows(ClosedChannelException.class, () -> Raw.of(ring).run(making(slot, path)));
      assertThrows(ClosedChannelException.class, () -> ring.chain().fsync(slot).attempt());
      slot.close();
    }
  }

  @ParameterizedTest
  @EachCaller
  void chain_interruptedMeanwhile(Caller caller) throws Exception {
    try (Fifo fifo = Fifo.open(ring, directory);
        TableSlot slot = Raw.of(ring).tableSlot()) {
      var call = readingFifo(caller, slot, fifo);
      Await.until("it is open", () -> ring.metrics().inFlight() == 2);
      call.interrupt();
      Outcomes result = call.result();
      assertTrue(call.interruptPending());
      assertTrue(result.get(0).succeeded());
      assertTrue(result.get(1).isCancelled() && result.get(2).isCancelled());
      fifo.write(3);
      assertEquals(3, read(slot), "the file is still there");
    }
  }

  /** An opening that waits for ever is no reason to keep the slot. */
  @ParameterizedTest
  @EachCaller
  void opening_closedMeanwhile(Caller caller) throws Exception {
    TableSlot slot = Raw.of(ring).tableSlot();
    Fifo.make(path);
    var call =
        BlockedCall.start(
                ring,
                caller,
                () ->
                    ring.chain()
                        .add(opening(slot, path, O_RDONLY).flags(IOSQE_ASYNC).toStep())
                        .add(slot.closeStep())
                        .attempt())
            .awaitInFlight(ring, 1);
    slot.close();
    assertTrue(call.result().get(0).isCancelled() && call.result().get(1).isCancelled());
  }

  /** A connection that comes while the call is cancelled is there, or waits for the next. */
  @ParameterizedTest
  @EachCaller
  void accept_interrupted_losesNothing(Caller caller) throws Exception {
    try (RingListener listener = RingListener.bind(ring, LOOPBACK);
        TableSlot slot = Raw.of(ring).tableSlot()) {
      for (int round = 0; round < 50; round++) {
        var call =
            BlockedCall.start(
                ring, caller, () -> ring.chain().add(accepting(slot, listener).toStep()).attempt());
        try (RingSocket peer = RingSocket.connect(ring, listener.localAddress())) {
          call.interrupt();
          boolean accepted = false;
          try {
            accepted = call.result().succeeded();
          } catch (InterruptedIOException _) {
            // It had not begun.
          }
          if (!accepted) {
            Raw.of(ring).run(accepting(slot, listener));
          }
          ring.chain().send(slot, memory).add(slot.closeStep()).run();
          assertEquals(8, peer.read(ByteBuffer.allocate(10)));
        }
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void ring_closedWithFullSlots(Caller caller) throws Exception {
    try (Fifo fifo = Fifo.open(ring, directory);
        RingListener listener = RingListener.bind(ring, LOOPBACK);
        SocketChannel peer = SocketChannel.open(listener.localAddress());
        TableSlot full = Raw.of(ring).tableSlot();
        TableSlot empty = Raw.of(ring).tableSlot();
        TableSlot busy = Raw.of(ring).tableSlot()) {
      Raw.of(ring).run(accepting(full, listener));
      var call = readingFifo(caller, busy, fifo);
      ring.close();
      assertFalse(call.result().succeeded());
      assertEquals(-1, peer.read(ByteBuffer.allocate(1)), "the socket in the slot is closed");
      assertThrows(RingClosedException.class, () -> ring.chain().add(empty.closeStep()).attempt());
      assertThrows(RingClosedException.class, Raw.of(ring)::tableSlot);
    }
  }

  // ---- what is refused -----------------------------------------------------------------------

  @Test
  void slot_ofAnotherRing() throws Exception {
    try (Ring other = Ring.open(TABLE);
        TableSlot slot = Raw.of(ring).tableSlot()) {
      for (var wrong :
          List.<org.junit.jupiter.api.function.Executable>of(
              () -> other.chain().add(making(slot, path).toStep()),
              () -> Raw.of(other).run(making(slot, path)),
              () -> other.chain().add(slot.closeStep()),
              () -> other.batch().fsync(slot))) {
        var e = assertThrows(IllegalArgumentException.class, wrong);
        assertTrue(e.getMessage().contains("registered with another ring"), e.getMessage());
      }
    }
    assertFalse(Files.exists(path));
  }

  @ParameterizedTest
  @ValueSource(ints = {IORING_OP_PIPE, IORING_OP_CLOSE, IORING_OP_READ, IORING_OP_SPLICE})
  void into_isForWhatOpens(int opcode) throws Exception {
    try (TableSlot slot = Raw.of(ring).tableSlot()) {
      RawOperation operation = RawOperation.of(opcode);
      var e = assertThrows(IllegalArgumentException.class, () -> operation.into(slot));
      assertTrue(e.getMessage().contains("cannot open into a slot"), e.getMessage());
      assertThrows(
          IllegalArgumentException.class,
          () -> Raw.of(ring).run(making(slot, path).fileIndex(1)),
          "by its number");
    }
  }

  @Test
  void table_none() throws Exception {
    try (Ring plain = Ring.open()) {
      var e = assertThrows(IllegalArgumentException.class, Raw.of(plain)::tableSlot);
      assertTrue(e.getMessage().contains("withRegisteredFiles"), e.getMessage());
    }
  }

  /** Where the limit of open files leaves little room, there are fewer. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 10, 63})
  void table_atTheLimit(int room) throws Exception {
    int limit = limitOfOpenFiles();
    assumeTrue(limit <= 1 << 20, "the kernel's own limit is lower: " + limit);
    try (Ring large = Ring.open(RingOptions.defaults().withRegisteredFiles(limit - room))) {
      FileTable files = EngineAccess.of(large).files();
      assertEquals(Integer.highestOneBit(room), files.chosenSlots());
      List<TableSlot> slots = new ArrayList<>();
      for (int i = 0; i < files.chosenSlots(); i++) {
        slots.add(Raw.of(large).tableSlot());
      }
      assertThrows(OperationException.class, Raw.of(large)::tableSlot);
      for (TableSlot slot : slots) {
        large
            .chain()
            .add(making(slot, path).toStep())
            .write(slot, memory, 0)
            .add(slot.closeStep())
            .run();
        slot.close();
      }
    }
  }

  private static int limitOfOpenFiles() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
      if (line.startsWith("Max open files")) {
        return Integer.parseInt(line.split(" {2,}")[1]);
      }
    }
    throw new AssertionError("no such line");
  }

  @Test
  void restricted() throws Exception {
    InetSocketAddress where;
    try (RingListener listener = RingListener.bind(ring, LOOPBACK);
        Ring files = Ring.open(TABLE.withRestriction(RingRestriction.FILES));
        TableSlot file = Raw.of(files).tableSlot();
        Ring sockets = Ring.open(TABLE.withRestriction(RingRestriction.SOCKETS));
        TableSlot socket = Raw.of(sockets).tableSlot()) {
      where = (InetSocketAddress) listener.localAddress();
      files
          .chain()
          .add(making(file, path).toStep())
          .write(file, memory, 0)
          .add(file.closeStep())
          .run();
      assertEquals(
          -Errno.EACCES, files.chain().add(socket(file).toStep()).nop().attempt().get(0).result());
      RawOperation connect = onAddress(IORING_OP_CONNECT, socket, where);
      sockets
          .chain()
          .add(socket(socket).toStep())
          .add(connect.toStep())
          .add(socket.closeStep())
          .run();
      assertEquals(
          -Errno.EACCES,
          sockets.chain().add(making(socket, path).toStep()).nop().attempt().get(0).result());
      listener.accept().close();
    }
  }

  // ---- what is taken out ---------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void take_file(Caller caller) throws Exception {
    TableSlot slot = Raw.of(ring).tableSlot();
    var e = assertThrows(OperationException.class, () -> RingFile.take(slot));
    assertEquals(Errno.EBADF, e.errno());
    caller.run(
        ring,
        () -> {
          ring.chain().add(making(slot, path).toStep()).write(slot, memory, 0).run();
          assertThrows(
              IllegalArgumentException.class, () -> RingFile.take(slot, READ, DELETE_ON_CLOSE));
          assertThrows(IOException.class, () -> RingSocket.take(slot));
          try (RingFile file = RingFile.take(slot, READ, WRITE)) {
            assertTrue(file.isRegistered());
            assertFalse(slot.isOpen());
            slot.close();
            ByteBuffer target = ByteBuffer.allocate(10);
            assertEquals(8, file.read(target, 0));
            assertThrows(ClosedChannelException.class, () -> RingFile.take(slot, READ));
            assertEquals(8, file.size());
          }
        });
  }

  /** What waits for the slot is cancelled, and the file goes on. */
  @ParameterizedTest
  @EachCaller
  void take_whileAStepBlocks(Caller caller) throws Exception {
    try (Fifo fifo = Fifo.open(ring, directory)) {
      TableSlot slot = Raw.of(ring).tableSlot();
      var call = readingFifo(caller, slot, fifo);
      Await.until("it is open", () -> ring.metrics().inFlight() == 2);
      try (RingFile file = RingFile.take(slot, READ, WRITE)) {
        assertTrue(call.result().get(1).isCancelled());
        fifo.write(5);
        assertEquals(5, Fifo.read(file));
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void take_sockets(Caller caller) throws Exception {
    caller.run(
        ring,
        () -> {
          TableSlot listening = Raw.of(ring).tableSlot();
          TableSlot accepted = Raw.of(ring).tableSlot();
          ring.chain()
              .add(socket(listening).toStep())
              .add(onAddress(IORING_OP_BIND, listening, LOOPBACK).toStep())
              .add(RawOperation.of(IORING_OP_LISTEN).on(listening).length(5).toStep())
              .run();
          assertThrows(IOException.class, () -> RingSocket.take(listening));
          assertThrows(IOException.class, () -> RingDatagramSocket.take(listening));
          try (RingListener listener = RingListener.take(listening);
              RingSocket left = RingSocket.connect(ring, listener.localAddress())) {
            assertEquals(
                Errno.EBADF,
                assertInstanceOf(
                        OperationException.class,
                        assertThrows(IOException.class, () -> RingSocket.take(accepted)))
                    .errno());
            Raw.of(ring).run(accepting(accepted, listener));
            try (RingSocket right = RingSocket.take(accepted)) {
              assertTrue(right.isRegistered() && listener.isRegistered());
              assertEquals(left.localAddress(), right.remoteAddress());
              right.writeFully(ByteBuffer.wrap(new byte[3]));
              assertEquals(3, left.read(ByteBuffer.allocate(10)));
            }
            assertEquals(-1, left.read(ByteBuffer.allocate(10)));
          }
        });
  }

  @Test
  void take_datagramSocket() throws Exception {
    TableSlot slot = Raw.of(ring).tableSlot();
    Raw.of(ring).run(RawOperation.of(IORING_OP_SOCKET).on(AF_INET).offset(SOCK_DGRAM).into(slot));
    assertThrows(IOException.class, () -> RingSocket.take(slot));
    try (RingDatagramSocket socket = RingDatagramSocket.take(slot);
        RingDatagramSocket peer = RingDatagramSocket.bind(ring, LOOPBACK)) {
      socket.connectTo(peer.localAddress());
      socket.write(ByteBuffer.wrap(new byte[3]));
      assertEquals(3, peer.receive(ByteBuffer.allocate(10)).length());
    }
  }

  // ---- the table -----------------------------------------------------------------------------

  /**
   * Goal: no slot is given away twice, whatever was last filled or emptied; the kernel looks on
   * from there. Method: slots of both kinds are taken, filled, emptied, taken over and given back
   * at random, and everything that is open must be what it was opened as.
   */
  @Liburing("file-alloc-range-hint")
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void table_inAllOrders(int seed) throws Exception {
    Random random = new Random(seed);
    List<RingFile> files = new ArrayList<>();
    List<TableSlot> slots = new ArrayList<>();
    Map<Descriptor, Integer> contents = new HashMap<>();
    for (int content = 0; content < 32; content++) {
      Files.write(directory.resolve("c" + content), new byte[] {(byte) content});
    }
    for (int step = 0; step < 400; step++) {
      int content = unused(contents);
      switch (random.nextInt(7)) {
        case 0, 1 -> {
          try {
            RingFile file =
                RingFile.open(
                    ring, directory.resolve("c" + content), READ, RingOpenOption.REGISTERED);
            files.add(file);
            contents.put(file, content);
            assertTrue(table().taken() <= 4);
          } catch (FileSystemException e) {
            assertEquals(4, table().taken(), e::toString);
          }
        }
        case 2 -> {
          if (slots.size() < 6) {
            slots.add(Raw.of(ring).tableSlot());
          } else {
            close(slots, contents, random);
          }
        }
        case 3, 4 -> {
          if (!slots.isEmpty()) {
            TableSlot slot = slots.get(random.nextInt(slots.size()));
            Raw.of(ring).run(opening(slot, directory.resolve("c" + content), O_RDONLY));
            contents.put(slot, content);
          }
        }
        case 5 -> {
          if (random.nextBoolean()) {
            close(files, contents, random);
          } else if (!slots.isEmpty()) {
            TableSlot slot = slots.get(random.nextInt(slots.size()));
            int expected = contents.remove(slot) == null ? -Errno.EBADF : 0;
            assertEquals(expected, ring.batch().add(slot.closeStep()).attempt().get(0).result());
          }
        }
        default -> {
          if (!slots.isEmpty() && files.size() < 10) {
            TableSlot slot = slots.get(random.nextInt(slots.size()));
            Integer held = contents.remove(slot);
            if (held != null) {
              RingFile file = RingFile.take(slot, READ);
              slots.remove(slot);
              files.add(file);
              contents.put(file, held);
            }
          }
        }
      }
      for (var each : contents.entrySet()) {
        assertEquals(each.getValue().byteValue(), read(each.getKey()), "step " + step);
      }
    }
    while (!files.isEmpty()) {
      close(files, contents, random);
    }
    while (!slots.isEmpty()) {
      close(slots, contents, random);
    }
  }

  private static int unused(Map<Descriptor, Integer> contents) {
    int content = 0;
    while (contents.containsValue(content)) {
      content++;
    }
    return content;
  }

  private static <T extends Descriptor & AutoCloseable> void close(
      List<T> all, Map<Descriptor, Integer> contents, Random random) throws Exception {
    if (!all.isEmpty()) {
      T chosen = all.remove(random.nextInt(all.size()));
      contents.remove(chosen);
      chosen.close();
    }
  }

  /** A listener is started in a slot of the same kind, as long as there is one. */
  @Test
  void table_sharedWithListeners() throws Exception {
    List<TableSlot> slots = takeAll();
    slots.removeLast().close();
    kernel.forget();
    try (RingListener inSlot = RingListener.bind(ring, LOOPBACK, SocketOpenOption.REGISTERED);
        RingListener inRange = RingListener.bind(ring, LOOPBACK, SocketOpenOption.REGISTERED)) {
      assertEquals(1, table().taken());
      assertThrows(OperationException.class, Raw.of(ring)::tableSlot);
      for (RingListener listener : List.of(inSlot, inRange)) {
        RingSocket.connect(ring, listener.localAddress()).close();
        listener.accept().close();
      }
    }
    for (TableSlot slot : slots) {
      slot.close();
    }
  }
}
