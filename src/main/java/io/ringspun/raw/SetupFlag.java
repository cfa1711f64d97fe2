package io.ringspun.raw;

import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.Constants;

/**
 * A flag of {@code io_uring_setup(2)} that may be chosen with {@link RingOptions#withFlags}.
 * Without a choice, Ringspun takes the best combination that the kernel accepts.
 *
 * @since 0.1
 */
public enum SetupFlag {
  /**
   * {@code IORING_SETUP_SUBMIT_ALL}, Linux 5.18: an invalid entry does not stop the submission of
   * later ones.
   */
  SUBMIT_ALL(Constants.IORING_SETUP_SUBMIT_ALL),
  /**
   * {@code IORING_SETUP_COOP_TASKRUN}, Linux 5.19: completions do not interrupt a running thread.
   */
  COOP_TASKRUN(Constants.IORING_SETUP_COOP_TASKRUN),
  /** {@code IORING_SETUP_TASKRUN_FLAG}, Linux 5.19: a flag of the ring shows pending task work. */
  TASKRUN_FLAG(Constants.IORING_SETUP_TASKRUN_FLAG),
  /** {@code IORING_SETUP_SINGLE_ISSUER}, Linux 6.0: only the ring's thread submits. */
  SINGLE_ISSUER(Constants.IORING_SETUP_SINGLE_ISSUER),
  /**
   * {@code IORING_SETUP_DEFER_TASKRUN}, Linux 6.1: completions are processed only when the ring's
   * thread waits.
   */
  DEFER_TASKRUN(Constants.IORING_SETUP_DEFER_TASKRUN),
  /**
   * {@code IORING_SETUP_NO_SQARRAY}, Linux 6.6: the kernel consumes entries in order, without an
   * index array.
   */
  NO_SQARRAY(Constants.IORING_SETUP_NO_SQARRAY);

  private final int bit;

  SetupFlag(int bit) {
    this.bit = bit;
  }

  /**
   * Returns the bit by which the kernel knows the flag.
   *
   * @return one bit of the field {@code flags} of {@code struct io_uring_params}
   */
  public int bit() {
    return bit;
  }
}
