package io.ringspun.testing;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.ringspun.internal.kernel.CallMemory;
import io.ringspun.internal.kernel.CompletionEntry;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.RingParams;
import io.ringspun.internal.kernel.SubmissionEntry;
import io.ringspun.internal.kernel.SystemCall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToIntFunction;

/**
 * The real kernel with faults. Operations are real unless a {@link FaultRule} says otherwise; a
 * ring's completions pass through a queue of ours, so that they can be kept back, changed, repeated
 * and made up. Entries are changed in the submission queue itself, before the kernel sees them.
 *
 * <p>Completions become visible during {@code enter} only, on the ring's thread, as with {@code
 * DEFER_TASKRUN}. Rings with {@code SQPOLL} are not for this class: the kernel takes their entries
 * by itself.
 *
 * <p>Safe for use by many threads; what tests change takes effect at the next {@code enter}, which
 * is brought about at once.
 */
public final class FaultKernel implements Kernel, AutoCloseable {
  private static final Kernel REAL = LinuxKernel.INSTANCE;
  private static final VarHandle INT = JAVA_INT.varHandle();
  private static final int IORING_NOP_INJECT_RESULT = 1; // Linux 6.10

  // Our completion queue: head, tail and overflow count on lines of their own, then the entries.
  private static final long HEAD = 0;
  private static final long TAIL = 64;
  private static final long OVERFLOW = 128;
  private static final long ENTRIES = 192;

  // Guarded by this, except what a thread that a ring carries looks at: it must not wait for a lock
  // that the ring's own thread wants, too, since each would wait for the other.
  private final Map<Integer, Shadow> rings = new ConcurrentHashMap<>();
  private final List<FaultRule> rules = new ArrayList<>();
  private final List<Request> submitted = new ArrayList<>();
  private final List<RingParams> tried = new ArrayList<>();
  private final Map<Integer, Integer> registerFaults = new HashMap<>();
  private final Map<SystemCall, Integer> callFaults = new ConcurrentHashMap<>();
  private final Map<Integer, Integer> registered = new HashMap<>();
  private ToIntFunction<RingParams> openFault = _ -> 0;
  private int eventfdFault;
  private volatile int sendFault;
  private int enterErrno;
  private int enterFaults;
  private int enterSkips;
  private Throwable enterThrows;
  private Error signalError;
  private volatile int signalThrows;
  private Thread signalThrower;
  private volatile int inlineMax = Integer.MAX_VALUE;
  private volatile long inlineNanos;
  private int hiddenFeatures;
  private int enterFlags;
  private Shadow youngest;
  private long enters;

  /**
   * One entry as it stood in the submission queue, before any rule changed it.
   *
   * @param enter the number of the {@code enter} that took it
   * @param ring the ring's descriptor
   * @param opcode {@code IORING_OP_} number
   * @param flags {@code IOSQE_} flags
   * @param priority flags of operations on sockets
   * @param fd what it works on
   * @param offset the second word
   * @param address the third word
   * @param length bytes, or buffers of a vectored transfer
   * @param operationFlags the operation's own flags
   * @param userData what its completion carries
   */
  public record Request(
      long enter,
      int ring,
      int opcode,
      int flags,
      int priority,
      int fd,
      long offset,
      long address,
      int length,
      int operationFlags,
      long userData) {

    /** Returns whether it is the ring's own wake-up read or cancel. */
    public boolean isInternal() {
      return userData < 0 && userData >= Short.MIN_VALUE;
    }

    /** Returns whether the next entry is linked to it. */
    public boolean isLinked() {
      return (flags & (IOSQE_IO_LINK | IOSQE_IO_HARDLINK)) != 0;
    }

    boolean isVectored() {
      return switch (opcode) {
        case IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_READV_FIXED, IORING_OP_WRITEV_FIXED ->
            true;
        default -> false;
      };
    }

    /** Returns how many bytes it asks for. */
    public long byteSize() {
      if (!isVectored()) {
        return Integer.toUnsignedLong(length);
      }
      long sum = 0;
      for (int i = 0; i < length; i++) {
        sum += vector().get(JAVA_LONG, 16L * i + 8);
      }
      return sum;
    }

    MemorySegment vector() {
      return MemorySegment.ofAddress(address).reinterpret(16L * length);
    }
  }

  private record Completion(long userData, int result, int flags) {}

