package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.CallMemory;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.RingParams;
import io.ringspun.internal.kernel.SystemCall;
import java.lang.foreign.MemorySegment;

/** A kernel that knows one eventfd: signals of it, and a thread that waits for one. */
final class SilentKernel implements Kernel {
  private int signals; // under the monitor, whose waits the tool knows

  /** Waits in the kernel until the read of the eventfd completes. */
  synchronized void awaitSignal() {
    while (signals == 0) {
      try {
        wait();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    signals = 0; // one read takes the whole count
  }

  /** Returns whether the read of the eventfd has completed. */
  synchronized boolean takeSignal() {
    boolean isSignalled = signals > 0;
    signals = 0;
    return isSignalled;
  }

  @Override
  public synchronized int signal(int eventfd) {
    signals++;
    notifyAll();
    return 0;
  }

  @Override
  public int close(int fd) {
    return 0;
  }

  private static UnsupportedOperationException unused() {
    return new UnsupportedOperationException();
  }

  @Override
  public RingMemory open(RingParams params) {
    throw unused();
  }

  @Override
  public RingMemory resize(RingMemory ring, RingParams params) {
    throw unused();
  }

  @Override
  public void close(RingMemory ring) {
    throw unused();
  }

  @Override
  public int enter(RingMemory ring, int toSubmit, int minComplete, int flags) {
    throw unused();
  }

  @Override
  public int enter(
      RingMemory ring, int toSubmit, int minComplete, int flags, MemorySegment argument) {
    throw unused();
  }

  @Override
  public int register(RingMemory ring, int opcode, MemorySegment argument, int count) {
    throw unused();
  }

  @Override
  public int send(MemorySegment entry) {
    throw unused();
  }

  @Override
  public long call(
      CallMemory memory, SystemCall call, long a, long b, long c, long d, long e, long f) {
    throw unused();
  }

  @Override
  public long preadv2(
      int fd,
      CallMemory call,
      long address,
      long byteSize,
      long position,
      int flags,
      MemorySegment held) {
    throw unused();
  }

  @Override
  public long pwritev2(
      int fd,
      CallMemory call,
      long address,
      long byteSize,
      long position,
      int flags,
      MemorySegment held) {
    throw unused();
  }

  @Override
  public long pwrite(
      int fd, CallMemory call, long address, long byteSize, long position, MemorySegment held) {
    throw unused();
  }

  @Override
  public int statx(int fd, CallMemory call, int flags, int mask, MemorySegment struct) {
    throw unused();
  }

  @Override
  public long send(
      int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held) {
    throw unused();
  }

  @Override
  public long recv(
      int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held) {
    throw unused();
  }
}
