package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.ring.EngineConfig;
import io.ringspun.raw.RingRestriction;
import io.ringspun.raw.SetupFlag;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.Liburing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RingOptionsTest {
  private static final RingOptions DEFAULTS = RingOptions.defaults();

  @TempDir static Path directory;

  private static void assertRefused(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  // ---- refusals ------------------------------------------------------------------------------

  @Test
  void sizes_outOfRange() {
    assertRefused("entries must be from 1 to 32,768: 0", () -> DEFAULTS.withEntries(0));
    assertRefused("entries must be from 1 to 32,768: 32,769", () -> DEFAULTS.withEntries(32_769));
    assertRefused(
        "completion entries must be from 4 to 65,536: 3", () -> DEFAULTS.withCompletionEntries(3));
    assertRefused(
        "completion entries must be from 4 to 65,536: 65,537",
        () -> DEFAULTS.withCompletionEntries(65_537));
    assertRefused("the in-flight limit must be at least 1: 0", () -> DEFAULTS.withInFlightLimit(0));
  }

  @Test
  void workers_negative() {
    assertRefused("bounded workers must not be negative: -1", () -> DEFAULTS.withWorkers(-1, 1));
    assertRefused("unbounded workers must not be negative: -2", () -> DEFAULTS.withWorkers(1, -2));
  }

  @Test
  void registeredFiles_outOfRange() {
    String message = "registered files must be from 0 to 1,048,576: ";
    assertRefused(message + "-1", () -> DEFAULTS.withRegisteredFiles(-1));
    assertRefused(message + "1,048,577", () -> DEFAULTS.withRegisteredFiles((1 << 20) + 1));
  }

  @Test
  void threadName_empty() {
    assertRefused("the name is empty", () -> DEFAULTS.withThreadName(""));
  }

  @Test
  void kernelPolling_nonsense() {
    assertRefused(
        "processor must not be negative: -1",
        () -> DEFAULTS.withKernelPolling(Duration.ofMillis(1), -1));
    for (Duration idle :
        List.of(
            Duration.ZERO,
            Duration.ofSeconds(-1),
            Duration.ofNanos(999_999),
            Duration.ofMillis(Integer.MAX_VALUE + 1L),
            Duration.ofSeconds(Long.MAX_VALUE))) {
      assertRefused(
          "idle time must be from a millisecond to PT596H31M23.647S: " + idle,
          () -> DEFAULTS.withKernelPolling(idle));
    }
    assertEquals(
        Integer.MAX_VALUE,
        DEFAULTS
            .withKernelPolling(Duration.ofMillis(Integer.MAX_VALUE))
            .config()
            .setup()
            .kernelPolling()
            .idleMillis());
  }

  @Test
  void modes_excludeEachOther_inEitherOrder() {
    RingOptions kernel = DEFAULTS.withKernelPolling(Duration.ofMillis(1));
    RingOptions device = DEFAULTS.withDevicePolling(true);
    RingOptions napi = DEFAULTS.withNapi(Duration.ofNanos(1000), true);
    String polling = "kernel polling and device polling exclude each other";
    assertRefused(polling, () -> kernel.withDevicePolling(false));
    assertRefused(polling, () -> device.withKernelPolling(Duration.ofMillis(1)));
    String kinds = "NAPI is for sockets, device polling for files";
    assertRefused(kinds, () -> napi.withDevicePolling(false));
    assertRefused(kinds, () -> device.withNapi(Duration.ofNanos(1000), false));
    String deferred = "kernel polling excludes DEFER_TASKRUN and COOP_TASKRUN: ";
    assertRefused(
        deferred + "[SINGLE_ISSUER, DEFER_TASKRUN]",
        () -> kernel.withFlags(SetupFlag.SINGLE_ISSUER, SetupFlag.DEFER_TASKRUN));
    assertRefused(
        deferred + "[COOP_TASKRUN]",
        () -> DEFAULTS.withFlags(SetupFlag.COOP_TASKRUN).withKernelPolling(Duration.ofSeconds(1)));
  }

  @Test
  void times_outOfRange() {
    for (Duration time :
        List.of(Duration.ofNanos(999), Duration.ZERO, Duration.ofNanos(1_000_000_001))) {
      assertRefused(
          "busy polling must take from a microsecond to a second: " + time,
          () -> DEFAULTS.withNapi(time, false));
      assertRefused(
          "the wait must take from a microsecond to a second: " + time,
          () -> DEFAULTS.withMinimumWait(time, 2));
    }
    assertRefused(
        "there must be at least 2 completions: 1",
        () -> DEFAULTS.withMinimumWait(Duration.ofMillis(1), 1));
  }

  @Test
  void workerCpus_outOfRange() {
    assertRefused("processors must be from 0 to 8,191: -1", () -> DEFAULTS.withWorkerCpus(-1));
    assertRefused(
        "processors must be from 0 to 8,191: 8,192", () -> DEFAULTS.withWorkerCpus(0, 8192));
  }

  @Test
  void restriction_ofSomethingUnknown() {
    assertRefused("there is no IORING_OP_FLY", () -> RingRestriction.to("birds", "READ", "FLY"));
  }

  @Test
  void nulls() {
    assertThrows(NullPointerException.class, () -> DEFAULTS.withThreadName(null));
    assertThrows(NullPointerException.class, () -> DEFAULTS.withKernelPolling(null));
    assertThrows(NullPointerException.class, () -> DEFAULTS.withFlags(null));
    assertThrows(NullPointerException.class, () -> DEFAULTS.withRestriction(null));
    assertThrows(NullPointerException.class, () -> Ring.open(null));
  }

  @ParameterizedTest
  @CsvSource({
    "DEFER_TASKRUN needs SINGLE_ISSUER, DEFER_TASKRUN",
    "TASKRUN_FLAG needs DEFER_TASKRUN, TASKRUN_FLAG",
    "TASKRUN_FLAG needs DEFER_TASKRUN, TASKRUN_FLAG SINGLE_ISSUER",
  })
  void flags_contradictory(String message, String flags) {
    SetupFlag[] chosen =
        Stream.of(flags.split(" ")).map(SetupFlag::valueOf).toArray(SetupFlag[]::new);
    SetupFlag[] more = Arrays.copyOfRange(chosen, 1, chosen.length);
    assertRefused(message, () -> DEFAULTS.withFlags(chosen[0], more));
  }

  @Test
  void with_copies() {
    RingOptions changed = DEFAULTS.withEntries(8).withThreadName("copied").withInFlightLimit(3);
    assertNotSame(DEFAULTS, changed);
    assertEquals(256, DEFAULTS.config().queues().entries());
    assertEquals("", DEFAULTS.config().name());
    RingOptions again =
        changed
            .withWorkers(1, 2)
            .withWorkerCpus(3)
            .withCompletionEntries(64)
            .withKernelPolling(Duration.ofSeconds(2), 1)
            .withNapi(Duration.ofMillis(5), true)
            .withMinimumWait(Duration.ofMillis(7), 9)
            .withRestriction(RingRestriction.FILES)
            .withRegisteredFiles(9);
    EngineConfig config = again.config();
    assertEquals(8, config.queues().entries());
    assertEquals("copied", config.name());
    assertEquals(3, config.queues().inFlightLimit());
    assertEquals(3, config.registrations().size());
    assertEquals(0, DEFAULTS.withWorkers(0, 0).config().registrations().size());
    assertEquals(7000, config.waiting().minimum().micros());
    assertEquals(9, config.waiting().minimum().completions());
    assertEquals("files", config.restriction().name());
    assertEquals(2000, config.setup().kernelPolling().idleMillis());
    assertEquals(64, config.queues().completionEntries());
    assertEquals(9, again.withEntries(4).config().registeredFiles());
    assertEquals(1, config.setup().kernelPolling().cpu());
  }

  // ---- what the kernel makes of them ---------------------------------------------------------

  private static void assertWorks(Ring ring) throws Exception {
    Path path = directory.resolve("file");
    Files.writeString(path, "bytes");
    List<BlockedCall<Void>> callers = new ArrayList<>();
    for (Caller caller : Caller.values()) {
      callers.add(
          BlockedCall.start(
              ring,
              caller,
              () -> {
                try (RingFile file = RingFile.open(ring, path)) {
                  for (int i = 0; i < 50; i++) {
                    ring.nop();
                    MemorySegment memory = Arena.ofAuto().allocate(5);
                    assertEquals(5, file.read(memory, 0));
                    assertEquals('b', memory.get(ValueLayout.JAVA_BYTE, 0));
                    ring.chain().nop().nop().run();
                  }
                }
                return null;
              }));
    }
    for (BlockedCall<Void> caller : callers) {
      caller.result();
    }
    assertEquals(0, ring.metrics().inFlight());
  }

  static Stream<Set<SetupFlag>> legalFlags() {
    SetupFlag[] all = SetupFlag.values();
    List<Set<SetupFlag>> legal = new ArrayList<>();
    for (int bits = 1; bits < 1 << all.length; bits++) {
      Set<SetupFlag> chosen = EnumSet.noneOf(SetupFlag.class);
      for (int i = 0; i < all.length; i++) {
        if ((bits & 1 << i) != 0) {
          chosen.add(all[i]);
        }
      }
      if (with(chosen) != null) {
        legal.add(chosen);
      }
    }
    return legal.stream();
  }

  private static RingOptions with(Set<SetupFlag> flags) {
    SetupFlag[] chosen = flags.toArray(new SetupFlag[0]);
    try {
      return DEFAULTS.withFlags(chosen[0], Arrays.copyOfRange(chosen, 1, chosen.length));
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /** What the options do not refuse, the kernel must not refuse either. */
  @Liburing("io_uring_setup")
  @ParameterizedTest
  @MethodSource("legalFlags")
  void flags_everyLegalCombinationOpens(Set<SetupFlag> flags) throws Exception {
    RingOptions options = with(flags).withInlineAttempts(false);
    try (Ring ring = Ring.open(options)) {
      assertWorks(ring);
    }
    if (Collections.disjoint(
        flags,
        EnumSet.of(SetupFlag.DEFER_TASKRUN, SetupFlag.COOP_TASKRUN, SetupFlag.TASKRUN_FLAG))) {
      try (Ring ring = Ring.open(options.withKernelPolling(Duration.ofMillis(1)))) {
        assertWorks(ring);
      }
    }
  }

  @Liburing("cq-size")
  @ParameterizedTest
  @ValueSource(ints = {4, 5, 16, 65_536})
  void completionEntries_everySizeWorks(int entries) throws Exception {
    try (Ring ring = Ring.open(DEFAULTS.withEntries(4).withCompletionEntries(entries))) {
      assertWorks(ring);
    }
  }

  @Test
  void completionEntries_belowTheSubmissionEntries_areRaised() throws Exception {
    try (Ring ring = Ring.open(DEFAULTS.withEntries(64).withCompletionEntries(4))) {
      assertWorks(ring);
    }
  }

  @Test
  void inFlightLimit_aboveTheCompletionQueue_isLowered() throws Exception {
    try (Ring ring = Ring.open(DEFAULTS.withEntries(8).withInFlightLimit(Integer.MAX_VALUE))) {
      assertWorks(ring);
      assertTrue(ring.batch().nop().attempt().succeeded());
    }
  }

  @Test
  void workers_everyNumberOpens() throws Exception {
    for (int workers : new int[] {0, 1, 1000}) {
      try (Ring ring = Ring.open(DEFAULTS.withWorkers(workers, workers))) {
        assertWorks(ring);
      }
    }
  }

  @Test
  void inlineAttempts_areCounted_orNot() throws Exception {
    Path path = Files.writeString(directory.resolve("inline"), "x");
    for (boolean enabled : new boolean[] {true, false}) {
      try (Ring ring = Ring.open(DEFAULTS.withInlineAttempts(enabled));
          RingFile file = RingFile.open(ring, path)) {
        MemorySegment memory = Arena.ofAuto().allocate(1);
        RingMetrics before = ring.metrics();
        assertEquals(enabled ? 1 : 0, before.inlineHits(), "the open");
        for (int i = 0; i < 10; i++) {
          assertEquals(1, file.read(memory, 0));
        }
        RingMetrics metrics = ring.metrics();
        assertEquals(
            enabled ? 10 : 0, metrics.inlineHits() - before.inlineHits() + metrics.inlineMisses());
      }
    }
  }
}
