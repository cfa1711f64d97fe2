package io.ringspun.internal.ring;

import java.io.IOException;
import java.io.InterruptedIOException;

/**
 * The rules by which a call of several operations reports the bytes transferred when one of them
 * fails.
 */
public final class Progress {
  private Progress() {}

  /**
   * Returns the number of bytes transferred before an operation failed, because no exception can
   * report it. After an interrupt the interrupt status is then set, and any other failure is
   * reported by the next call.
   *
   * @param done how many bytes
   * @throws IOException the failure, if nothing was moved
   */
  public static long before(IOException failure, long done) throws IOException {
    if (done == 0) {
      throw failure;
    }
    return done;
  }

  /**
   * Adds the number of bytes transferred before to the exception of an interrupt or a time limit,
   * for a call that has no result.
   *
   * @param done how many bytes
   * @return the failure
   */
  public static IOException after(long done, IOException failure) {
    if (failure instanceof InterruptedIOException interrupted) {
      interrupted.bytesTransferred = (int) Math.min(done, Integer.MAX_VALUE);
    }
    return failure;
  }
}