  /** A ring with completions of our making. Guarded by the kernel's lock. */
  private final class Shadow {
    final RingMemory real;
    final RingMemory shown;
    final MemorySegment queue; // kept reachable by this, freed by the garbage collector
    final Map<Long, FaultRule> faults = new HashMap<>(); // of operations in flight
    final Map<Long, MemorySegment> vectors = new HashMap<>(); // shortened ones, likewise
    final Deque<Completion> due = new ArrayDeque<>();
    final List<Completion> held = new ArrayList<>();
    int seen; // index of the first submission not yet looked at
    volatile int eventfd = -1;

    Shadow(RingMemory real) {
      this.real = real;
      RingMemory.Completion theirs = real.completion();
      queue = Arena.ofAuto().allocate(ENTRIES + theirs.count() * CompletionEntry.SIZE_BYTES, 64);
      shown =
          lessFeatures(real)
              .withCompletion(
                  new RingMemory.Completion(queue, HEAD, TAIL, OVERFLOW, ENTRIES, theirs.count()));
    }

    private RingMemory lessFeatures(RingMemory ring) {
      return new RingMemory(
          ring.fd(),
          ring.flags(),
          ring.features() & ~hiddenFeatures,
          ring.submission(),
          ring.entries(),
          ring.completion());
    }

    /** Looks at what is new in the submission queue and changes it where a rule says so. */
    void inspect() {
      RingMemory.Submission queue = real.submission();
      int tail = (int) INT.getAcquire(queue.memory(), queue.tail());
      for (; seen != tail; seen++) {
        long at = (seen & (queue.count() - 1)) * SubmissionEntry.SIZE_BYTES;
        Request request = read(at);
        submitted.add(request);
        for (FaultRule rule : rules) {
          if (rule.apply(request)) {
            change(request, rule, at);
            break;
          }
        }
      }
    }

    private Request read(long at) {
      MemorySegment entries = real.entries();
      return new Request(
          enters,
          real.fd(),
          Byte.toUnsignedInt(entries.get(JAVA_BYTE, at)),
          Byte.toUnsignedInt(entries.get(JAVA_BYTE, at + 1)),
          entries.get(JAVA_SHORT, at + 2),
          entries.get(JAVA_INT, at + 4),
          entries.get(JAVA_LONG, at + 8),
          entries.get(JAVA_LONG, at + 16),
          entries.get(JAVA_INT, at + 24),
          entries.get(JAVA_INT, at + 28),
          entries.get(JAVA_LONG, at + 32));
    }

    private void change(Request request, FaultRule rule, long at) {
      MemorySegment entries = real.entries();
      faults.put(request.userData, rule);
      if (rule.length.isPresent()) {
        int length = rule.length.getAsInt();
        if (request.isVectored()) {
          MemorySegment vector = shorten(request, length);
          vectors.put(request.userData, vector);
          entries.set(JAVA_LONG, at + 16, vector.address());
          entries.set(JAVA_INT, at + 24, (int) (vector.byteSize() / 16));
        } else {
          entries.set(JAVA_INT, at + 24, length);
        }
      }
      if (rule.instead.isPresent()) {
        SubmissionEntry nop = new SubmissionEntry();
        nop.nop();
        nop.writeTo(entries, at, request.userData, request.flags & ~IOSQE_FIXED_FILE);
        entries.set(JAVA_INT, at + 24, rule.instead.getAsInt());
        entries.set(JAVA_INT, at + 28, IORING_NOP_INJECT_RESULT);
      }
    }

    /** Cuts a vector; the operations on registered buffers take no empty pieces. */
    private static MemorySegment shorten(Request request, long length) {
      MemorySegment copy = Arena.ofAuto().allocate(16L * request.length, 16);
      copy.copyFrom(request.vector());
      long left = length;
      long end = 0;
      for (; left > 0 && end < copy.byteSize(); end += 16) {
        long size = Math.min(left, copy.get(JAVA_LONG, end + 8));
        copy.set(JAVA_LONG, end + 8, size);
        left -= size;
      }
      return copy.asSlice(0, end);
    }

    /** Takes the kernel's completions, and decides on each. */
    void collect() {
      RingMemory.Completion queue = real.completion();
      int head = (int) INT.getAcquire(queue.memory(), queue.head());
      int tail = (int) INT.getAcquire(queue.memory(), queue.tail());
      for (; head != tail; head++) {
        long at = queue.entries() + (head & (queue.count() - 1)) * CompletionEntry.SIZE_BYTES;
        take(
            new Completion(
                CompletionEntry.userData(queue.memory(), at),
                CompletionEntry.result(queue.memory(), at),
                CompletionEntry.flags(queue.memory(), at)));
      }
      INT.setRelease(queue.memory(), queue.head(), head);
    }

