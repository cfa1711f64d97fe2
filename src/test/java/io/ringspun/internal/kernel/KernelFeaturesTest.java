package io.ringspun.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.Liburing;
import java.util.List;
import org.junit.jupiter.api.Test;

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
