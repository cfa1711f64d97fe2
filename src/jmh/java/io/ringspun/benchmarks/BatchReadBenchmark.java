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
 * What does one thread gain that asks for 64 random 4 KiB blocks past the page cache at once,
 * against 64 reads of a {@link FileChannel} one after the other?
 *
 * <p>An operation is one block. The thread is a platform thread, or one that a ring carries; there
 * {@code fileChannelCarried} shows what file I/O of the JDK does to the ring's thread.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 1)
public class BatchReadBenchmark {
  @Param({"fileChannelPlatform", "fileChannelCarried", "batchPlatform", "batchCarried"})
  String arm;

  @Param({"1"})
  int threads;

  private Arm opened;

  @Setup
  public void open() throws Exception {
    opened = Workload.BATCH.open(arm, threads);
  }

  @TearDown
  public void close() throws Exception {
    opened.close();
  }

  @Benchmark
  @OperationsPerInvocation(BatchReads.OPERATIONS)
  public void read() throws Exception {
    opened.run(BatchReads.OPERATIONS);
  }
}