    private void take(Completion completion) {
      boolean last = (completion.flags & IORING_CQE_F_MORE) == 0;
      FaultRule rule = last ? faults.remove(completion.userData) : faults.get(completion.userData);
      if (rule == null) {
        due.add(completion);
        return;
      }
      vectors.remove(completion.userData);
      Completion seen = completion;
      if (rule.answer.isPresent()) {
        seen = new Completion(seen.userData, rule.answer.getAsInt(), seen.flags);
      } else if (rule.instead.isPresent() && completion.result != -Errno.ECANCELED) {
        // An older kernel's nop always succeeds.
        seen = new Completion(seen.userData, rule.instead.getAsInt(), seen.flags);
      }
      if (rule.dropped) {
        return;
      }
      for (int i = 0; i <= rule.copies; i++) {
        if (rule.delayed || (last && rule.lastDelayed)) {
          held.add(seen);
        } else {
          due.add(seen);
        }
      }
    }

    /** Shows the ring what is due, as far as there is room; returns whether it has any to read. */
    boolean show() {
      int count = shown.completion().count();
      int head = (int) INT.getAcquire(queue, HEAD);
      int tail = (int) INT.getAcquire(queue, TAIL);
      while (!due.isEmpty() && tail - head < count) {
        Completion next = due.poll();
        long at = ENTRIES + (tail & (count - 1)) * CompletionEntry.SIZE_BYTES;
        CompletionEntry.write(queue, at, next.userData, next.result, next.flags);
        tail++;
      }
      INT.setRelease(queue, TAIL, tail);
      return tail != head;
    }
  }

  // ---- what tests may ask for ----------------------------------------------------------------

  /** Adds a rule, for what is submitted from now on. */
  public synchronized FaultRule add(FaultRule rule) {
    rules.add(rule);
    return rule;
  }

  /** Drops all rules; what they have begun to change stays changed. */
  public synchronized void clear() {
    rules.clear();
  }

  /** Drops all rules and lets all completions go, so that a ring can be closed after it. */
  @Override
  public synchronized void close() {
    rules.clear();
    release();
  }

  /** Makes the next calls of {@code enter} fail, on any ring. */
  public synchronized void failEnter(int errno, int times) {
    failEnter(errno, times, 0);
    nudge();
  }

  /** Makes calls of {@code enter} fail, after so many that do not. */
  public synchronized void failEnter(int errno, int times, int after) {
    enterErrno = errno;
    enterFaults = times;
    enterSkips = after;
  }

  /** Returns how many of those failures are still to come. */
  public synchronized int enterFaultsLeft() {
    return enterFaults;
  }

  /** Makes the next {@code enter} throw, whatever it is, checked or not. */
  public synchronized void throwFromEnter(Throwable throwable) {
    enterThrows = throwable;
    nudge();
  }

  /**
   * Makes the next calls of {@code signal} throw.
   *
   * @param caller on this thread only, or null for any
   */
  public synchronized void throwFromSignal(Error error, int times, Thread caller) {
    signalError = error;
    signalThrows = times;
    signalThrower = caller;
  }

  /** Returns how often {@code signal} is still to throw. */
  public synchronized int signalThrowsLeft() {
    return signalThrows;
  }

  /** Makes {@code io_uring_register} fail for an opcode. */
  public synchronized void failRegister(int opcode, int errno) {
    registerFaults.put(opcode, errno);
  }

  /** Makes a system call fail. */
  public synchronized void failCall(SystemCall call, int errno) {
    callFaults.put(call, errno);
  }

  /** Returns how often {@code io_uring_register} succeeded with an opcode, on any ring. */
  public synchronized int registered(int opcode) {
    return registered.getOrDefault(opcode, 0);
  }

  /** Makes {@code io_uring_setup} fail where the function returns an errno and not 0. */
  public synchronized void failOpen(ToIntFunction<RingParams> errno) {
    openFault = errno;
  }

  /** Makes rings that are opened from now on lack some {@code IORING_FEAT_} bits. */
  public synchronized void hideFeatures(int bits) {
    hiddenFeatures = bits;
  }

  /** Returns all flags that {@code enter} was called with, on any ring. */
  public synchronized int enterFlags() {
    return enterFlags;
  }

