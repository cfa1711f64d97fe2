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
 * What does a random 4 KiB read of a file in the page cache cost, against {@link FileChannel}? No
 * disk is involved: the case least kind to io_uring, since a plain {@code pread} never waits here.
 *
 * <p>All arms read on virtual threads. {@code ringDefault} leaves them on the default scheduler;
 * {@code ringCarried} has one ring per processor carry them. A thread that never waits runs to its
 * end, so with many threads this does not show how fairly they take turns.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 1)
public class CachedReadBenchmark {
  @Param({"fileChannel", "ringDefault", "ringCarried"})
  String arm;

  @Param({"1", "32", "1000", "10000"})
  int threads;

  private Arm opened;

  @Setup
  public void open() throws Exception {
    opened = Workload.CACHED.open(arm, threads);
  }

  @TearDown
  public void close() throws Exception {
    opened.close();
  }

  @Benchmark
  @OperationsPerInvocation(CachedReads.OPERATIONS)
  public void read() throws Exception {
    opened.run(CachedReads.OPERATIONS);
  }
}
