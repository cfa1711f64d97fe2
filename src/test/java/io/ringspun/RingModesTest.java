package io.ringspun;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingDirectory;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.RingParams;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.raw.RingRestriction;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The kinds of rings there are: what is different about each, and that nothing else is. */
class RingModesTest {
  private static final RingOptions DEFAULTS = RingOptions.defaults();
  private static final Duration SHORT = Duration.ofMillis(1);
  private static final Path TASKS = Path.of("/proc/self/task");

  @TempDir Path directory;

  /** A thread of the kernel's that belongs to this process. */
  private record Task(String number, String name, char state, String cpus) {}

  private static List<Task> tasks(String prefix) throws IOException {
    List<Task> tasks = new ArrayList<>();
    try (Stream<Path> all = Files.list(TASKS)) {
      for (Path each : all.toList()) {
        try {
          List<String> status = Files.readAllLines(each.resolve("status"));
          Task task =
              new Task(
                  each.getFileName().toString(),
                  field(status, "Name:"),
                  field(status, "State:").charAt(0),
                  field(status, "Cpus_allowed_list:"));
          if (task.name.startsWith(prefix)) {
            tasks.add(task);
          }
        } catch (NoSuchFileException _) {
          // it has ended meanwhile
        } catch (IOException e) {
          assertTrue(String.valueOf(e.getMessage()).contains("No such process"), e::toString);
        }
      }
    }
    return tasks;
  }

