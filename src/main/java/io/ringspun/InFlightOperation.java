package io.ringspun;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * An operation that a ring has submitted and the kernel has not completed, as {@link Ring#dump}
 * found it.
 *
 * @param name the name of the operation, as {@code recv} for {@code IORING_OP_RECV}
 * @param descriptor the number of the descriptor that it works on, or -1 if there is none. A
 *     zero-copy send whose bytes are sent, and whose memory the kernel still has, has none.
 * @param registered whether {@code descriptor} is a slot in the ring's table of registered files
 * @param age for how long it has been in flight. It is counted from the first look at the ring that
 *     the library took after the submission, so up to a tenth of a second may be missing.
 * @param waiter the thread that waits for it, or empty if none does: multishot operations go on
 *     between the calls that take their results
 * @param cancelled whether it is being cancelled, by an interrupt, a time limit or the closing of
 *     its descriptor or ring, and the kernel has not answered
 * @since 0.1
 */
public record InFlightOperation(
    String name,
    int descriptor,
    boolean registered,
    Duration age,
    Optional<Thread> waiter,
    boolean cancelled) {

  /**
   * Returns one line, as {@code recv on descriptor 12 for 3.214 s, awaited by "reader" #42}.
   *
   * @return the line, without a line break at its end
   */
  @Override
  public String toString() {
    StringBuilder line = new StringBuilder(name);
    if (descriptor >= 0) {
      line.append(registered ? " on slot " : " on descriptor ").append(descriptor);
    }
    line.append(String.format(Locale.ROOT, " for %.3f s", age.toMillis() / 1e3));
    waiter.ifPresent(
        thread ->
            line.append(", awaited by \"%s\" #%d".formatted(thread.getName(), thread.threadId())));
    return line.append(cancelled ? ", being cancelled" : "").toString();
  }
}
