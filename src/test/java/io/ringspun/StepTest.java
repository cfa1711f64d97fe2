package io.ringspun;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.FileSteps;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.raw.RawOperation;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.Fifo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Steps are values, and their modifiers. */
class StepTest {
  private static final Duration LONG = Duration.ofHours(1);

  @TempDir private Path directory;

  private final FaultKernel kernel = new FaultKernel();
  private final MemorySegment memory = Arena.ofAuto().allocate(10);
  private Ring ring;
  private RingFile file; // of ten bytes

  @BeforeEach
  void open() throws IOException {
    ring = FaultyRing.open(kernel);
    file =
        RingFile.open(
            ring,
            Files.writeString(directory.resolve("file"), "0123456789"),
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
  }

  @AfterEach
  void close() throws IOException {
    file.close();
    ring.close();
    kernel.close();
    assertEquals(0, ring.metrics().inFlight());
  }

  // ---- values --------------------------------------------------------------------------------

  @Test
  void step_inSeveralChainsAndBatches() throws Exception {
    Step read = Step.read(file, memory, 0);
    assertEquals(10, ring.chain().add(read).add(read).run().get(1).result());
    assertEquals(10, ring.batch().add(read).nop().run().get(read).result());
    assertEquals(10, ring.run(read).result());
    try (Ring other = Ring.open()) {
      assertEquals(10, other.chain().add(read).run().get(read).result());
    }
  }

  /** Threads of all kinds run the same step at the same time. */
  @Test
  void step_fromSeveralThreads() throws Exception {
    Step read = Step.read(file, memory, 0);
    Step sync = Step.fdatasync(file).within(LONG);
    Step make = FileSteps.stat(directory, Arena.ofAuto().allocate(256, 8));
    List<Caller.Begun<Void>> all = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      all.add(
          Caller.values()[i % 3].begin(
              ring,
              () -> {
                for (int round = 0; round < 50; round++) {
                  ring.chain().add(read).add(sync).add(make).run();
                }
                return null;
              }));
    }
    for (Caller.Begun<Void> each : all) {
      each.result();
    }
    assertEquals('9', memory.get(ValueLayout.JAVA_BYTE, 9));
  }

