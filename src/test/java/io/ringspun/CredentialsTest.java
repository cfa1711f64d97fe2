package io.ringspun;

import static io.ringspun.internal.kernel.Constants.AT_FDCWD;
import static io.ringspun.internal.kernel.Constants.IORING_OP_OPENAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.raw.Raw;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.SetupFlag;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With whose rights operations run when a process has given up its own; see docs/security.md. */
@Once
class CredentialsTest {
  private static final int NOBODY = 65534;

  @Test
  void operations_afterTheProcessGaveUpRoot(@TempDir Path directory) throws Exception {
    assumeTrue(
        Files.isWritable(Path.of("/proc/sys/kernel/hostname")), "only root has rights to give up");
    Path file = Files.createFile(directory.resolve("only-root"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertEquals(
        """
        as root, by the ring's thread: opened
        as root, by a worker: opened
        as root, with kernel polling: opened
        as root, by a worker of kernel polling: opened
        as root, with registered credentials: opened
        one thread has become nobody, by the ring's thread: opened
        as nobody, by the ring's thread: refused
        as nobody, by a worker: refused
        as nobody, with kernel polling: opened
        as nobody, by a worker of kernel polling: opened
        as nobody, with registered credentials: opened
        as nobody, on a ring with kernel polling opened since: refused
        """,
        new ChildJvm().withFlagsOfThisOne().run(Child.class, file.toString()));
  }

  /** Opens rings as root, becomes nobody, and tells which of them still opens what root may. */
  static final class Child {
    private static final int IOSQE_ASYNC = 1 << 4; // has a worker do it
    private static final int REGISTER = 427; // io_uring_register(2), on every machine
    private static final int IORING_REGISTER_PERSONALITY = 9;
    private static final long SETRESUID =
        System.getProperty("os.arch").equals("aarch64") ? 147 : 117;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SETUID =
        LINKER.downcallHandle(
            LINKER.defaultLookup().find("setuid").orElseThrow(),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle SYSCALL =
        LINKER.downcallHandle(
            LINKER.defaultLookup().find("syscall").orElseThrow(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG),
            Linker.Option.firstVariadicArg(1));

    private Child() {}

    public static void main(String[] arguments) throws Throwable {
      RingOptions polling = RingOptions.defaults().withKernelPolling(Duration.ofMillis(10));
      try (Ring plain = Ring.open();
          Ring polled = Ring.open(polling);
          // Any thread may register credentials with it.
          Ring shared = Ring.open(RingOptions.defaults().withFlags(SetupFlag.COOP_TASKRUN))) {
        int root =
            (int)
                system(
                    REGISTER,
                    EngineAccess.of(shared).descriptor(),
                    IORING_REGISTER_PERSONALITY,
                    0,
                    0);
        Runnable all =
            () -> {
              tell("by the ring's thread", plain, arguments[0], 0, 0);
              tell("by a worker", plain, arguments[0], IOSQE_ASYNC, 0);
              tell("with kernel polling", polled, arguments[0], 0, 0);
              tell("by a worker of kernel polling", polled, arguments[0], IOSQE_ASYNC, 0);
              tell("with registered credentials", shared, arguments[0], 0, root);
            };
        who = "as root";
        all.run();

        who = "one thread has become nobody";
        Thread other =
            new Thread(
                () -> {
                  if (system(SETRESUID, NOBODY, NOBODY, NOBODY, 0) != 0) {
                    throw new AssertionError("setresuid(2) of one thread");
                  }
                  tell("by the ring's thread", plain, arguments[0], 0, 0);
                });
        other.start();
        other.join();

        if ((int) SETUID.invokeExact(NOBODY) != 0) { // the C library changes every thread
          throw new AssertionError("setuid(3)");
        }
        who = "as nobody";
        all.run();
        try (Ring later = Ring.open(polling)) {
          tell("on a ring with kernel polling opened since", later, arguments[0], 0, 0);
        }
      }
    }

    private static volatile String who = "";

    private static long system(long number, long... arguments) {
      try {
        return (long)
            SYSCALL.invokeExact(number, arguments[0], arguments[1], arguments[2], arguments[3]);
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    private static void tell(String how, Ring ring, String file, int flags, int personality) {
      String outcome;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment path = arena.allocateFrom(file);
        RawOperation open =
            RawOperation.of(IORING_OP_OPENAT)
                .on(AT_FDCWD)
                .address(path, RawOperation.Access.READS)
                .flags(flags)
                .personality(personality);
        Raw.of(ring).run(open);
        outcome = "opened";
      } catch (OperationException e) {
        outcome = e.errno() == Errno.EACCES ? "refused" : e.toString();
      } catch (IOException e) {
        outcome = e.toString();
      }
      System.out.println(who + ", " + how + ": " + outcome);
    }
  }
}
