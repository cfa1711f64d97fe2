package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.Fifo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the flight recorder and the counters tell of rings and of the threads that they carry. */
class RingEventsTest {
  private static final String SLOW = "io.ringspun.SlowOperation";
  private static final String STOLEN = "io.ringspun.ThreadsStolen";
  private static final String RESCUED = "io.ringspun.RingRescued";
  private static final String SPARE = "io.ringspun.SpareCarrierStarted";

  @TempDir static Path directory;

  private final AtomicInteger holding = new AtomicInteger();
  private volatile boolean released;

  @AfterEach
  void release() {
    released = true;
  }

  /** Returns the events of a type; others may be in the same file. */
  private static List<RecordedEvent> events(Recording recording, String type) throws IOException {
    Path path = Files.createTempFile(directory, "events", ".jfr");
    if (recording.getState() == RecordingState.RUNNING) {
      recording.stop();
    }
    recording.dump(path);
    return RecordingFile.readAllEvents(path).stream()
        .filter(event -> event.getEventType().getName().equals(type))
        .toList();
  }

  private static RingGroup open() throws IOException {
    return RingGroup.open(2, RingOptions.defaults());
  }

  private static <T> FutureTask<T> start(RingGroup group, Callable<T> body) {
    FutureTask<T> task = new FutureTask<>(body);
    group.startVirtualThread(task);
    return task;
  }

  private static String name(Ring ring) {
    return ring.toString().replace("Ring[", "").replace(", closed", "").replace("]", "");
  }

  private static Set<String> names(RingGroup group) {
    return group.rings().stream().map(RingEventsTest::name).collect(Collectors.toSet());
  }

  /** Occupies a ring's thread, until {@link #released}. */
  private void hold(Ring ring) {
    int before = holding.get();
    ring.startVirtualThread(
        () -> {
          holding.incrementAndGet();
          while (!released) {
            Thread.onSpinWait();
          }
        });
    Await.until("the ring is held", () -> holding.get() > before);
  }

  // ---- slow operations -----------------------------------------------------------------------

  @Test
  void slowOperation_isReported() throws Exception {
    try (Recording recording = new Recording()) {
      recording.enable(SLOW); // with the threshold that it has of its own
      recording.start();
      long before = System.nanoTime();
      Thread reading;
      String ringName;
      int descriptor;
      try (Ring ring = Ring.open();
          Fifo fifo = Fifo.open(ring, directory)) {
        ringName = name(ring);
        var reader = BlockedCall.start(ring, Caller.PLATFORM, fifo::read).awaitInFlight(ring, 1);
        reading = reader.thread();
        descriptor = ring.dump().getFirst().descriptor();
        Await.until(
            "it is slow", () -> ring.dump().getFirst().age().compareTo(Duration.ofMillis(100)) > 0);
        fifo.write(1);
        reader.result();
      }
      Duration most = Duration.ofNanos(System.nanoTime() - before);
      List<RecordedEvent> reads =
          events(recording, SLOW).stream()
              .filter(event -> event.getString("operation").equals("read"))
              .toList();
      assertEquals(1, reads.size(), reads::toString);
      RecordedEvent event = reads.getFirst();
      assertEquals(ringName, event.getString("ring"));
      assertEquals(descriptor, event.getInt("descriptor"));
      assertEquals(1, event.getInt("result"));
      assertEquals(reading.getName(), event.getString("thread"));
      assertTrue(event.getDuration().compareTo(Duration.ofMillis(100)) >= 0, event::toString);
      assertTrue(event.getDuration().compareTo(most) <= 0, event::toString);
    }
  }

  @Test
  void failedOperation_isReportedWithItsErrno() throws Exception {
    try (Recording recording = new Recording();
        Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      recording.enable(SLOW).withThreshold(Duration.ofMillis(1));
      recording.start();
      var reader = BlockedCall.start(ring, fifo::read).awaitInFlight(ring, 1);
      Await.until("it is slow", () -> ring.dump().getFirst().age().toMillis() > 100);
      reader.interrupt();
      Await.until("it has ended", reader::hasEnded);
      assertTrue(
          events(recording, SLOW).stream()
              .anyMatch(
                  event ->
                      event.getString("operation").equals("read") && event.getInt("result") < 0));
    }
  }

