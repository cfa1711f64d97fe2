package io.ringspun.internal.memory;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;

/**
 * The platform thread under the current thread, which the JDK tells only with {@code --add-opens
 * java.base/java.lang}.
 */
public final class CarrierThread {
  private static final int STRIPE_BITS =
      Integer.SIZE
          - Integer.numberOfLeadingZeros(4 * Runtime.getRuntime().availableProcessors() - 1);

  /** How many stripes there are: several for each processor, so that few carriers share one. */
  public static final int STRIPES = 1 << STRIPE_BITS;

  private static final @Nullable MethodHandle CURRENT_CARRIER = find();

  private CarrierThread() {}

  private static @Nullable MethodHandle find() {
    if (!Thread.class.getModule().isOpen("java.lang", CarrierThread.class.getModule())) {
      return null;
    }
    try {
      return MethodHandles.privateLookupIn(Thread.class, MethodHandles.lookup())
          .findStatic(Thread.class, "currentCarrierThread", MethodType.methodType(Thread.class));
    } catch (ReflectiveOperationException _) {
      return null; // a JDK that keeps it elsewhere
    }
  }

  /** Returns whether the carrier of a virtual thread can be told. */
  public static boolean isKnown() {
    return CURRENT_CARRIER != null;
  }

  /** Returns the platform thread that runs this code, or the current thread if that is hidden. */
  public static Thread current() {
    if (CURRENT_CARRIER == null) {
      return Thread.currentThread();
    }
    try {
      return (Thread) CURRENT_CARRIER.invokeExact();
    } catch (Throwable e) {
      // What is no fault of the call is passed on, such as that the caller's stack is full.
      throw e instanceof Error error
          ? error
          : new AssertionError("Thread.currentCarrierThread cannot fail", e);
    }
  }

  /**
   * Returns an index below {@link #STRIPES} that threads of one carrier have in common and those of
   * others most likely do not.
   */
  public static int stripe() {
    return (int) ((current().threadId() * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - STRIPE_BITS));
  }
}
