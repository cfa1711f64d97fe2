package io.ringspun.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.Once;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

@Once
class KernelFeaturesTest {

  @Liburing("probe")
  @Test
  void probe_whatEverySupportedKernelHas() throws ErrnoException {
    KernelFeatures found = KernelFeatures.probe(LinuxKernel.INSTANCE);
    assertTrue(
        found.features().containsAll(List.of("SINGLE_MMAP", "NODROP", "EXT_ARG", "CQE_SKIP")),
        () -> found.features().toString());
    assertTrue(
        found
            .opcodes()
            .containsAll(
                List.of("NOP", "READ", "WRITE", "FSYNC", "OPENAT", "CLOSE", "STATX", "SEND_ZC")),
        () -> found.opcodes().toString());
  }

  @Test
  void sets_cannotBeChanged() throws ErrnoException {
    KernelFeatures found = KernelFeatures.probe(LinuxKernel.INSTANCE);
    assertThrows(UnsupportedOperationException.class, () -> found.features().add("X"));
    assertThrows(UnsupportedOperationException.class, () -> found.opcodes().add("X"));
  }

  /** What the kernel says without a ring is what it does. */
  @Liburing("ring-query")
  @Test
  void query_agreesWithTheRings() throws ErrnoException {
    KernelQuery told = KernelQuery.run(LinuxKernel.INSTANCE);
    assumeTrue(told.registerOperations() > 0, "needs Linux 6.18");
    assertTrue(told.registerOperations() > Constants.IORING_REGISTER_QUERY);
    for (int bit : new int[] {8, 12, 18, 19, 31}) {
      boolean taken = (told.setupFlags() & 1L << bit) != 0;
      assertEquals(taken, isTaken(1 << bit), "flag " + bit);
    }
    KernelFeatures found = KernelFeatures.probe(LinuxKernel.INSTANCE);
    assertTrue(
        found.registerOpcodes().containsAll(List.of("REGISTER_BUFFERS", "REGISTER_QUERY")),
        () -> found.registerOpcodes().toString());
    assertTrue(
        found.setupFlags().containsAll(List.of("IOPOLL", "DEFER_TASKRUN", "CQE_MIXED")),
        () -> found.setupFlags().toString());
  }

  private static boolean isTaken(int flag) {
    try {
      LinuxKernel.INSTANCE.close(LinuxKernel.INSTANCE.open(new RingParams(1, 0, flag)));
      return true;
    } catch (ErrnoException e) {
      return e.errno() != Errno.EINVAL;
    }
  }

  @Test
  void query_olderKernel() throws ErrnoException {
    FaultKernel kernel = new FaultKernel();
    kernel.failCall(SystemCall.IO_URING_REGISTER, Errno.EBADF);
    KernelFeatures found = KernelFeatures.probe(kernel);
    assertEquals(Set.of(), found.registerOpcodes());
    assertEquals(Set.of(), found.setupFlags());
    assertTrue(found.opcodes().contains("NOP"));
  }

  /** Even a kernel without the probe, before 5.6, must be left without an open ring. */
  @Test
  void probe_refused() {
    FaultKernel kernel = new FaultKernel();
    kernel.failRegister(Constants.IORING_REGISTER_PROBE, Errno.EINVAL);
    ErrnoException refused = assertThrows(ErrnoException.class, () -> KernelFeatures.probe(kernel));
    assertEquals(Errno.EINVAL, refused.errno());
    assertEquals(0, kernel.openRings());
  }

  @Test
  void probe_noRingAtAll() {
    FaultKernel kernel = new FaultKernel();
    kernel.failOpen(_ -> Errno.EPERM);
    ErrnoException refused = assertThrows(ErrnoException.class, () -> KernelFeatures.probe(kernel));
    assertEquals(Errno.EPERM, refused.errno());
  }
}