  @Test
  void operationBelowTheThreshold_isNotReported() throws Exception {
    try (Recording recording = new Recording();
        Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      recording.enable(SLOW).withThreshold(Duration.ofHours(1));
      recording.start();
      var reader = BlockedCall.start(ring, fifo::read).awaitInFlight(ring, 1);
      Await.until("it is slow", () -> ring.dump().getFirst().age().toMillis() > 100);
      fifo.write(1);
      reader.result();
      assertEquals(List.of(), events(recording, SLOW));
    }
  }

  // ---- groups --------------------------------------------------------------------------------

  @Test
  @Tag("carried")
  void stolenThreads_areCountedAndReported() throws Exception {
    int threads = 64;
    try (Recording recording = new Recording()) {
      recording.enable(STOLEN);
      recording.start();
      RingGroup group = open();
      Set<String> names = names(group);
      List<FutureTask<Void>> tasks = new ArrayList<>();
      FutureTask<Void> starter =
          new FutureTask<>(
              () -> {
                for (int i = 0; i < threads; i++) {
                  tasks.add(
                      start(
                          group,
                          () -> {
                            while (!released) {
                              Thread.yield();
                            }
                            return null;
                          }));
                }
                return null;
              });
      group.rings().getFirst().startVirtualThread(starter);
      starter.get();
      Await.until("some are stolen", () -> steals(group) > 0);
      Await.until("some are ready and wait for a ring", () -> ready(group) > 0);
      released = true;
      for (FutureTask<Void> task : tasks) {
        task.get();
      }
      group.close();
      assertEquals(0, ready(group));
      long reported = 0;
      for (RecordedEvent event : events(recording, STOLEN)) {
        if (names.contains(event.getString("to"))) {
          assertTrue(names.contains(event.getString("from")), event::toString);
          assertNotEquals(event.getString("from"), event.getString("to"));
          assertTrue(event.getInt("count") > 0, event::toString);
          reported += event.getInt("count");
        }
      }
      assertEquals(steals(group), reported);
    }
  }

  private static long steals(RingGroup group) {
    return group.rings().stream().mapToLong(ring -> ring.metrics().steals()).sum();
  }

  private static int ready(RingGroup group) {
    return group.rings().stream().mapToInt(ring -> ring.metrics().ready()).sum();
  }

  @Test
  @Tag("carried")
  void rescuedRing_isCountedAndReported() throws Exception {
    try (Recording recording = new Recording()) {
      recording.enable(RESCUED);
      recording.start();
      RingGroup group = open();
      Ring held;
      try (Fifo fifo = Fifo.open(group.rings().getFirst(), directory)) {
        AtomicReference<Ring> reading = new AtomicReference<>();
        FutureTask<Byte> reader =
            start(
                group,
                () -> {
                  reading.set(Ring.current().orElseThrow());
                  return fifo.read();
                });
        Await.until(
            "it reads", () -> reading.get() != null && reading.get().metrics().inFlight() > 0);
        held = reading.get();
        hold(held);
        fifo.write(1);
        assertEquals((byte) 1, reader.get());
        Ring rescued = held;
        Await.until("it is counted", () -> rescued.metrics().rescues() > 0);
        released = true;
      }
      group.close();
      String name = name(held);
      List<RecordedEvent> rescues =
          events(recording, RESCUED).stream()
              .filter(event -> event.getString("ring").equals(name))
              .toList();
      assertEquals(held.metrics().rescues(), rescues.size(), "one for each time that it was held");
      assertTrue(
          rescues.stream().anyMatch(event -> event.getLong("completed") > 0), rescues::toString);
      assertTrue(
          rescues.stream().anyMatch(event -> event.getDuration().isPositive()), rescues::toString);
    }
  }

