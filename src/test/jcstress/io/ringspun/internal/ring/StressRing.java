package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.CallMemory;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.RingParams;
import io.ringspun.internal.kernel.SystemCall;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A ring for tests that cannot each have one, and descriptors that only look like some. */
final class StressRing {
  /** Numbers from here on are no descriptors of the kernel's. */
  private static final int FIRST_FAKE = 1 << 24;

  private static final int FAKES = 1 << 20; // far more than are in use at once
  private static final AtomicInteger NEXT_FAKE = new AtomicInteger();
  private static final AtomicIntegerArray CLOSES = new AtomicIntegerArray(FAKES);

  private static final long LIMIT_NANOS = 2_000_000_000;

  private static volatile boolean sleptOver; // once is enough; each time costs the limit

  private StressRing() {}

  static Engine open() {
    Failures failures =
        new Failures() {
          @Override
          public IOException closed(String ring) {
            return new IOException("closed");
          }

          @Override
          public IOException failed(String ring, Throwable cause) {
            return new IOException("failed", cause);
          }

          @Override
          public IOException refused(String operation, int errno, String reason) {
            return new IOException("refused");
          }

          @Override
          public IOException cancelled(String ring) {
            return new IOException("cancelled");
          }

          @Override
          public IOException timedOut(String ring, long timeoutNanos) {
            return new IOException("timed out");
          }
        };
    try {
      return Engine.open(
          EngineConfig.DEFAULTS
              .withName("stress")
              .withQueues(EngineConfig.DEFAULTS.queues().withEntries(64)),
          failures,
          new FakeCloses(LinuxKernel.INSTANCE));
    } catch (ErrnoException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Makes the thread of a ring of a group, which is not started. No watchdog looks at it: that
   * would hide that the ring was not woken.
   */
  static RingThread thread(Scheduler scheduler) {
    try {
      return RingThread.create(
          EngineConfig.DEFAULTS
              .withName("stress")
              .withQueues(EngineConfig.DEFAULTS.queues().withEntries(64)),
          LinuxKernel.INSTANCE,
          scheduler);
    } catch (ErrnoException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Makes a ring of a group that no watchdog looks at, and starts its thread. */
  static RingThread started(Scheduler scheduler) {
    RingThread thread = thread(scheduler);
    try {
      thread.start(
          new RingThread.Owner() {
            @Override
            public void wakeAttending() {}

            @Override
            public void handedOverToHeld() {}
          });
    } catch (ErrnoException e) {
      throw new IllegalStateException(e);
    }
    scheduler.add(thread);
    return thread;
  }

  /** Waits until something is so; returns false if it takes so long that it was slept over. */
  static boolean await(BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (sleptOver || System.nanoTime() - start >= LIMIT_NANOS) {
        sleptOver = true;
        return false;
      }
      LockSupport.parkNanos(LIMIT_NANOS / 100);
    }
    return true;
  }

  /** Returns a ring that is closed, so that descriptors are closed without it. */
  static Engine closed() {
    Engine engine = open();
    engine.close();
    return engine;
  }

  /** Returns a number that no other test uses now. */
  static int fakeDescriptor() {
    int index = NEXT_FAKE.getAndIncrement() & (FAKES - 1);
    CLOSES.set(index, 0);
    return FIRST_FAKE + index;
  }

  /** Returns how often a fake descriptor was closed. */
  static int closes(int fd) {
    return CLOSES.get(fd - FIRST_FAKE);
  }

  /** The kernel, but for {@code close(2)} and {@code preadv2(2)} of fake descriptors. */
  private record FakeCloses(Kernel kernel) implements Kernel {
    @Override
    public int close(int fd) {
      if (fd < FIRST_FAKE) {
        return kernel.close(fd);
      }
      CLOSES.getAndIncrement(fd - FIRST_FAKE);
      return 0;
    }

    @Override
    public RingMemory open(RingParams params) throws ErrnoException {
      return kernel.open(params);
    }

    @Override
    public RingMemory resize(RingMemory ring, RingParams params) throws ErrnoException {
      return kernel.resize(ring, params);
    }

    @Override
    public void close(RingMemory ring) {
      kernel.close(ring);
    }

    @Override
    public int enter(RingMemory ring, int toSubmit, int minComplete, int flags) {
      return kernel.enter(ring, toSubmit, minComplete, flags);
    }

    @Override
    public int enter(
        RingMemory ring, int toSubmit, int minComplete, int flags, MemorySegment argument) {
      return kernel.enter(ring, toSubmit, minComplete, flags, argument);
    }

    @Override
    public int register(RingMemory ring, int opcode, MemorySegment argument, int count) {
      return kernel.register(ring, opcode, argument, count);
    }

    @Override
    public int send(MemorySegment entry) {
      return kernel.send(entry);
    }

    @Override
    public int signal(int eventfd) {
      return kernel.signal(eventfd);
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
      return fd < FIRST_FAKE
          ? kernel.preadv2(fd, call, address, byteSize, position, flags, held)
          : closes(fd); // the bytes read
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
      return kernel.pwritev2(fd, call, address, byteSize, position, flags, held);
    }

    @Override
    public long call(
        CallMemory memory, SystemCall call, long a, long b, long c, long d, long e, long f) {
      return kernel.call(memory, call, a, b, c, d, e, f);
    }

    @Override
    public long pwrite(
        int fd, CallMemory call, long address, long byteSize, long position, MemorySegment held) {
      return kernel.pwrite(fd, call, address, byteSize, position, held);
    }

    @Override
    public int statx(int fd, CallMemory call, int flags, int mask, MemorySegment struct) {
      return kernel.statx(fd, call, flags, mask, struct);
    }

    @Override
    public long send(
        int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held) {
      return kernel.send(fd, call, address, byteSize, flags, held);
    }

    @Override
    public long recv(
        int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held) {
      return kernel.recv(fd, call, address, byteSize, flags, held);
    }
  }
}
