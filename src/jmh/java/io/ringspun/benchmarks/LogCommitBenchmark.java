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
 * What does it cost to make a 4 KiB log record durable, by a chain of a write and an fdatasync,
 * against {@link FileChannel#write} and {@link FileChannel#force}, for one committer and for many
 * that each commit for themselves?
 *
 * <p>The device decides most of it: that of a virtual machine may promise more than it keeps.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 1)
public class LogCommitBenchmark {
  @Param({"fileChannel", "chainDefault", "chainCarried"})
  String arm;

  @Param({"1", "64"})
  int threads;

  private Arm opened;

  @Setup
  public void open() throws Exception {
    opened = Workload.LOG.open(arm, threads);
  }

  @TearDown
  public void close() throws Exception {
    opened.close();
  }

  @Benchmark
  @OperationsPerInvocation(LogCommits.OPERATIONS)
  public void commit() throws Exception {
    opened.run(LogCommits.OPERATIONS);
  }
}
