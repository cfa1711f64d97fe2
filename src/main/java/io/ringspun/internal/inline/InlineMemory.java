package io.ringspun.internal.inline;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.ringspun.internal.kernel.CallMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.EpollEntry;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.kernel.NativeThread;
import io.ringspun.internal.kernel.OpenHow;
import io.ringspun.internal.kernel.Statx;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.CarrierThread;
import io.ringspun.internal.memory.PathMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Memory for one plain system call: its arguments, its results, and two names. Each carrier finds
 * one of its own; a thread holds it from {@link #take} to {@link #close} and should not park
 * meanwhile, since others then have to do without.
 */
public final class InlineMemory implements AutoCloseable {
  /** The size of the buffer for a copy of heap memory. */
  public static final int BUFFER_BYTES = 64 << 10;

  private static final int TIMED_BRIEF_CALLS = 8;
  private static final int SPINS = 1_000;
  private static final int TRIES = 4;
  private static final long LOOK_AGAIN_NANOS = 20_000;

  /** Longer names go to the ring. */
  private static final long NAME_BYTES = 1024;

  private static final long HOW = 0;
  private static final long USAGE = 32; // struct rusage, 144 bytes
  private static final long STATX = 192; // and a zero byte behind it
  private static final long NAME = 512;
  private static final long SECOND_NAME = NAME + NAME_BYTES;
  private static final long BYTES = SECOND_NAME + NAME_BYTES;

  private static final long BLOCKS_READ = USAGE + 88;
  private static final long VOLUNTARY_SWITCHES = USAGE + 128;

  private static final InlineMemory[] BY_STRIPE = new InlineMemory[CarrierThread.STRIPES];

  private static final VarHandle USER;
  private static final VarHandle PACE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      USER = lookup.findVarHandle(InlineMemory.class, "user", Object.class);
      PACE = lookup.findVarHandle(InlineMemory.class, "pace", Pace.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
    for (int i = 0; i < BY_STRIPE.length; i++) {
      BY_STRIPE[i] = new InlineMemory();
    }
  }

  private final CallMemory call = new CallMemory();
  private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, 64);
  private final MemorySegment statx = memory.asSlice(STATX, Statx.SIZE_BYTES + 1);
  private final MemorySegment name = memory.asSlice(NAME, NAME_BYTES);
  private final MemorySegment secondName = memory.asSlice(SECOND_NAME, NAME_BYTES);

  /** What the holder works on, read by whoever closes that; null if nobody holds this. */
  @SuppressWarnings("unused") // through USER
  private volatile @Nullable Object user;

  private @Nullable MemorySegment buffer; // made when needed

  // Written by the thread that holds this, read by the watchdog: first the pace, then since when.
  @SuppressWarnings("unused") // through PACE
  private volatile @Nullable Pace pace;

  private long since;

  private long carrierId; // of the thread that timed a call last
  private int thread; // the kernel's number of that thread, or 0 if it changes too often to ask

  private int nameLength;

  private Pace.Verdict verdict = Pace.Verdict.QUICK;
  private boolean isTimed = true;
  private int briefCalls;
  private long switches; // how often the thread had slept before
  private long blocksRead; // and how much it had read from devices

  @SuppressWarnings("unused") // distance to the next one
  private long p0, p1, p2, p3, p4, p5, p6, p7;

  private InlineMemory() {}

  /** Returns memory for one thread alone. */
  public static InlineMemory create() {
    return new InlineMemory();
  }

  /**
   * Takes what the calling thread's carrier has, or else another: a thread that holds one may have
   * lost its processor.
   *
   * @param work what the memory is for: a descriptor that must stay open meanwhile, or anything
   * @return null if other threads have those that it tried
   */
  public static @Nullable InlineMemory take(Object work) {
    int stripe = CarrierThread.stripe();
    for (int i = 0; i < TRIES; i++) {
      InlineMemory memory = BY_STRIPE[(stripe + i) & (CarrierThread.STRIPES - 1)];
      if (memory.user == null && USER.compareAndSet(memory, null, work)) {
        return memory;
      }
    }
    return null;
  }

  /**
   * Takes memory that only the threads of one carrier use, one of which may have left the carrier
   * meanwhile: the JDK may have a lock where nobody expects one.
   *
   * @return false if another thread has it
   */
  public boolean use(Object work) {
    boolean isFree = user == null;
    if (isFree) {
      USER.setVolatile(this, work);
    }
    return isFree;
  }

  /** Gives it back. */
  @Override
  public void close() {
    USER.setRelease(this, null);
  }

  /** Waits until no carrier is in a call on something that is closed already. */
  public static void awaitUnused(Object work) {
    for (InlineMemory memory : BY_STRIPE) {
      memory.awaitOther(work);
    }
  }

  /** Waits until the holder is not in a call on something that is closed already. */
  public void awaitOther(Object work) {
    for (int i = 0; user == work; i++) {
      if (i < SPINS) {
        Thread.onSpinWait(); // most calls take as long as their copying
      } else {
        LockSupport.parkNanos(LOOK_AGAIN_NANOS);
      }
    }
  }

  /** Does {@link #noticeSlowCall} for all carriers. */
  public static void noticeSlowCalls(long now) {
    for (InlineMemory memory : BY_STRIPE) {
      memory.noticeSlowCall(now);
    }
  }

  /** Any thread: has a call that has been going on for long send those like it to the ring. */
  public void noticeSlowCall(long now) {
    Pace going = pace;
    long took = now - since;
    int caller = thread;
    if (going != null
        && going == pace
        && Pace.isLong(took)
        && (caller == 0 || !NativeThread.isRunning(caller))) {
      going.isTakingLong(took, now);
    }
  }

  /**
   * Begins a call that may wait, and its time.
   *
   * @return false if calls like it go to the ring for now
   */
  public boolean begins(Pace kind, Kernel kernel) {
    long now = System.nanoTime();
    Pace.Verdict asked = kind.ask(now);
    if (asked == Pace.Verdict.PAUSED) {
      since = now;
      return false;
    }
    verdict = asked;
    if (CarrierThread.isKnown()) {
      long carrier = CarrierThread.current().threadId();
      if (carrier != carrierId) {
        carrierId = carrier;
        thread = NativeThread.current(kernel, call);
      }
    }
    if (asked != Pace.Verdict.QUICK) {
      readUsage(kernel);
      switches = memory.get(JAVA_LONG, VOLUNTARY_SWITCHES);
      blocksRead = memory.get(JAVA_LONG, BLOCKS_READ);
    }
    since = now;
    PACE.setRelease(this, kind);
    return true;
  }

  /**
   * Begins a call as {@link #begins} does that is so brief that to look at the clock would take a
   * good part of its time: one of several is timed.
   */
  public boolean beginsBrief(Pace kind, Kernel kernel) {
    if (kind.isQuick() && ++briefCalls % TIMED_BRIEF_CALLS != 0) {
      isTimed = false;
      return true;
    }
    return begins(kind, kernel);
  }

  /** Ends what was begun; returns whether it was slow. */
  public boolean ended(Kernel kernel) {
    if (!isTimed) {
      isTimed = true;
      return false;
    }
    Pace kind = pace;
    PACE.setRelease(this, null);
    long now = System.nanoTime();
    if (kind == null) {
      return false;
    }
    boolean isWatched = verdict != Pace.Verdict.QUICK && now - since >= Pace.SLOW_NANOS;
    return kind.ended(verdict, since, now, isWatched ? waited(kernel) : Pace.Wait.NONE);
  }

  /** Returns what the calling thread has waited for since the call began. */
  private Pace.Wait waited(Kernel kernel) {
    readUsage(kernel);
    if (memory.get(JAVA_LONG, VOLUNTARY_SWITCHES) == switches) {
      return Pace.Wait.NONE;
    }
    boolean hasRead = memory.get(JAVA_LONG, BLOCKS_READ) != blocksRead;
    return hasRead ? Pace.Wait.DEVICE : Pace.Wait.OTHERS;
  }

  private void readUsage(Kernel kernel) {
    kernel.call(
        call, SystemCall.GETRUSAGE, Constants.RUSAGE_THREAD, memory.address() + USAGE, 0, 0, 0, 0);
  }

  /** Returns the part that every call needs. */
  public CallMemory call() {
    return call;
  }

  /** Returns the buffer, {@link #BUFFER_BYTES}, which is page-aligned. */
  public MemorySegment buffer() {
    MemorySegment made = buffer;
    if (made == null) {
      made = Arena.ofAuto().allocate(BUFFER_BYTES, NativeMemory.ALIGNMENT);
      buffer = made;
    }
    return made;
  }

  /** Copies to the buffer. */
  public void copyFrom(byte[] source, int offset, int length) {
    MemorySegment.copy(source, offset, buffer(), ValueLayout.JAVA_BYTE, 0, length);
  }

  /** Copies what is in the buffer. */
  public void copyTo(byte[] target, int offset, int length) {
    MemorySegment.copy(buffer(), ValueLayout.JAVA_BYTE, 0, target, offset, length);
  }

  /** Returns room for {@code struct statx}, with a zero byte behind it. */
  public MemorySegment statx() {
    return statx;
  }

  /** Writes how to open a file, and returns where. */
  public long how(int flags, int mode, int resolve) {
    OpenHow.write(memory, flags, mode, resolve);
    return memory.address() + HOW;
  }

  /** Writes one of up to four numbers, such as positions in files, and returns where. */
  public long position(int index, long value) {
    long at = HOW + (long) Long.BYTES * index;
    memory.set(JAVA_LONG, at, value);
    return memory.address() + at;
  }

  /** Writes a {@code struct epoll_event}, and returns where. */
  public long event(int events, long data) {
    EpollEntry.put(memory, events, data);
    return memory.address() + HOW;
  }

  /** Writes a name; returns whether there is room for it. */
  public boolean hasRoomFor(Path path) {
    nameLength = PathMemory.write(path, name);
    return nameLength >= 0;
  }

  /** Returns the pace of calls on the name. */
  Pace pace(PaceTable paces, int directory) {
    return paces.of(directory, name, nameLength);
  }

  /** Writes another name; returns whether there is room for it. */
  public boolean hasRoomForSecond(Path path) {
    return PathMemory.write(path, secondName) >= 0;
  }

  /** Writes the name of an extended attribute as the other name, like {@link #hasRoomForSecond}. */
  public boolean hasRoomForAttribute(String attribute) {
    byte[] bytes = attribute.getBytes(StandardCharsets.UTF_8);
    if (bytes.length >= NAME_BYTES) {
      return false;
    }
    MemorySegment.copy(bytes, 0, secondName, ValueLayout.JAVA_BYTE, 0, bytes.length);
    secondName.set(ValueLayout.JAVA_BYTE, bytes.length, (byte) 0);
    return true;
  }

  /** Writes two times, each a {@code struct timespec}, and returns where. */
  public long times(long seconds, long nanos, long secondSeconds, long secondNanos) {
    position(0, seconds);
    position(1, nanos);
    position(2, secondSeconds);
    position(3, secondNanos);
    return memory.address() + HOW;
  }

  /** Returns the address of the name. */
  public long name() {
    return name.address();
  }

  /** Returns the address of the other name. */
  public long secondName() {
    return secondName.address();
  }
}
