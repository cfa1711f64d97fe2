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
 * What does a registered buffer save in a direct read ({@code O_DIRECT}), whose memory the kernel
 * must otherwise pin page by page? {@code registeredEach} has the price of a lease for each read in
 * it; the others take one for all.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 1)
public class LeasedReadBenchmark {
  @Param({"plain", "registered", "registeredEach"})
  String arm;

  @Param({"LEASE4K", "LEASE128K"})
  String size;

  @Param({"1", "32"})
  int threads;

  private Arm opened;

  @Setup
  public void open() throws Exception {
    opened = Workload.named(size).open(arm, threads);
  }

  @TearDown
  public void close() throws Exception {
    opened.close();
  }

  @Benchmark
  @OperationsPerInvocation(LeasedReads.OPERATIONS)
  public void read() throws Exception {
    opened.run(LeasedReads.OPERATIONS);
  }
}