  /** What is set after the step was made does not change it. */
  @Test
  void rawOperation_changedLater() throws Exception {
    RawOperation raw =
        RawOperation.of(IORING_OP_READ)
            .on(file)
            .address(memory, RawOperation.Access.WRITES)
            .length(4);
    Step four = raw.toStep();
    Step seven = raw.length(7).offset(1).toStep();
    raw.on(-1).length(0);
    Outcomes outcomes = ring.chain().add(four).add(seven).run();
    assertEquals(4, outcomes.get(four).result());
    assertEquals(7, outcomes.get(seven).result());
    assertEquals('1', memory.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  void rawOperation_limitGoesAlong() throws Exception {
    try (Fifo fifo = Fifo.open(ring, directory)) {
      Step poll =
          RawOperation.of(IORING_OP_POLL_ADD)
              .on(fifo.file())
              .operationFlags(POLLIN)
              .within(Duration.ofMillis(20))
              .toStep();
      assertTrue(ring.chain().add(poll).attempt().get(poll).timedOut());
      assertThrows(IllegalArgumentException.class, () -> ring.batch().add(poll));
    }
  }

  @Test
  void names() {
    assertEquals("Step[nop]", Step.nop().toString());
    assertEquals("read", Step.read(file, memory, 0).operation());
    assertEquals("fdatasync", Step.fdatasync(file).operation());
    assertEquals("Step[fsync of %s]".formatted(file), Step.fsync(file).toString());
    assertEquals("recv", Step.receive(file, memory).operation());
    assertEquals("mkdirat", FileSteps.mkdir(directory).operation());
    assertEquals("opcode_254", RawOperation.of(254).toStep().operation());
  }

  // ---- modifiers -----------------------------------------------------------------------------

  /** A modifier makes a new step; the one that it was called on stays as it was. */
  @Test
  void modifiers_leaveTheStepAsItWas() throws Exception {
    Step nop = Step.nop();
    Step modified = nop.within(LONG).evenIfPreviousFailed().onKernelWorker();
    Step drain = nop.afterEverythingElse();
    kernel.forget();
    ring.batch().add(nop).run();
    ring.chain().add(drain).add(modified).add(nop).run();
    List<String> seen =
        kernel.submitted().stream()
            .filter(request -> !request.isInternal())
            .map(request -> request.opcode() + " " + request.flags())
            .toList();
    assertEquals(
        List.of(
            "0 0",
            "0 " + IOSQE_IO_HARDLINK,
            "0 " + (IOSQE_IO_LINK | IOSQE_ASYNC),
            IORING_OP_LINK_TIMEOUT + " " + IOSQE_IO_LINK,
            "0 0"),
        seen);
  }

  @Test
  void modifiers_inABatch() throws Exception {
    Batch batch = ring.batch().nop();
    for (Step step :
        List.of(
            Step.nop().within(LONG),
            Step.nop().evenIfPreviousFailed(),
            Step.nop().afterEverythingElse(),
            FileSteps.mkdir(directory).onKernelWorker().within(LONG))) {
      assertThrows(IllegalArgumentException.class, () -> batch.add(step));
    }
    assertEquals(2, batch.add(Step.nop().onKernelWorker()).run().size(), "no other was added");
  }

  @Test
  void modifiers_inTheWrongPlaceOfAChain() throws Exception {
    Step even = Step.nop().evenIfPreviousFailed();
    Step after = Step.nop().afterEverythingElse();
    assertThrows(IllegalArgumentException.class, () -> ring.chain().add(even));
    assertThrows(IllegalArgumentException.class, () -> ring.run(even));
    Chain chain = ring.chain().nop();
    assertThrows(IllegalArgumentException.class, () -> chain.add(after));
    assertEquals(2, chain.add(even).run().size(), "no other was added");
    assertEquals(0, ring.run(after).result());
  }

  @Test
  void within_notPositive() {
    assertThrows(IllegalArgumentException.class, () -> Step.nop().within(Duration.ZERO));
    assertThrows(NullPointerException.class, () -> Step.nop().within(null));
    assertThrows(
        IllegalArgumentException.class,
        () -> RawOperation.of(IORING_OP_NOP).within(Duration.ofNanos(-1)));
  }

  // ---- running and adding --------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void run_oneStep(Caller caller) throws Exception {
    Step make = FileSteps.mkdir(directory.resolve("new-" + caller));
    caller.run(
        ring,
        () -> {
          assertTrue(ring.run(make).succeeded());
          var e = assertThrows(TransactionException.class, () -> ring.run(make));
          assertEquals(Errno.EEXIST, e.errno());
          assertEquals("mkdirat", e.operation());
          assertThrows(TransactionException.class, () -> ring.run(Step.read(file, memory, 1)));
        });
  }

  /** One batch reads the start of many files. */
  @ParameterizedTest
  @EachCaller
  void addAll_manyFiles(Caller caller) throws Exception {
    List<RingFile> files = new ArrayList<>();
    List<Step> reads = new ArrayList<>();
    MemorySegment all = Arena.ofAuto().allocate(100);
    for (int i = 0; i < 100; i++) {
      Path path = Files.write(directory.resolve("f" + i), new byte[] {(byte) i});
      files.add(RingFile.open(ring, path));
      reads.add(Step.read(files.getLast(), all.asSlice(i, 1), 0));
    }
    Outcomes outcomes = caller.call(ring, () -> ring.batch().addAll(reads).run());
    for (int i = 0; i < 100; i++) {
      assertEquals(1, outcomes.get(reads.get(i)).result());
      assertEquals((byte) i, all.get(ValueLayout.JAVA_BYTE, i));
    }
    for (RingFile each : files) {
      each.close();
    }
  }

  @Test
  void addAll_refusesOne() throws Exception {
    Step wrong = Step.nop().within(LONG);
    Batch batch = ring.batch();
    assertThrows(
        IllegalArgumentException.class, () -> batch.addAll(List.of(Step.nop(), wrong, Step.nop())));
    assertEquals(1, batch.run().size());
    assertThrows(IllegalStateException.class, () -> batch.addAll(List.of(Step.nop())));
    assertFalse(ring.batch().addAll(List.of(Step.nop())).run().timedOut());
  }
}
