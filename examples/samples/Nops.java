package samples;

import io.ringspun.Ring;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/**
 * Measures how many no-op operations a ring runs, by blocking calls of many virtual threads.
 *
 * <pre>Nops [THREADS [NOPS_PER_THREAD]]</pre>
 */
public final class Nops {
  private Nops() {}

  /** Runs them, from 1,000 threads 1,000 each by default. */
  public static void main(String[] args) throws Exception {
    int threads = args.length > 0 ? Integer.parseInt(args[0]) : 1000;
    int nops = args.length > 1 ? Integer.parseInt(args[1]) : 1000;
    try (Ring ring = Ring.open();
        ExecutorService executor = ring.executor()) {
      long start = System.nanoTime();
      List<Future<?>> callers = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        callers.add(executor.submit(() -> run(ring, nops)));
      }
      for (Future<?> caller : callers) {
        caller.get();
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      long done = ring.metrics().completed();
      System.out.printf(
          "%,d nops in %.3f s: %,.0f each second, %.0f ns each; %,d system calls%n",
          done, seconds, done / seconds, 1e9 * seconds / done, ring.metrics().enters());
    }
  }

  private static Void run(Ring ring, int nops) throws Exception {
    for (int i = 0; i < nops; i++) {
      ring.nop();
    }
    return null;
  }
}
