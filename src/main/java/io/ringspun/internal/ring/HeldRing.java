package io.ringspun.internal.ring;

import io.ringspun.internal.log.Log;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.stream.Collectors;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A report, to the flight recorder and the log, of a ring whose thread is occupied. */
@Name("io.ringspun.RingHeld")
@Label("Ring Held")
@Category("Ringspun")
@Description("A carried virtual thread kept a ring's thread from serving the others")
@StackTrace(false)
final class HeldRing extends Event {
  private static final Log LOG = Log.of("io.ringspun.watchdog");

  @Label("Ring")
  String ring = "";

  @Label("Held By")
  String thread = "";

  @Label("Held For Milliseconds")
  long heldMillis;

  @Label("Stack")
  String stack = "";

  /**
   * Reports a ring, on a thread of its own: a logger may wait for a lock that a thread holds which
   * waits for the ring.
   */
  static void report(Engine engine, long heldNanos) {
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
    HeldRing event = new HeldRing();
    event.ring = engine.toString();
    event.thread = holder != null ? FlightRecording.name(holder) : "unknown";
    event.heldMillis = heldNanos / 1_000_000;
    event.stack =
        Arrays.stream(frames).map(frame -> "\tat " + frame).collect(Collectors.joining("\n"));
    event.commit();
    LOG.warn(
        "{} has been held for {} ms by the carried thread {}; {}. Run blocking or long computing"
            + " code on another thread.\n{}",
        event.ring,
        event.heldMillis,
        event.thread,
        ring.isRescuable()
            ? "other threads of its group run on other rings, or on spare carriers"
            : "its other threads wait",
        event.stack);
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
