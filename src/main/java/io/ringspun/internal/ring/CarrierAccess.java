package io.ringspun.internal.ring;

import io.ringspun.internal.memory.CarrierThread;
import java.lang.invoke.MethodHandles;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The thing inside {@code java.lang} that carrying virtual threads needs beside {@link
 * CarrierThread}: a scheduler of our own. It is there only with {@code --add-opens
 * java.base/java.lang}, and if the JDK has a {@link SchedulerShape} that is known.
 */
final class CarrierAccess {
  private static final @Nullable SchedulerShape SHAPE;
  private static final @Nullable String OBSTACLE;

  static {
    SchedulerShape shape = null;
    String obstacle = null;
    Module own = CarrierAccess.class.getModule();
    if (!Thread.class.getModule().isOpen("java.lang", own)) {
      obstacle =
          "Java was started without --add-opens java.base/java.lang="
              + (own.isNamed() ? own.getName() : "ALL-UNNAMED");
    } else {
      try {
        shape = find();
      } catch (ReflectiveOperationException | LinkageError | RuntimeException e) {
        obstacle = unknown(e.toString());
      }
      if (shape != null && !CarrierThread.isKnown()) {
        shape = null;
        obstacle = unknown("no method Thread.currentCarrierThread");
      }
    }
    SHAPE = shape;
    OBSTACLE = obstacle;
  }

  private CarrierAccess() {}

  private static SchedulerShape find() throws ReflectiveOperationException {
    Class<?> builder = Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder");
    MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(builder, MethodHandles.lookup());
    try {
      return ExecutorShape.of(lookup, builder);
    } catch (NoSuchMethodException _) {
      Class<?> schedulerType = Class.forName("java.lang.Thread$VirtualThreadScheduler");
      return TaskSchedulerShape.of(lookup, builder, schedulerType);
    }
  }

  private static String unknown(String detail) {
    return "JDK %s schedules virtual threads in a way that this version does not know (%s)"
        .formatted(Runtime.version(), detail);
  }

  static boolean available() {
    return SHAPE != null;
  }

  /** Returns why no ring can carry virtual threads, or null if rings can. */
  static @Nullable String obstacle() {
    return OBSTACLE;
  }

  /** Returns whether the threads of a virtual thread get its scheduler from the JDK. */
  static boolean isInherited() {
    return SHAPE == null || SHAPE.isInherited();
  }

  /**
   * Returns a builder of virtual threads that the executor schedules, as their children inherit
   * where {@link #isInherited()} says so.
   */
  static Thread.Builder.OfVirtual builder(Executor executor) {
    if (SHAPE == null) {
      return Thread.ofVirtual();
    }
    try {
      return (Thread.Builder.OfVirtual) SHAPE.builder(executor);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  /** Returns the executor as a scheduler of the JDK, or null if rings cannot carry threads. */
  static @Nullable Object scheduler(Executor executor) {
    if (SHAPE == null) {
      return null;
    }
    try {
      return SHAPE.scheduler(executor);
    } catch (Throwable e) {
      throw broken(e);
    }
  }

  /** Passes on what is no fault of the call, such as that the caller's stack is full. */
  private static Error broken(Throwable e) {
    return e instanceof Error error
        ? error
        : new AssertionError("the JDK refused the scheduler", e);
  }
}
