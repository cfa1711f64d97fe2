package io.ringspun.benchmarks;

/** One way to do the work of a {@link Workload}: opened, and run many times. */
abstract class Arm implements AutoCloseable {
  /**
   * Does a number of operations and returns when all are done.
   *
   * @throws Exception if an operation failed, brought a wrong result, or was not done in the way
   *     that this arm stands for
   */
  abstract void run(int operations) throws Exception;

  /** Runs, and tells what it cost. */
  Sample measure(int operations) throws Exception {
    long bytes = ProcessCosts.allocatedBytes();
    long cpu = ProcessCosts.cpuNanos();
    long start = System.nanoTime();
    run(operations);
    long nanos = System.nanoTime() - start;
    cpu = ProcessCosts.cpuNanos() - cpu;
    return new Sample(operations, nanos, cpu, ProcessCosts.allocatedBytes() - bytes);
  }

  @Override
  public void close() throws Exception {}
}
