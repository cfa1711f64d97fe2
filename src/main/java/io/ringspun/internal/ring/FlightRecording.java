package io.ringspun.internal.ring;

import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * What rings tell the flight recorder. Any thread may call these methods. If a report fails, for
 * want of memory for one, it is lost, and what the caller has to do goes on.
 *
 * <p>The first use of a class of events starts the recorder, which takes some hundred milliseconds.
 * So no such class is touched before the program has started it.
 */
final class FlightRecording {
  /** A run-time image for programs on the class path may lack the recorder. */
  private static final boolean PRESENT = ModuleLayer.boot().findModule("jdk.jfr").isPresent();

  private FlightRecording() {}

  /** Returns whether events may be wanted; costs one read of a field. */
  private static boolean isOn() {
    return PRESENT && FlightRecorder.isInitialized();
  }

  /** Reports threads that one ring of a group took from another. */
  static void threadsStolen(String from, String to, int count) {
    try {
      if (isOn()) {
        StolenThreads event = new StolenThreads();
        event.from = from;
        event.to = to;
        event.count = count;
        event.commit();
      }
    } catch (RuntimeException | Error _) {
      // as said above
    }
  }

  /** Reports that the calling thread is a new spare carrier, one of a number. */
  static void spareStarted(int count) {
    try {
      if (isOn()) {
        StartedSpare event = new StartedSpare();
        event.count = count;
        event.commit();
      }
    } catch (RuntimeException | Error _) {
      // as said above
    }
  }

  /**
   * Reports a ring whose thread is occupied.
   *
   * @param thread the name of the thread that occupies it
   */
  static void ringHeld(String ring, String thread, long heldMillis, String stack) {
    try {
      if (isOn()) {
        HeldRing event = new HeldRing();
        event.ring = ring;
        event.thread = thread;
        event.heldMillis = heldMillis;
        event.stack = stack;
        event.commit();
      }
    } catch (RuntimeException | Error _) {
      // as said above
    }
  }

  /** Begins a report of a ring that is served while it is held; returns null if none is wanted. */
  static @Nullable RescuedRing rescueBegins(String ring) {
    try {
      if (isOn()) {
        RescuedRing event = new RescuedRing();
        event.ring = ring;
        event.begin();
        return event;
      }
    } catch (RuntimeException | Error _) {
      // as said above
    }
    return null;
  }

  /** Makes it. */
  static void rescueEnds(RescuedRing event) {
    try {
      event.commit();
    } catch (RuntimeException | Error _) {
      // as said above
    }
  }

  /** Begins what operations that are in flight now may be reported with, or returns null. */
  static @Nullable SlowOperation tickEnds() {
    try {
      if (isOn()) {
        SlowOperation event = new SlowOperation();
        if (event.isEnabled()) {
          event.begin();
          return event;
        }
      }
    } catch (RuntimeException | Error _) {
      // as said above
    }
    return null;
  }

  /** Reports an operation that ends now, if it was in flight for long since something began. */
  static void operationEnds(
      SlowOperation begun,
      String ring,
      String operation,
      int descriptor,
      int result,
      @Nullable Thread waiter) {
    try {
      SlowOperation event = begun.endIfSlow();
      if (event != null) {
        event.ring = ring;
        event.operation = operation;
        event.descriptor = descriptor;
        event.result = result;
        event.thread = waiter == null ? "" : name(waiter);
        event.commit();
      }
    } catch (RuntimeException | Error _) {
      // as said above
    }
  }

  /** Returns how events call a thread: by its name, or by its number if it has none. */
  static String name(Thread thread) {
    return thread.getName().isEmpty() ? "#" + thread.threadId() : thread.getName();
  }
}
