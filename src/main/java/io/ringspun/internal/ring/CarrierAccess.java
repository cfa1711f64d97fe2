package io.ringspun.internal.ring;

import io.ringspun.internal.memory.CarrierThread;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The thing inside {@code java.lang} that carrying virtual threads needs beside {@link
 * CarrierThread}: a builder with a scheduler of our own. It is there only with {@code --add-opens
 * java.base/java.lang}.
 */
final class CarrierAccess {
  private static final @Nullable MethodHandle BUILDER;

  static {
    MethodHandle builder = null;
    if (Thread.class.getModule().isOpen("java.lang", CarrierAccess.class.getModule())) {
      try {
        Class<?> type = Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder");
        builder =
            MethodHandles.privateLookupIn(type, MethodHandles.lookup())
                .findConstructor(type, MethodType.methodType(void.class, Executor.class))
                .asType(MethodType.methodType(Thread.Builder.OfVirtual.class, Executor.class));
      } catch (ReflectiveOperationException _) {
        builder = null; // a JDK that keeps them elsewhere: the default scheduler it is
      }
    }
    BUILDER = builder;
  }

  private CarrierAccess() {}

  static boolean available() {
    return BUILDER != null && CarrierThread.isKnown();
  }

  /**
   * Returns a builder of virtual threads that the executor schedules, as their children inherit.
   */
  static Thread.Builder.OfVirtual builder(Executor scheduler) {
    if (BUILDER == null) {
      return Thread.ofVirtual();
    }
    try {
      return (Thread.Builder.OfVirtual) BUILDER.invokeExact(scheduler);
    } catch (Throwable e) {
      throw broken("the JDK's builder refused the scheduler", e);
    }
  }

  /** Passes on what is no fault of the call, such as that the caller's stack is full. */
  private static Error broken(String message, Throwable e) {
    return e instanceof Error error ? error : new AssertionError(message, e);
  }
}
