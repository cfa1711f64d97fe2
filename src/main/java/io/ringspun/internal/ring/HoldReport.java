package io.ringspun.internal.ring;

import io.ringspun.internal.log.Log;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Tells the log and the flight recorder of a ring whose thread is occupied, and by what. */
final class HoldReport {
  private static final Log LOG = Log.of("io.ringspun.watchdog");

  private HoldReport() {}

  /**
   * Reports a ring, on a thread of its own: a logger may wait for a lock that a thread holds which
   * waits for the ring.
   */
  static void make(Engine engine, long heldNanos) {
    long turns = engine.thread().turns();
    LibraryThreads.builder()
        .name("ringspun-report")
        .start(() -> describe(engine, heldNanos, turns));
  }

  private static void describe(Engine engine, long heldNanos, long turns) {
    RingThread ring = engine.thread();
    Thread holder = holder(ring);
    StackTraceElement[] frames = (holder != null ? holder : ring).getStackTrace();
    if (ring.turns() != turns) {
      return; // it is held no longer, and the stack is that of something else
    }
    String name = holder != null ? FlightRecording.name(holder) : "unknown";
    long heldMillis = heldNanos / 1_000_000;
    String stack =
        Arrays.stream(frames).map(frame -> "\tat " + frame).collect(Collectors.joining("\n"));
    FlightRecording.ringHeld(engine.toString(), name, heldMillis, stack);
    LOG.warn(
        "{} has been held for {} ms by the carried thread {}; {}. Run blocking or long computing"
            + " code on another thread.\n{}",
        engine,
        heldMillis,
        name,
        ring.isRescuable()
            ? "other threads of its group run on other rings, or on spare carriers"
            : "its other threads wait",
        stack);
  }

  /** Finds the virtual thread of the continuation, which is the only field of the JDK's task. */
  private static @Nullable Thread holder(RingThread thread) {
    Runnable mounted = thread.carried().mounted();
    if (mounted == null) {
      return null;
    }
    for (Field field : mounted.getClass().getDeclaredFields()) {
      try {
        if (Thread.class.isAssignableFrom(field.getType())) {
          field.setAccessible(true);
          return (Thread) field.get(mounted);
        }
      } catch (ReflectiveOperationException | RuntimeException _) {
        return null; // only the report is poorer for it
      }
    }
    return null;
  }
}