  /** Makes {@code eventfd} fail. */
  public synchronized void failEventfd(int errno) {
    eventfdFault = errno;
  }

  /** Limits what attempts without the ring may transfer. */
  public synchronized void shortenInline(int bytes) {
    inlineMax = bytes;
  }

  /** Returns what rings were asked for, opened or not. */
  public synchronized List<RingParams> openAttempts() {
    return List.copyOf(tried);
  }

  /** Returns how many rings are open. */
  public synchronized int openRings() {
    return rings.size();
  }

  /** Returns what was submitted so far, internal entries too, as it was before any change. */
  public synchronized List<Request> submitted() {
    return List.copyOf(submitted);
  }

  /** Returns how many operations with an opcode were submitted, apart from internal ones. */
  public synchronized long submitted(int opcode) {
    return submitted.stream().filter(r -> !r.isInternal() && r.opcode == opcode).count();
  }

  /** Forgets what was submitted so far. */
  public synchronized void forget() {
    submitted.clear();
  }

  /** Returns how many completions are kept back. */
  public synchronized int held() {
    return rings.values().stream().mapToInt(ring -> ring.held.size()).sum();
  }

  /** Lets go of the completions that are kept back, oldest first. */
  public synchronized void release() {
    for (Shadow ring : rings.values()) {
      ring.due.addAll(ring.held);
      ring.held.clear();
    }
    nudge();
  }

  /** Lets go of the completions that are kept back, in any order. */
  public synchronized void releaseShuffled(Random random) {
    for (Shadow ring : rings.values()) {
      Collections.shuffle(ring.held, random);
    }
    release();
  }

  /** Lets the rings see a completion that no kernel made. */
  public synchronized void inject(long userData, int result, int flags) {
    for (Shadow ring : rings.values()) {
      ring.due.add(new Completion(userData, result, flags));
    }
    nudge();
  }

  /** Makes the rings come round: their wake-up reads see a signal that nobody sent. */
  public synchronized void nudge() {
    for (Shadow ring : rings.values()) {
      if (ring.eventfd >= 0) {
        REAL.signal(ring.eventfd);
      }
    }
  }

  /** Returns whether failed operations break chains here, which needs Linux 6.10. */
  public static boolean breaksChains() {
    try {
      RingMemory ring = REAL.open(new RingParams(1, 0, 0));
      try {
        SubmissionEntry nop = new SubmissionEntry();
        nop.writeTo(ring.entries(), 0, 0, 0);
        ring.entries().set(JAVA_INT, 24, -5);
        ring.entries().set(JAVA_INT, 28, IORING_NOP_INJECT_RESULT);
        RingMemory.Submission queue = ring.submission();
        queue.memory().set(JAVA_INT, queue.array(), 0);
        INT.setRelease(queue.memory(), queue.tail(), 1);
        REAL.enter(ring, 1, 1, IORING_ENTER_GETEVENTS);
        RingMemory.Completion answers = ring.completion();
        return CompletionEntry.result(answers.memory(), answers.entries()) == -5;
      } finally {
        REAL.close(ring);
      }
    } catch (ErrnoException e) {
      throw new AssertionError(e);
    }
  }

  // ---- the kernel ----------------------------------------------------------------------------

  @Override
  public synchronized RingMemory open(RingParams params) throws ErrnoException {
    tried.add(params);
    int errno = openFault.applyAsInt(params);
    if (errno != 0) {
      throw params.refusal(errno);
    }
    Shadow ring = new Shadow(REAL.open(params));
    rings.put(ring.real.fd(), ring);
    youngest = ring;
    return ring.shown;
  }

  /** Refuses: the queue that a ring sees here is not the kernel's. */
  @Override
  public RingMemory resize(RingMemory ring, RingParams params) throws ErrnoException {
    throw new ErrnoException("IORING_REGISTER_RESIZE_RINGS", Errno.EINVAL);
  }

  @Override
  public synchronized void close(RingMemory ring) {
    REAL.close(rings.remove(ring.fd()).real);
  }

  @Override
  public int enter(RingMemory ring, int toSubmit, int minComplete, int flags) {
    return enter(ring, toSubmit, minComplete, flags, MemorySegment.NULL);
  }

