package io.ringspun;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Callable;

/** Runs code where a virtual thread that parks keeps its carrier. */
final class Pinning {
  private static final MethodHandle QSORT =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("qsort").orElseThrow(),
              FunctionDescriptor.ofVoid(
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.ADDRESS));

  private Pinning() {}

  /** Runs it as the comparison of a sort of two numbers, which the first call does. */
  static void run(Runnable body) {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle compare =
          MethodHandles.lookup()
              .findStatic(
                  Pinning.class,
                  "compare",
                  MethodType.methodType(
                      int.class, Runnable.class, MemorySegment.class, MemorySegment.class))
              .bindTo(body);
      MemorySegment stub =
          Linker.nativeLinker()
              .upcallStub(
                  compare,
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS),
                  arena);
      QSORT.invokeExact(arena.allocate(ValueLayout.JAVA_INT, 2), 2L, 4L, stub);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Runs a class initializer's body, which can throw nothing checked. */
  static <T> T body(Callable<T> body) {
    try {
      return body.call();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static int compare(Runnable body, MemorySegment a, MemorySegment b) {
    body.run();
    return 0;
  }
}