  private static String field(List<String> status, String name) {
    return status.stream()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip())
        .findFirst()
        .orElseThrow();
  }

  /** Kernel threads of rings that were closed before end some time after. */
  private static void awaitNone(String prefix) {
    Await.until("no " + prefix, () -> tasks(prefix).isEmpty());
  }

  private static int lastCpu() throws IOException {
    String allowed = field(Files.readAllLines(Path.of("/proc/self/status")), "Cpus_allowed_list:");
    return Integer.parseInt(allowed.replaceAll(".*[-,]", ""));
  }

  private static RingUnavailableException assertUnavailable(RingOptions options) {
    return assertThrows(RingUnavailableException.class, () -> Ring.open(options).close());
  }

  // ---- the same as ever ----------------------------------------------------------------------

  static Stream<Arguments> modes() {
    return Stream.of(
            List.of("kernel polling", DEFAULTS.withKernelPolling(SHORT)),
            List.of("kernel polling, bound", DEFAULTS.withKernelPolling(SHORT, 0)),
            List.of("worker processors", DEFAULTS.withWorkerCpus(0)),
            List.of("NAPI", DEFAULTS.withNapi(Duration.ofNanos(50_000), true)),
            List.of("minimum wait", DEFAULTS.withMinimumWait(SHORT, 8)),
            List.of(
                "restricted",
                DEFAULTS.withRestriction(
                    RingRestriction.to(
                        "the battery",
                        "OPENAT SOCKET CONNECT ACCEPT SEND RECV WRITE STATX FSYNC URING_CMD BIND"
                            .split(" ")))),
            List.of(
                "all that go together",
                DEFAULTS
                    .withKernelPolling(SHORT)
                    .withWorkerCpus(0)
                    .withNapi(Duration.ofNanos(50_000), false)
                    .withMinimumWait(SHORT, 2)
                    .withRegisteredFiles(4)))
        .map(each -> Arguments.of(each.getFirst(), each.getLast()));
  }

  /** Completes, waits and completes, is interrupted, is closed, and then the ring is. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("modes")
  void everyMode_fourEnds(String name, RingOptions options) throws Exception {
    for (Caller caller : Caller.values()) {
      BlockedCall<RingSocket> last;
      try (Ring ring = Ring.open(options.withInlineAttempts(false));
          RingListener listener =
              RingListener.bind(ring, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
          RingListener forgotten =
              RingListener.bind(ring, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
        caller.run(ring, () -> writeAndRead(ring));
        var interrupted = BlockedCall.start(ring, caller, listener::accept).awaitInFlight(ring, 1);
        interrupted.interrupt();
        assertThrows(InterruptedIOException.class, interrupted::result);
        var accepted = BlockedCall.start(ring, caller, listener::accept).awaitInFlight(ring, 1);
        caller.run(ring, () -> exchange(ring, listener, accepted));
        var closed = BlockedCall.start(ring, caller, listener::accept).awaitInFlight(ring, 1);
        listener.close();
        assertThrows(AsynchronousCloseException.class, closed::result);
        last = BlockedCall.start(ring, caller, forgotten::accept).awaitInFlight(ring, 1);
        ring.close();
        assertThrows(AsynchronousCloseException.class, last::result);
      }
    }
  }

  private void writeAndRead(Ring ring) throws IOException {
    try (RingFile file =
        RingFile.open(
            ring,
            directory.resolve("file"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      assertEquals(4, file.write(ByteBuffer.wrap("some".getBytes()), 0));
      ring.batch().fsync(file).nop().run();
      ByteBuffer read = ByteBuffer.allocate(4);
      assertEquals(4, file.read(read, 0));
      assertEquals("some", new String(read.array()));
    }
  }

  private static void exchange(Ring ring, RingListener listener, BlockedCall<RingSocket> accepted)
      throws Exception {
    try (RingSocket client = RingSocket.connect(ring, (InetSocketAddress) listener.localAddress());
        RingSocket server = accepted.result()) {
      client.write(ByteBuffer.wrap("hi".getBytes()));
      ByteBuffer read = ByteBuffer.allocate(2);
      server.readFully(read);
      assertEquals("hi", new String(read.array()));
    }
  }

  // ---- the kernel's polling thread -----------------------------------------------------------

  /** Who only names a processor, and does not say that the thread is bound, binds nothing. */
  @Test
  void kernelPolling_threadIsBound() throws Exception {
    awaitNone("iou-sqp");
    int cpu = lastCpu();
    try (Ring ring = Ring.open(DEFAULTS.withKernelPolling(SHORT, cpu))) {
      ring.nop();
      assertEquals(
          List.of(String.valueOf(cpu)), tasks("iou-sqp").stream().map(Task::cpus).toList());
    }
    awaitNone("iou-sqp");
    try (Ring ring = Ring.open(DEFAULTS.withKernelPolling(SHORT))) {
      ring.nop();
      assertEquals(
          field(Files.readAllLines(Path.of("/proc/self/status")), "Cpus_allowed_list:"),
          tasks("iou-sqp").getFirst().cpus);
    }
  }

  @Test
  void kernelPolling_processorThatDoesNotExist() {
    var e = assertUnavailable(DEFAULTS.withKernelPolling(SHORT, 1_000_000));
    assertTrue(e.getMessage().contains("flags or sizes"), e.getMessage());
  }

  @Test
  void kernelPolling_idleTimeAndProcessorArePassed() {
    try (FaultKernel kernel = new FaultKernel()) {
      kernel.failOpen(_ -> Errno.EINVAL);
      RingOptions options = DEFAULTS.withKernelPolling(Duration.ofMillis(1234), 7);
      assertThrows(RingUnavailableException.class, () -> Ring.open(options, kernel));
      assertEquals(2, kernel.openAttempts().size(), "with NO_SQARRAY and without");
      for (RingParams asked : kernel.openAttempts()) {
        assertEquals(1234, asked.sqThreadIdleMillis());
        assertEquals(7, asked.sqThreadCpu());
        int both = IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF;
        assertEquals(both, asked.flags() & (both | IORING_SETUP_ATTACH_WQ));
      }
    }
  }

  /** The kernel's thread sleeps in between, so that it has to be woken. */
  @Liburing("sqpoll-sleep")
  @Test
  void kernelPolling_sleepingThreadIsWoken() throws Exception {
    awaitNone("iou-sqp");
    try (Ring ring = Ring.open(DEFAULTS.withKernelPolling(SHORT).withEntries(4))) {
      for (int i = 0; i < 300; i++) {
        ring.nop();
        LockSupport.parkNanos(i * 10_000L);
      }
      assertEquals(300, ring.metrics().completed());
      Await.until("it sleeps", () -> tasks("iou-sqp").getFirst().state == 'S');
      ring.nop();
    }
  }

  @Test
  void kernelPolling_oneThreadForAGroup_untilTheLastIsClosed() throws Exception {
    awaitNone("iou-sqp");
    try (RingGroup group = RingGroup.open(3, DEFAULTS.withKernelPolling(SHORT))) {
      for (Ring ring : group.rings()) {
        ring.nop();
      }
      assertEquals(1, tasks("iou-sqp").size());
      group.rings().getFirst().close();
      for (int i = 0; i < 100; i++) {
        group.rings().get(1).nop();
        group.rings().get(2).nop();
      }
      assertEquals(1, tasks("iou-sqp").size());
    }
    awaitNone("iou-sqp");
  }

  // ---- workers -------------------------------------------------------------------------------

  @Test
  void workerCpus_workersAreBound() throws Exception {
    int cpu = lastCpu();
    Path path = directory.resolve("synced");
    Set<String> before = new HashSet<>();
    tasks("iou-wrk").forEach(task -> before.add(task.number));
    try (Ring ring = Ring.open(DEFAULTS.withWorkerCpus(cpu));
        RingFile file =
            RingFile.open(ring, path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.fsync(); // always done by a worker, which then stays for a while
      List<Task> workers = new ArrayList<>(tasks("iou-wrk"));
      workers.removeIf(worker -> before.contains(worker.number));
      assertFalse(workers.isEmpty());
      for (Task worker : workers) {
        assertEquals(String.valueOf(cpu), worker.cpus);
      }
    }
  }

  /** Within the kernel's set of processors and beyond it. */
  @ParameterizedTest
  @ValueSource(ints = {63, 8191})
  void workerCpus_thatDoNotExist(int cpu) {
    var e = assertUnavailable(DEFAULTS.withWorkerCpus(0, cpu));
    assertTrue(e.getMessage().contains("IORING_REGISTER_IOWQ_AFF"), e.getMessage());
  }

  // ---- what the kernel may lack --------------------------------------------------------------

  static Stream<Arguments> registrations() {
    return Stream.of(
        Arguments.of(IORING_REGISTER_IOWQ_AFF, DEFAULTS.withWorkerCpus(0), "IOWQ_AFF"),
        Arguments.of(IORING_REGISTER_IOWQ_MAX_WORKERS, DEFAULTS, "IOWQ_MAX_WORKERS"),
        Arguments.of(IORING_REGISTER_NAPI, DEFAULTS.withNapi(SHORT, false), "IORING_REGISTER_NAPI"),
        Arguments.of(
            IORING_REGISTER_RESTRICTIONS,
            DEFAULTS.withRestriction(RingRestriction.FILES),
            "IORING_REGISTER_RESTRICTIONS"),
        Arguments.of(
            IORING_REGISTER_PROBE,
            DEFAULTS.withRestriction(RingRestriction.FILES),
            "IORING_REGISTER_PROBE"));
  }

  @ParameterizedTest
  @MethodSource("registrations")
  void registration_refused(int opcode, RingOptions options, String named) {
    try (FaultKernel kernel = new FaultKernel()) {
      kernel.failRegister(opcode, Errno.EINVAL);
      var e =
          assertThrows(RingUnavailableException.class, () -> Ring.open(options, kernel).close());
      assertTrue(e.getMessage().contains(named), e.getMessage());
      assertEquals(0, kernel.openRings());
    }
  }

  /** Only a lookup is lost. */
  @Test
  void ownRing_refused() throws Exception {
    try (FaultKernel kernel = new FaultKernel()) {
      kernel.failRegister(IORING_REGISTER_RING_FDS, Errno.EINVAL);
      try (Ring ring = Ring.open(DEFAULTS, kernel)) {
        writeAndRead(ring);
      }
      assertEquals(0, kernel.registered(IORING_UNREGISTER_RING_FDS));
    }
  }

  @Test
  void ownRing_isTakenOutAgain() throws Exception {
    try (FaultKernel kernel = new FaultKernel()) {
      try (Ring ring = Ring.open(DEFAULTS, kernel)) {
        writeAndRead(ring);
        assertEquals(1, kernel.registered(IORING_REGISTER_RING_FDS));
      }
      assertEquals(1, kernel.registered(IORING_UNREGISTER_RING_FDS));
    }
  }

  // ---- NAPI ----------------------------------------------------------------------------------

  /** To give it up tells what it was: {@code struct io_uring_napi}. */
  @Test
  void napi_isRegistered() throws Exception {
    try (Ring ring = Ring.open(DEFAULTS.withNapi(Duration.ofNanos(1_234_000), true))) {
      Engine engine = EngineAccess.of(ring);
      MemorySegment answer = Arena.ofAuto().allocate(16, 8);
      assertEquals(0, engine.register(IORING_UNREGISTER_NAPI, answer, 1));
      assertEquals(1234, answer.get(ValueLayout.JAVA_INT, 0));
      assertEquals(1, answer.get(ValueLayout.JAVA_BYTE, 4));
    }
  }

  // ---- waiting for several -------------------------------------------------------------------

  @Liburing({"min-timeout-wait", "reg-wait"})
  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void minimumWait_completionsComeTogether(boolean both, boolean registered) throws Exception {
    FaultKernel kernel = new FaultKernel();
    if (!registered) {
      kernel.failRegister(IORING_REGISTER_MEM_REGION, Errno.EINVAL); // Linux 6.12
    }
    Duration time = Duration.ofMillis(100);
    Path one = directory.resolve("one");
    Path two = directory.resolve("two");
    Fifo.make(one, two);
    RingOptions options = DEFAULTS.withMinimumWait(time, 2).withInlineAttempts(false);
    try (kernel;
        Ring ring = Ring.open(options, kernel);
        FileChannel first =
            FileChannel.open(one, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileChannel second =
            FileChannel.open(two, StandardOpenOption.READ, StandardOpenOption.WRITE);
        RingFile readFirst = RingFile.open(ring, one);
        RingFile readSecond = RingFile.open(ring, two)) {
      var waitsFirst = BlockedCall.start(ring, () -> readOne(readFirst));
      var waitsSecond = BlockedCall.start(ring, () -> readOne(readSecond));
      waitsSecond.awaitInFlight(ring, 2);
      long start = System.nanoTime();
      first.write(ByteBuffer.allocate(1));
      if (both) {
        second.write(ByteBuffer.allocate(1));
      }
      assertEquals(1, waitsFirst.result());
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      if (!both) {
        assertTrue(took.compareTo(time.dividedBy(2)) > 0, "it waited for the other: " + took);
        second.write(ByteBuffer.allocate(1));
      }
      assertEquals(1, waitsSecond.result());
    }
    boolean found = kernel.registered(IORING_REGISTER_MEM_REGION) == 1;
    if (!registered) {
      assertFalse(found);
    } else if (Ring.availability().registerOpcodes().contains("REGISTER_MEM_REGION")) {
      assertTrue(found);
    }
    assertTrue((kernel.enterFlags() & IORING_ENTER_EXT_ARG) != 0);
    assertEquals(found, (kernel.enterFlags() & IORING_ENTER_EXT_ARG_REG) != 0);
  }

  @Test
  void minimumWait_olderKernel() {
    try (FaultKernel kernel = new FaultKernel()) {
      kernel.hideFeatures(IORING_FEAT_MIN_TIMEOUT);
      var e =
          assertThrows(
              RingUnavailableException.class,
              () -> Ring.open(DEFAULTS.withMinimumWait(SHORT, 2), kernel).close());
      requireVersion("IORING_FEAT_MIN_TIMEOUT", "6.12", e);
      assertEquals(0, kernel.openRings());
    }
  }

  /** What a newer kernel would have is not said to be there since the oldest. */
  private static void requireVersion(String what, String version, RingUnavailableException e) {
    assertTrue(e.reason().contains(what + " failed"), e::getMessage);
    assertTrue(e.remedy().startsWith("Use Linux %s or newer".formatted(version)), e::getMessage);
  }

  @Test
  void napi_olderKernel() {
    try (FaultKernel kernel = new FaultKernel()) {
      kernel.failRegister(IORING_REGISTER_NAPI, Errno.EINVAL);
      requireVersion(
          "IORING_REGISTER_NAPI",
          "6.9",
          assertThrows(
              RingUnavailableException.class,
              () -> Ring.open(DEFAULTS.withNapi(SHORT, true), kernel).close()));
      assertEquals(0, kernel.openRings());
    }
  }

  @Test
  void setup_olderKernel() {
    try (FaultKernel kernel = new FaultKernel()) {
      kernel.failOpen(
          params -> (params.flags() & IORING_SETUP_HYBRID_IOPOLL) != 0 ? Errno.EINVAL : 0);
      requireVersion(
          "io_uring_setup",
          "6.13",
          assertThrows(
              RingUnavailableException.class,
              () -> Ring.open(DEFAULTS.withDevicePolling(true), kernel).close()));
    }
  }

  @Test
  void restriction_refused() {
    try (FaultKernel kernel = new FaultKernel()) {
      kernel.failRegister(IORING_REGISTER_RESTRICTIONS, Errno.EINVAL);
      requireVersion(
          "IORING_REGISTER_RESTRICTIONS",
          "6.1",
          assertThrows(
              RingUnavailableException.class,
              () -> Ring.open(DEFAULTS.withRestriction(RingRestriction.FILES), kernel).close()));
      assertEquals(0, kernel.openRings());
    }
  }

  private static int readOne(RingFile file) throws IOException {
    return file.read(ByteBuffer.allocate(1), 0);
  }

  // ---- restrictions --------------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void restriction_files(Caller caller) throws Exception {
    try (Ring ring = Ring.open(DEFAULTS.withRestriction(RingRestriction.FILES))) {
      caller.run(
          ring,
          () -> {
            writeAndRead(ring);
            try (RingDirectory inside = RingDirectory.open(ring, directory)) {
              inside.mkdir(Path.of("made"));
              inside.rename(Path.of("made"), inside, Path.of("moved"));
              inside.rmdir(Path.of("moved"));
            }
            var e = assertThrows(OperationException.class, () -> listen(ring).close());
            assertEquals(Errno.EACCES, e.errno());
            assertTrue(e.getMessage().contains("restricted to files"), e.getMessage());
            assertTrue(e.getMessage().contains("socket failed"), e.getMessage());
          });
    }
  }

  private static RingListener listen(Ring ring) throws IOException {
    return RingListener.bind(ring, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  @ParameterizedTest
  @EachCaller
  void restriction_sockets(Caller caller) throws Exception {
    Path path = Files.writeString(directory.resolve("secret"), "secret");
    try (Ring ring = Ring.open(DEFAULTS.withRestriction(RingRestriction.SOCKETS));
        Ring other = Ring.open();
        RingFile open = RingFile.open(other, path, StandardOpenOption.WRITE)) {
      try (RingListener listener = listen(ring)) {
        var accepted = BlockedCall.start(ring, caller, listener::accept).awaitInFlight(ring, 1);
        exchange(ring, listener, accepted);
      }
      caller.run(
          ring,
          () -> {
            var e = assertThrows(IOException.class, () -> RingFile.open(ring, path).close());
            assertTrue(e.getMessage().contains("restricted to sockets"), e.getMessage());
          });
      MemorySegment memory = Arena.ofAuto().allocate(1);
      Outcomes batch = ring.batch().write(open, memory, 0).nop().attempt();
      assertEquals(Errno.EACCES, batch.get(0).failure().orElseThrow().errno());
      assertTrue(batch.get(1).succeeded());
      assertEquals("secret", Files.readString(path));
    }
  }

  /** What is allowed and fails with the same error is told as ever. */
  @Test
  void restriction_otherRefusals() throws Exception {
    RingRestriction own = RingRestriction.to("my own", "OPENAT");
    Path path = Files.writeString(directory.resolve("file"), "x");
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = Ring.open(DEFAULTS.withRestriction(own), kernel)) {
      kernel.add(FaultRule.on(IORING_OP_OPENAT).fail(Errno.EACCES));
      var e = assertThrows(IOException.class, () -> RingFile.open(ring, path).close());
      assertFalse(String.valueOf(e.getMessage()).contains("my own"), e.getMessage());
    }
  }

  // ---- devices -------------------------------------------------------------------------------

  private RingFile direct(Ring ring) throws IOException {
    Path path = directory.resolve("direct");
    Files.write(path, new byte[8192]);
    return RingFile.open(
        ring, path, StandardOpenOption.READ, StandardOpenOption.WRITE, RingOpenOption.DIRECT);
  }

  /** This machine's device cannot be polled, or can: either is right, and neither hangs. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void devicePolling_asTheDeviceHasIt(boolean hybrid) throws Exception {
    try (Ring ring = Ring.open(DEFAULTS.withDevicePolling(hybrid));
        Ring other = Ring.open();
        RingFile file = direct(other)) {
      for (Caller caller : Caller.values()) {
        caller.run(ring, ring::nop);
      }
      MemorySegment page = file.allocateBuffer(Arena.ofAuto(), 4096);
      Outcomes read = ring.batch().read(file, page, 0).read(file, page, 4096).attempt();
      for (int i = 0; i < 2; i++) {
        if (!read.get(i).succeeded()) {
          assertEquals(Errno.EOPNOTSUPP, read.get(i).failure().orElseThrow().errno());
        }
      }
      if (!read.succeeded() && ring.carriesVirtualThreads()) {
        Caller.CARRIED.run(
            ring,
            () -> {
              var e = assertThrows(OperationException.class, () -> file.read(page, 0));
              assertTrue(e.getMessage().contains("cannot be polled"), e.getMessage());
            });
      }
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  @ParameterizedTest
  @EachCaller
  void devicePolling_nothingElseIsSubmitted(Caller caller) throws Exception {
    Path path = Files.writeString(directory.resolve("buffered"), "x");
    try (Ring ring = Ring.open(DEFAULTS.withDevicePolling(false));
        Ring other = Ring.open();
        RingFile buffered = RingFile.open(other, path)) {
      long before = ring.metrics().submitted();
      caller.run(
          ring,
          () -> {
            MemorySegment memory = Arena.ofAuto().allocate(1);
            var e =
                assertThrows(
                    IllegalStateException.class,
                    () -> ring.batch().read(buffered, memory, 0).attempt());
            assertTrue(e.getMessage().endsWith("no IORING_OP_READ"), e.getMessage());
            assertThrows(IllegalStateException.class, () -> RingFile.open(ring, path));
            assertThrows(
                IllegalStateException.class,
                () -> RingSocket.open(ring, StandardProtocolFamily.INET));
            assertThrows(
                IllegalStateException.class, () -> ring.chain().nop().fsync(buffered).attempt());
          });
      assertEquals(before, ring.metrics().submitted());
    }
  }
}