  @Test
  @Tag("carried")
  void spareCarriers_areCountedAndReported() throws Exception {
    Await.until("those of other tests have ended", () -> RingGroup.spareCarriers() == 0);
    try (Recording recording = new Recording();
        RingGroup group = open()) {
      recording.enable(SPARE);
      recording.start();
      group.rings().forEach(this::hold);
      FutureTask<Integer> other = start(group, RingGroup::spareCarriers);
      int most = other.get();
      assertTrue(most > 0);
      released = true;
      Await.until("the spares have ended", () -> RingGroup.spareCarriers() == 0);
      Set<Integer> counts = new HashSet<>();
      List<RecordedEvent> started = events(recording, SPARE);
      for (RecordedEvent event : started) {
        assertTrue(event.getThread().getJavaName().startsWith("ringspun-spare-"), event::toString);
        counts.add(event.getInt("count"));
      }
      assertTrue(started.size() >= most, started::toString);
      assertTrue(counts.contains(1), counts::toString);
    }
  }

  // ---- no recorder ---------------------------------------------------------------------------

  /** Holds a ring until that is reported. */
  static final class Holding {
    private Holding() {}

    public static void main(String[] args) throws Exception {
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      PrintStream err = System.err;
      System.setErr(new PrintStream(said, true));
      try (Ring ring = Ring.open()) {
        Thread holder =
            ring.startVirtualThread(
                () -> {
                  long end = System.nanoTime() + 20_000_000_000L;
                  while (!said.toString().contains("has been held") && System.nanoTime() < end) {
                    Thread.onSpinWait();
                  }
                });
        holder.join();
        ring.nop();
        err.print(said);
        boolean isThere = ModuleLayer.boot().findModule("jdk.jfr").isPresent();
        System.out.println("recorder on: " + (isThere && FlightRecorder.isInitialized()));
      }
    }
  }

  /** To start it takes some hundred milliseconds. */
  @Test
  @Tag("carried")
  void recorder_isNotStartedByRings() throws Exception {
    String output = new ChildJvm().withFlagsOfThisOne().run(Holding.class);
    assertTrue(output.contains("recorder on: false"), output);
    assertTrue(output.contains("has been held for"), output);
  }

  /** As in a run-time image that was made for little. */
  @Test
  @Tag("carried")
  void recorder_isNotThere() throws Exception {
    String output =
        new ChildJvm().withFlagsOfThisOne().with("--limit-modules", "java.base").run(Holding.class);
    assertTrue(output.contains("recorder on: false"), output);
    assertTrue(output.contains("has been held for"), output);
    assertFalse(output.contains("Error"), output);
  }

  // ---- the JDK's own tools -------------------------------------------------------------------

  @Test
  @Tag("carried")
  void jdkEvents_tellOfCarriedThreads() throws Exception {
    try (Recording recording = new Recording();
        RingGroup group = open()) {
      recording.enable("jdk.VirtualThreadStart");
      recording.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ZERO);
      recording.start();
      FutureTask<Long> pinned =
          start(
              group,
              () -> {
                Pinning.run(() -> LockSupport.parkNanos(1_000_000));
                return Thread.currentThread().threadId();
              });
      long id = pinned.get();
      assertEquals(
          1,
          events(recording, "jdk.VirtualThreadStart").stream()
              .filter(event -> event.getLong("javaThreadId") == id)
              .count());
      assertTrue(
          events(recording, "jdk.VirtualThreadPinned").stream()
              .anyMatch(event -> event.getThread().getJavaThreadId() == id));
    }
  }

  /** As {@code jcmd PID Thread.dump_to_file} does. */
  @Test
  @Tag("carried")
  void threadDump_listsCarriedThreads() throws Exception {
    try (RingGroup group = open();
        Fifo fifo = Fifo.open(group.rings().getFirst(), directory)) {
      FutureTask<Byte> task = new FutureTask<>(fifo::read);
      Thread reader = group.threadFactory().newThread(task);
      reader.setName("reader-in-a-dump");
      reader.start();
      Await.until(
          "it reads", () -> group.rings().stream().anyMatch(ring -> ring.metrics().inFlight() > 0));
      Await.parked(reader);
      Path dump = directory.resolve("threads.txt");
      ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
          .dumpThreads(dump.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
      String text = Files.readString(dump);
      assertTrue(text.contains("#" + reader.threadId() + " \"reader-in-a-dump\" virtual"), text);
      assertTrue(text.contains("Fifo.read"), text);
      fifo.write(1);
      task.get();
    }
  }
}
