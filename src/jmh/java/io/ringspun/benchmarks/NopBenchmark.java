package io.ringspun.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does a blocking call cost besides its work: a round trip to the kernel and back that does
 * nothing, on one ring, from threads that the ring carries and from threads of the default
 * scheduler that hand it over?
 *
 * <p>With {@code -prof gc}: what does it allocate? {@link Compare} has the same in C beside it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 1)
public class NopBenchmark {
  @Param({"handedOver", "carried"})
  String arm;

  @Param({"1", "32", "1000"})
  int threads;

  private Arm opened;

  @Setup
  public void open() throws Exception {
    opened = Workload.NOP.open(arm, threads);
  }

  @TearDown
  public void close() throws Exception {
    opened.close();
  }

  @Benchmark
  @OperationsPerInvocation(Nops.OPERATIONS)
  public void nop() throws Exception {
    opened.run(Nops.OPERATIONS);
  }
}
