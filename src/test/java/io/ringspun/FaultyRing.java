package io.ringspun;

import io.ringspun.testing.FaultKernel;
import java.io.IOException;

/** Opens rings on kernels with faults, for tests of other packages. */
public final class FaultyRing {
  private FaultyRing() {}

  /** Opens a ring whose every transfer goes through the ring, so that rules see it. */
  public static Ring open(FaultKernel kernel) throws IOException {
    return open(RingOptions.defaults().withInlineAttempts(false), kernel);
  }

  /** Opens several such rings. */
  public static RingGroup openGroup(int count, FaultKernel kernel) throws IOException {
    return RingGroup.open(count, RingOptions.defaults().withInlineAttempts(false), kernel);
  }

  /** Opens a ring. */
  public static Ring open(RingOptions options, FaultKernel kernel) throws IOException {
    return Ring.open(options, kernel);
  }
}
