package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

class ChildProcessTest {
  private static final int SIGKILL = 9;
  private static final int SIGTERM = 15;

  private static ProcessEnd exited(int pid, int status) {
    return new ProcessEnd(pid, OptionalInt.of(status), OptionalInt.empty(), false);
  }

  private static ProcessEnd killed(int pid, int signal) {
    return new ProcessEnd(pid, OptionalInt.empty(), OptionalInt.of(signal), false);
  }

  private static boolean awaitEnd(ChildProcess child) throws Exception {
    child.awaitEnd();
    return true;
  }

  /** A child that can be waited for again and again: whoever has seen its end starts the next. */
  private static final class Child implements AutoCloseable {
    private final Ring ring;
    private int pid;
    private ChildProcess process;

    Child(Ring ring) throws IOException {
      this.ring = ring;
      start();
    }

    private void start() throws IOException {
      pid = Spawned.shell("exec sleep 1000");
      process = ChildProcess.open(ring, pid);
    }

    private void next() throws IOException {
      process.close();
      start();
    }

    String reap() throws IOException {
      String end = process.reap().equals(killed(pid, SIGKILL)) ? "killed" : "another";
      next();
      return end;
    }

    boolean awaitEnd() throws IOException {
      process.awaitEnd();
      assertEquals(killed(pid, SIGKILL), process.reap(), "waiting does not reap");
      next();
      return true;
    }

    void kill() {
      Spawned.kill(pid, true);
    }

    @Override
    public void close() throws IOException {
      kill();
      process.close();
      try (ChildProcess last = ChildProcess.open(ring, pid)) {
        last.reap();
      }
    }
  }

  @Liburing("waitid")
  @ParameterizedTest
  @EachCaller
  void reap_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Child child = new Child(ring)) {
      new FourEnds(child::reap, child::kill, () -> child.process.close())
          .check(ring, caller, "killed");
    }
  }

  @ParameterizedTest
  @EachCaller
  void awaitEnd_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Child child = new Child(ring)) {
      new FourEnds(child::awaitEnd, child::kill, () -> child.process.close())
          .check(ring, caller, true);
    }
  }

  @ParameterizedTest
  @EachCaller
  void reap_timeLimitAndEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      int quick = Spawned.shell("exit 7");
      try (ChildProcess child = ChildProcess.open(ring, quick)) {
        assertEquals(exited(quick, 7), caller.call(ring, child::reap));
        OperationException refused = assertThrows(OperationException.class, child::reap);
        assertEquals(Errno.ECHILD, refused.errno());
      }

      int slow = Spawned.shell("exec sleep 1000");
      try (ChildProcess child = ChildProcess.open(ring, slow)) {
        ChildProcess hasty = child.within(Duration.ofMillis(5));
        assertThrows(OperationTimeoutException.class, () -> caller.call(ring, hasty::reap));
        assertThrows(OperationTimeoutException.class, () -> caller.run(ring, hasty::awaitEnd));
        Spawned.kill(slow, false);
        assertEquals(killed(slow, SIGTERM), caller.call(ring, child::reap));
      }
    }
  }

  /** A child of the JDK, which reaps it at its own pace: many times, since it is a race. */
  @ParameterizedTest
  @EachCaller
  void awaitEnd_besidesTheJdk(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      for (int i = 0; i < 100; i++) {
        int status = i;
        Process process = new ProcessBuilder("/bin/sh", "-c", "read x; exit " + status).start();
        try (ChildProcess child = ChildProcess.open(ring, process.toHandle())) {
          var waiting = caller.begin(ring, () -> awaitEnd(child));
          process.getOutputStream().close();
          assertTrue(waiting.result());
          assertEquals(status, process.waitFor());
          assertTrue(caller.call(ring, () -> awaitEnd(child)), "now that it is reaped");
        }
      }
    }
  }

  @Test
  void open_refused() throws Exception {
    try (Ring ring = Ring.open()) {
      Process process = new ProcessBuilder("/bin/sleep", "1000").start();
      process.destroyForcibly().waitFor();
      OperationException gone =
          assertThrows(OperationException.class, () -> ChildProcess.open(ring, process.toHandle()));
      assertEquals(Errno.ESRCH, gone.errno());
      assertThrows(IllegalArgumentException.class, () -> ChildProcess.open(ring, 0));
    }
  }

  @ParameterizedTest
  @EachCaller
  void reap_onOlderKernels(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      kernel.failRegister(Constants.IORING_REGISTER_PROBE, Errno.EINVAL);
      int pid = Spawned.shell("exec sleep 1000");
      try (ChildProcess child = ChildProcess.open(ring, pid)) {
        var waiting = BlockedCall.start(ring, caller, child::reap).awaitInFlight(ring, 1);
        Spawned.kill(pid, true);
        assertEquals(killed(pid, SIGKILL), waiting.result());
        assertEquals(0, kernel.submitted(Constants.IORING_OP_WAITID));
        assertEquals(Errno.ECHILD, assertThrows(OperationException.class, child::reap).errno());
      }
      assertFalse(ProcessHandle.of(pid).isPresent());
    }
  }
}