  @Override
  public int enter(
      RingMemory ring, int toSubmit, int minComplete, int flags, MemorySegment argument) {
    Shadow shadow;
    boolean readable;
    synchronized (this) {
      enters++;
      enterFlags |= flags;
      shadow = rings.get(ring.fd());
      if (enterThrows != null) {
        Throwable chosen = enterThrows;
        enterThrows = null;
        throw FaultKernel.<RuntimeException>sneaky(chosen);
      }
      if (enterSkips > 0) {
        enterSkips--;
      } else if (enterFaults > 0) {
        enterFaults--;
        return -enterErrno;
      }
      shadow.inspect();
      readable = shadow.show();
    }
    int least = readable ? 0 : minComplete;
    int result =
        argument.byteSize() == 0
            ? REAL.enter(shadow.real, toSubmit, least, flags)
            : REAL.enter(shadow.real, toSubmit, least, flags, argument);
    synchronized (this) {
      shadow.collect();
      shadow.show();
    }
    return result;
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> T sneaky(Throwable throwable) throws T {
    throw (T) throwable;
  }

  @Override
  public int register(RingMemory ring, int opcode, MemorySegment argument, int count) {
    Shadow shadow;
    synchronized (this) {
      shadow = rings.get(ring.fd());
      Integer errno = registerFaults.get(opcode);
      if (errno != null) {
        return -errno;
      }
    }
    int result = REAL.register(shadow.real, opcode, argument, count);
    synchronized (this) {
      if (result >= 0) {
        registered.merge(opcode, 1, Integer::sum);
      }
    }
    return result;
  }

  /** Makes sending without a ring fail, or not with 0. */
  public synchronized void failSend(int errno) {
    sendFault = errno;
  }

  @Override
  public int send(MemorySegment entry) {
    return sendFault != 0 ? -sendFault : REAL.send(entry);
  }

  @Override
  public synchronized int eventfd() {
    if (eventfdFault != 0) {
      return -eventfdFault;
    }
    int fd = REAL.eventfd();
    if (youngest != null && youngest.eventfd < 0) {
      youngest.eventfd = fd;
    }
    return fd;
  }

  /** Makes writes on the calling thread take as long as this, at least. */
  public void slowInlineWrites(Duration time) {
    inlineNanos = time.toNanos();
  }

  @Override
  public int signal(int eventfd) {
    if (signalThrows > 0) {
      throwOnce();
    }
    return REAL.signal(eventfd);
  }

  private synchronized void throwOnce() {
    if (signalThrows > 0 && (signalThrower == null || signalThrower == Thread.currentThread())) {
      signalThrows--;
      throw signalError;
    }
  }

  @Override
  public int close(int fd) {
    for (Shadow ring : rings.values()) {
      if (ring.eventfd == fd) {
        ring.eventfd = -1;
      }
    }
    return REAL.close(fd);
  }

  @Override
  public long call(
      CallMemory memory, SystemCall call, long a, long b, long c, long d, long e, long f) {
    Integer errno = callFaults.get(call);
    if (errno != null) {
      return -errno;
    }
    return REAL.call(memory, call, a, b, c, d, e, f);
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
    return REAL.preadv2(fd, call, address, limited(byteSize), position, flags, held);
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
    return REAL.pwritev2(fd, call, address, limited(byteSize), position, flags, held);
  }

  @Override
  public long pwrite(
      int fd, CallMemory call, long address, long byteSize, long position, MemorySegment held) {
    long slowNanos = inlineNanos;
    if (slowNanos > 0) {
      sleep(slowNanos);
    }
    return REAL.pwrite(fd, call, address, limited(byteSize), position, held);
  }

  /** Sleeps in the kernel, as for a device: a virtual thread holds its carrier meanwhile. */
  private static void sleep(long nanos) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time =
          arena.allocateFrom(JAVA_LONG, nanos / 1_000_000_000, nanos % 1_000_000_000);
      REAL.call(SystemCall.PPOLL, 0, 0, time.address(), 0, 8);
    }
  }

  @Override
  public int statx(int fd, CallMemory call, int flags, int mask, MemorySegment struct) {
    return REAL.statx(fd, call, flags, mask, struct);
  }

  @Override
  public long send(
      int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held) {
    return REAL.send(fd, call, address, limited(byteSize), flags, held);
  }

  @Override
  public long recv(
      int fd, CallMemory call, long address, long byteSize, int flags, MemorySegment held) {
    return REAL.recv(fd, call, address, limited(byteSize), flags, held);
  }

  private long limited(long byteSize) {
    return Math.min(byteSize, inlineMax);
  }
}
