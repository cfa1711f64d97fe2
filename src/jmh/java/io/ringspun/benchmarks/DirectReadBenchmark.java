package io.ringspun.benchmarks;

import java.nio.channels.FileChannel;
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
 * What does a random 4 KiB read past the page cache ({@code O_DIRECT}) cost, against {@link
 * FileChannel}? With few threads the device's latency decides the rate, with many its limit; what
 * remains to be won is CPU time.
 *
 * <p>All arms read on virtual threads. {@code ringDefault} hands each read over to one ring; {@code
 * ringCarried} has one ring carry all threads, on one processor. {@code fileChannel} blocks the
 * default scheduler's carriers, which adds others, 256 at most.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 1)
public class DirectReadBenchmark {
  @Param({"fileChannel", "ringDefault", "ringCarried"})
  String arm;

  @Param({"1", "8", "32", "128"})
  int threads;

  private Arm opened;

  @Setup
  public void open() throws Exception {
    opened = Workload.DIRECT.open(arm, threads);
  }

  @TearDown
  public void close() throws Exception {
    opened.close();
  }

  @Benchmark
  @OperationsPerInvocation(DirectReads.OPERATIONS)
  public void read() throws Exception {
    opened.run(DirectReads.OPERATIONS);
  }
}
