package io.ringspun.internal.ring;

import java.io.IOException;
import java.io.InterruptedIOException;

/** How a call that takes several operations tells what it has moved when one of them fails. */
public final class Progress {
  private Progress() {}

  /**
   * Returns what was moved before an operation failed, since no exception can say that. An
   * interrupt is still pending then, and any other failure comes again with the next call.
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
   * Adds to a failure what was moved before, for a call that has no result: an interrupt or a time
   * limit tells it.
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
