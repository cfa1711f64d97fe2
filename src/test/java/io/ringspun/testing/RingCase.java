package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * Who calls, and whether the ring tries to do without itself first: all that must make no
 * difference to what a call does.
 *
 * @param caller the kind of thread that the body runs on
 * @param inline whether the ring makes inline attempts
 */
public record RingCase(Caller caller, boolean inline) {
  /** Something to do with a ring of its own; memory confined to a thread is allocated in here. */
  public interface Body {
    void run(Ring ring) throws Exception;
  }

  /**
   * Returns every combination with the kinds of threads {@linkplain Caller#inThisRun of the run}.
   */
  public static List<RingCase> all() {
    List<RingCase> all = new ArrayList<>();
    for (Caller caller : Caller.inThisRun()) {
      all.add(new RingCase(caller, true));
      all.add(new RingCase(caller, false));
    }
    return all;
  }

  /** Runs the body on such a thread, and checks that the ring is left idle. */
  public void run(Body body) throws Exception {
    run(RingOptions.defaults(), body);
  }

  /** Runs the body on such a thread, with a ring that has further options. */
  public void run(RingOptions options, Body body) throws Exception {
    try (Ring ring = Ring.open(options.withInlineAttempts(inline))) {
      BlockedCall<Void> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                body.run(ring);
                return null;
              });
      call.result();
      assertEquals(0, ring.metrics().inFlight(), "operations in flight at the end");
    }
  }

  @Override
  public String toString() {
    return caller + (inline ? ", inline" : ", ring only");
  }
}
