package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Children that the JDK knows nothing of and does not reap. */
@SuppressWarnings("restricted")
final class Spawned {
  private static final MethodHandle POSIX_SPAWN =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("posix_spawn").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS));

  private Spawned() {}

  /** Starts a shell and returns its number. */
  static int shell(String script) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pid = arena.allocate(ValueLayout.JAVA_INT);
      MemorySegment path = arena.allocateFrom("/bin/sh");
      MemorySegment arguments = arena.allocate(ValueLayout.ADDRESS, 4);
      arguments.setAtIndex(ValueLayout.ADDRESS, 0, path);
      arguments.setAtIndex(ValueLayout.ADDRESS, 1, arena.allocateFrom("-c"));
      arguments.setAtIndex(ValueLayout.ADDRESS, 2, arena.allocateFrom(script));
      MemorySegment none = MemorySegment.NULL;
      MemorySegment environment = arena.allocate(ValueLayout.ADDRESS);
      int error = (int) POSIX_SPAWN.invokeExact(pid, path, none, none, arguments, environment);
      assertEquals(0, error);
      return pid.get(ValueLayout.JAVA_INT, 0);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Sends {@code SIGTERM} or {@code SIGKILL}. */
  static void kill(int pid, boolean forcibly) {
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    if (forcibly) {
      process.destroyForcibly();
    } else {
      process.destroy();
    }
  }
}
