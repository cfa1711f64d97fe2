package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.FaultKernel;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A ring that exists but cannot be started. Nothing was lent to the kernel yet, so nothing may be
 * left behind.
 */
class RingStartTest {

  @ParameterizedTest
  @ValueSource(
      ints = {Constants.IORING_REGISTER_ENABLE_RINGS, Constants.IORING_REGISTER_IOWQ_MAX_WORKERS})
  void open_registrationRefused(int opcode) {
    FaultKernel kernel = new FaultKernel();
    kernel.failRegister(opcode, Errno.EINVAL);
    for (int i = 0; i < 10; i++) {
      RingUnavailableException e =
          assertThrows(RingUnavailableException.class, () -> FaultyRing.open(kernel));
      assertTrue(e.getMessage().contains("IORING_REGISTER_"), e.getMessage());
    }
    assertEquals(0, kernel.openRings());
  }
}
