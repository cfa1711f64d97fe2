package io.ringspun;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Registration;
import io.ringspun.internal.ring.EngineConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Ring} is to be opened. Immutable; each {@code with} method returns a changed copy
 * and refuses nonsense at once. What was asked for and the kernel does not have makes {@link
 * Ring#open} fail with {@link RingUnavailableException}, whose message names it; only what the
 * defaults ask for is done without.
 *
 * @since 0.1
 */
public final class RingOptions {
  /** The kernel's own limit, {@code IORING_MAX_ENTRIES}. */
  private static final int ENTRIES_MAX = 32_768;

  /** The kernel's own limit, {@code IORING_MAX_FIXED_FILES}. */
  private static final int REGISTERED_FILES_MAX = 1 << 20;

  private static final int ANY_CPU = -1;
  private static final int CPU_MAX = 8191;

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private static final RingOptions DEFAULTS = new RingOptions();

  private int entries = 256;
  private int completionEntries; // 0: four for each submission entry
  private int completionEntriesMax; // 0: the queue does not grow
  private Set<SetupFlag> flags = Set.of();
  private String name = "";
  private int inFlightLimit;
  private int boundedWorkers = 4 * PROCESSORS;
  private int unboundedWorkers = 16;
  private int registeredFiles;
  private boolean inlineAttempts = true;
  private int sqThreadIdleMillis; // 0: no such thread
  private int sqThreadCpu = ANY_CPU;
  private int devicePolling; // IORING_SETUP_ flags
  private BitSet workerCpus = new BitSet(); // empty: all; never changed once it is set
  private int napiMicros; // 0: none
  private boolean napiPreferred;
  private EngineConfig.@Nullable MinimumWait minimumWait;
  private @Nullable RingRestriction restriction;

  private RingOptions() {}

  private RingOptions(RingOptions other) {
    entries = other.entries;
    completionEntries = other.completionEntries;
    completionEntriesMax = other.completionEntriesMax;
    flags = other.flags;
    name = other.name;
    inFlightLimit = other.inFlightLimit;
    boundedWorkers = other.boundedWorkers;
    unboundedWorkers = other.unboundedWorkers;
    registeredFiles = other.registeredFiles;
    inlineAttempts = other.inlineAttempts;
    sqThreadIdleMillis = other.sqThreadIdleMillis;
    sqThreadCpu = other.sqThreadCpu;
    devicePolling = other.devicePolling;
    workerCpus = other.workerCpus;
    napiMicros = other.napiMicros;
    napiPreferred = other.napiPreferred;
    minimumWait = other.minimumWait;
    restriction = other.restriction;
  }

  /**
   * Returns the options that suit most: 256 entries, the best flags that the kernel takes, bounded
   * kernel workers, inline attempts.
   *
   * @return the defaults
   */
  public static RingOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets the size of the submission queue. It bounds the length of a chain, not the number of
   * callers: those that find no room wait in fair order.
   *
   * @param entries from 1 to 32,768; the kernel rounds up to a power of two
   * @return the changed copy
   * @throws IllegalArgumentException if out of that range
   */
  public RingOptions withEntries(int entries) {
    if (entries < 1 || entries > ENTRIES_MAX) {
      throw new IllegalArgumentException(
          "entries must be from 1 to %,d: %,d".formatted(ENTRIES_MAX, entries));
    }
    RingOptions copy = new RingOptions(this);
    copy.entries = entries;
    return copy;
  }

  /**
   * Sets the size of the completion queue ({@code IORING_SETUP_CQSIZE}), which bounds the
   * operations in flight. By default it has four entries for each of the submission queue, at least
   * 16.
   *
   * @param completionEntries from 4 to 65,536 and not below the submission entries; the kernel
   *     rounds up to a power of two
   * @return the changed copy
   * @throws IllegalArgumentException if out of that range
   */
  public RingOptions withCompletionEntries(int completionEntries) {
    RingOptions copy = new RingOptions(this);
    copy.completionEntries = requireCompletionEntries(completionEntries);
    return copy;
  }

  /**
   * Lets the completion queue grow ({@code IORING_REGISTER_RESIZE_RINGS}, Linux 6.13): each time
   * that completions have found no room in it, it is made twice as large, up to a limit. Only what
   * may wait for ever, such as thousands of idle connections, can be more than it holds; nothing is
   * lost without this either, but the kernel then has to keep what it could not hand over. The
   * operations in flight stay bounded by the size at the start.
   *
   * <p>Where the kernel refuses, such as before 6.13, on a restricted ring, or without {@code
   * DEFER_TASKRUN}, the queue stays as it is. Kernels from 6.13 on that lack the corrections which
   * came with 7.0 to resizing, and to stable series since, may corrupt memory of their own when a
   * completion comes just then; so this is off by default.
   *
   * @param entries from 4 to 65,536; the kernel rounds up to a power of two
   * @return the changed copy
   * @throws IllegalArgumentException if out of that range
   */
  public RingOptions withCompletionEntriesUpTo(int entries) {
    RingOptions copy = new RingOptions(this);
    copy.completionEntriesMax = requireCompletionEntries(entries);
    return copy;
  }

  private static int requireCompletionEntries(int entries) {
    if (entries < 4 || entries > 2 * ENTRIES_MAX) {
      throw new IllegalArgumentException(
          "completion entries must be from 4 to %,d: %,d".formatted(2 * ENTRIES_MAX, entries));
    }
    return entries;
  }

  /**
   * Chooses the flags of {@code io_uring_setup(2)} instead of Ringspun's own choice. {@code
   * R_DISABLED}, {@code CQSIZE} and {@code CLAMP} are always added.
   *
   * @param first a flag
   * @param more further flags
   * @return the changed copy
   * @throws IllegalArgumentException if flags contradict each other: {@code DEFER_TASKRUN} without
   *     {@code SINGLE_ISSUER}, {@code TASKRUN_FLAG} without {@code COOP_TASKRUN} or {@code
   *     DEFER_TASKRUN}, either of these two with {@link #withKernelPolling}
   */
  public RingOptions withFlags(SetupFlag first, SetupFlag... more) {
    Set<SetupFlag> chosen = EnumSet.of(first, more);
    requireTogether(chosen, SetupFlag.DEFER_TASKRUN, SetupFlag.SINGLE_ISSUER);
    if (!chosen.contains(SetupFlag.COOP_TASKRUN)) {
      requireTogether(chosen, SetupFlag.TASKRUN_FLAG, SetupFlag.DEFER_TASKRUN);
    }
    RingOptions copy = new RingOptions(this);
    copy.flags = chosen;
    return copy.checked();
  }

  private static void requireTogether(Set<SetupFlag> chosen, SetupFlag flag, SetupFlag needed) {
    if (chosen.contains(flag) && !chosen.contains(needed)) {
      throw new IllegalArgumentException(flag + " needs " + needed);
    }
  }

  private RingOptions checked() {
    if (pollsInKernel()
        && (flags.contains(SetupFlag.DEFER_TASKRUN) || flags.contains(SetupFlag.COOP_TASKRUN))) {
      throw new IllegalArgumentException(
          "kernel polling excludes DEFER_TASKRUN and COOP_TASKRUN: " + flags);
    }
    if (pollsInKernel() && devicePolling != 0) {
      throw new IllegalArgumentException("kernel polling and device polling exclude each other");
    }
    if (napiMicros != 0 && devicePolling != 0) {
      throw new IllegalArgumentException("NAPI is for sockets, device polling for files");
    }
    return this;
  }

  /**
   * Has a thread of the kernel take what is submitted, so that it costs no system call ({@code
   * IORING_SETUP_SQPOLL}, Linux 5.11 without privileges). While it polls it uses a processor
   * altogether. The rings of a {@link RingGroup} share one such thread.
   *
   * <p>Operations of such a ring run with the rights of whoever opened it, for as long as it is
   * open: if the process gives up root afterwards, by {@code setuid(2)}, the ring still opens files
   * that only root may open. So open it when the process has the rights that it is to keep.
   *
   * @param idle how long it polls in vain before it sleeps and has to be woken by a system call, at
   *     least one millisecond
   * @return the changed copy
   * @throws IllegalArgumentException if shorter, or longer than an {@code int} of milliseconds; if
   *     flags or modes were chosen that exclude it
   */
  public RingOptions withKernelPolling(Duration idle) {
    return withKernelThread(idle, ANY_CPU);
  }

  /**
   * Does likewise, and binds the thread to a processor ({@code IORING_SETUP_SQ_AFF}, Linux 5.1).
   *
   * @param idle see {@link #withKernelPolling(Duration)}
   * @param cpu the processor's number, from 0; one that the process may not use makes {@link
   *     Ring#open} fail
   * @return the changed copy
   * @throws IllegalArgumentException if the number is negative, and under the conditions of {@link
   *     #withKernelPolling(Duration)}
   */
  public RingOptions withKernelPolling(Duration idle, int cpu) {
    return withKernelThread(idle, requireNotNegative("processor", cpu));
  }

  private RingOptions withKernelThread(Duration idle, int cpu) {
    Duration longest = Duration.ofMillis(Integer.MAX_VALUE);
    if (idle.compareTo(Duration.ofMillis(1)) < 0 || idle.compareTo(longest) > 0) {
      throw new IllegalArgumentException(
          "idle time must be from a millisecond to %s: %s".formatted(longest, idle));
    }
    RingOptions copy = new RingOptions(this);
    copy.sqThreadIdleMillis = (int) idle.toMillis();
    copy.sqThreadCpu = cpu;
    return copy.checked();
  }

  /**
   * Makes a ring that asks devices whether they are done instead of having them interrupt ({@code
   * IORING_SETUP_IOPOLL}, Linux 5.1). Its thread does so all the while something is in flight,
   * which uses a processor altogether.
   *
   * <p>Such a ring takes reads and writes of files opened with {@code DIRECT}, and nothing else:
   * everything else throws {@link IllegalStateException}. So open files on another ring; this one
   * is used by its {@link Ring#chain} and {@link Ring#batch}, and by the threads that it carries. A
   * device, driver or file system that cannot be polled answers each transfer with {@link
   * OperationException} ({@code EOPNOTSUPP}): NVMe can where its driver was loaded with {@code
   * poll_queues}. A transfer is not cancelled by an interrupt or a time limit; the device ends it.
   * There are no inline attempts.
   *
   * @param hybrid whether to sleep for half the time that transfers have taken so far before
   *     polling ({@code IORING_SETUP_HYBRID_IOPOLL}, Linux 6.13)
   * @return the changed copy
   * @throws IllegalArgumentException if modes were chosen that exclude it
   */
  public RingOptions withDevicePolling(boolean hybrid) {
    RingOptions copy = new RingOptions(this);
    copy.devicePolling =
        Constants.IORING_SETUP_IOPOLL | (hybrid ? Constants.IORING_SETUP_HYBRID_IOPOLL : 0);
    return copy.checked();
  }

  /**
   * Has the ring's thread poll network devices while it waits ({@code IORING_REGISTER_NAPI}, Linux
   * 6.9 with {@code CONFIG_NET_RX_BUSY_POLL}): answers come sooner, for a processor's time. It
   * concerns the sockets of this ring that a device with NAPI serves.
   *
   * @param busyPoll for how long at most, from a microsecond to a second
   * @param prefer whether to keep the device from interrupting meanwhile ({@code
   *     SO_PREFER_BUSY_POLL})
   * @return the changed copy
   * @throws IllegalArgumentException if out of that range, or modes were chosen that exclude it
   */
  public RingOptions withNapi(Duration busyPoll, boolean prefer) {
    RingOptions copy = new RingOptions(this);
    copy.napiMicros = micros("busy polling", busyPoll);
    copy.napiPreferred = prefer;
    return copy.checked();
  }

  /**
   * Has the ring's thread wait for several completions at once ({@code min_wait_usec} of {@code
   * io_uring_enter(2)}, Linux 6.12; told once by {@code IORING_REGISTER_MEM_REGION}, Linux 6.13,
   * else each time): fewer system calls and switches under load, for latency. It waits for no more
   * than are in flight, so what is alone is not delayed; but an operation that waits for a peer
   * counts, and keeps others, and calls of threads that the ring does not carry, back for up to
   * that time.
   *
   * @param time for how long at most, from a microsecond to a second; after it one completion is
   *     enough
   * @param completions how many are enough before, at least 2
   * @return the changed copy
   * @throws IllegalArgumentException if either is out of range
   */
  public RingOptions withMinimumWait(Duration time, int completions) {
    if (completions < 2) {
      throw new IllegalArgumentException("at least 2 completions, not " + completions);
    }
    RingOptions copy = new RingOptions(this);
    copy.minimumWait = new EngineConfig.MinimumWait(micros("the wait", time), completions);
    return copy;
  }

  private static int micros(String what, Duration time) {
    if (time.compareTo(Duration.ofNanos(1000)) < 0 || time.compareTo(Duration.ofSeconds(1)) > 0) {
      throw new IllegalArgumentException(
          "%s must take from a microsecond to a second: %s".formatted(what, time));
    }
    return (int) (time.toNanos() / 1000);
  }

  /**
   * Has the kernel refuse all operations of this ring but some ({@code
   * IORING_REGISTER_RESTRICTIONS}, Linux 5.10), for good. What is refused throws {@link
   * OperationException} ({@code EACCES}), whose message names the restriction unless it is a step
   * of a chain or a batch. It is no sandbox for the process, only for what is done by way of this
   * ring. There are no inline attempts, which the kernel would not see.
   *
   * @param restriction what is allowed
   * @return the changed copy
   */
  public RingOptions withRestriction(RingRestriction restriction) {
    RingOptions copy = new RingOptions(this);
    copy.restriction = Objects.requireNonNull(restriction);
    return copy;
  }

  /**
   * Names the ring and its thread. By default they are {@code ringspun-1}, {@code ringspun-2} and
   * so on.
   *
   * @param name not empty
   * @return the changed copy
   * @throws IllegalArgumentException if empty
   */
  public RingOptions withThreadName(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("the name is empty");
    }
    RingOptions copy = new RingOptions(this);
    copy.name = name;
    return copy;
  }

  /**
   * Bounds the operations that the kernel holds at once, below what the completion queue can answer
   * for. Further callers wait in fair order. Operations on sockets, which may wait for ever for a
   * peer, do not count: nobody is kept out by them.
   *
   * @param operations at least 1
   * @return the changed copy
   * @throws IllegalArgumentException if less
   */
  public RingOptions withInFlightLimit(int operations) {
    if (operations < 1) {
      throw new IllegalArgumentException("the in-flight limit must be at least 1: " + operations);
    }
    RingOptions copy = new RingOptions(this);
    copy.inFlightLimit = operations;
    return copy;
  }

  /**
   * Bounds the kernel's worker threads, which do what cannot be done without waiting ({@code
   * IORING_REGISTER_IOWQ_MAX_WORKERS}, Linux 5.15). By default four for each processor, and 16.
   *
   * <p>The kernel has an open done by a bounded worker. An open that waits for the other end of a
   * FIFO keeps that worker, and the ring allows one worker more meanwhile. It does not if the open
   * is one with {@code CREATE} or {@code TRUNCATE_EXISTING}, one of a file that is registered and
   * only read, or a step of a chain or batch.
   *
   * @param bounded for work on files, such as buffered writes, syncs and opens; 0 leaves the
   *     kernel's own limit
   * @param unbounded for other work that may wait for ever, such as splicing; 0 leaves the kernel's
   *     own limit
   * @return the changed copy
   * @throws IllegalArgumentException if negative
   */
  public RingOptions withWorkers(int bounded, int unbounded) {
    RingOptions copy = new RingOptions(this);
    copy.boundedWorkers = requireNotNegative("bounded workers", bounded);
    copy.unboundedWorkers = requireNotNegative("unbounded workers", unbounded);
    return copy;
  }

  /**
   * Binds the kernel's worker threads to processors ({@code IORING_REGISTER_IOWQ_AFF}, Linux 5.14).
   * By default they run where the ring's thread may.
   *
   * @param cpu a processor's number, from 0
   * @param more further ones; one that the process may not use makes {@link Ring#open} fail
   * @return the changed copy
   * @throws IllegalArgumentException if a number is negative or above 8,191
   */
  public RingOptions withWorkerCpus(int cpu, int... more) {
    BitSet cpus = new BitSet();
    for (int each : IntStream.concat(IntStream.of(cpu), IntStream.of(more)).toArray()) {
      if (each < 0 || each > CPU_MAX) {
        throw new IllegalArgumentException(
            "processors must be from 0 to %,d: %,d".formatted(CPU_MAX, each));
      }
      cpus.set(each);
    }
    RingOptions copy = new RingOptions(this);
    copy.workerCpus = cpus;
    return copy;
  }

  /**
   * Gives the ring a table of its own for registered files and sockets, which have no descriptor in
   * the process ({@code IORING_REGISTER_FILES2} with {@code IORING_RSRC_REGISTER_SPARSE}, Linux
   * 5.19); see {@code RingOpenOption.REGISTERED} and {@code SocketOpenOption.REGISTERED}. It is
   * made when the ring is opened, and there is none by default: a slot takes some ten bytes of
   * kernel memory, used or not, and {@link Ring#open} fails if there are more of them than the
   * process may open files ({@code RLIMIT_NOFILE}), though they do not count against that limit.
   *
   * @param slots how many of them the ring can have open at once, up to 1,048,576; 0 for no table
   * @return the changed copy
   * @throws IllegalArgumentException if out of that range
   */
  public RingOptions withRegisteredFiles(int slots) {
    if (slots < 0 || slots > REGISTERED_FILES_MAX) {
      throw new IllegalArgumentException(
          "registered files must be from 0 to %,d: %,d".formatted(REGISTERED_FILES_MAX, slots));
    }
    RingOptions copy = new RingOptions(this);
    copy.registeredFiles = slots;
    return copy;
  }

  /**
   * Says whether transfers try a plain system call that cannot wait ({@code RWF_NOWAIT}, {@code
   * MSG_DONTWAIT}) before they go through the ring. On by default: what is in the page cache or in
   * a socket, or what a socket takes at once, is had sooner that way.
   *
   * @param enabled whether to try
   * @return the changed copy
   */
  public RingOptions withInlineAttempts(boolean enabled) {
    RingOptions copy = new RingOptions(this);
    copy.inlineAttempts = enabled;
    return copy;
  }

  private static int requireNotNegative(String what, int value) {
    if (value < 0) {
      throw new IllegalArgumentException(what + " must not be negative: " + value);
    }
    return value;
  }

  int entries() {
    return entries;
  }

  int completionEntries() {
    return completionEntries != 0 ? completionEntries : Math.max(4 * entries, 16);
  }

  int completionEntriesMax() {
    return completionEntriesMax;
  }

  int flagBits() {
    return flags.stream().mapToInt(SetupFlag::bit).reduce(0, (a, b) -> a | b);
  }

  String threadName() {
    return name;
  }

  int inFlightLimit() {
    return inFlightLimit;
  }

  List<Registration> registrations() {
    List<Registration> registrations = new ArrayList<>();
    if (boundedWorkers > 0 || unboundedWorkers > 0) {
      registrations.add(Registration.maxWorkers(boundedWorkers, unboundedWorkers));
    }
    if (!workerCpus.isEmpty()) {
      registrations.add(Registration.workerCpus(workerCpus));
    }
    if (napiMicros != 0) {
      registrations.add(Registration.napi(napiMicros, napiPreferred));
    }
    return registrations;
  }

  EngineConfig.@Nullable Restriction restriction() {
    return restriction != null
        ? new EngineConfig.Restriction(restriction.name(), restriction.operations())
        : null;
  }

  EngineConfig.@Nullable MinimumWait minimumWait() {
    return minimumWait;
  }

  int registeredFiles() {
    return registeredFiles;
  }

  boolean inlineAttempts() {
    return inlineAttempts && restriction == null && devicePolling == 0;
  }

  boolean pollsInKernel() {
    return sqThreadIdleMillis > 0;
  }

  /** Returns the {@code IORING_SETUP_} flags of the modes. */
  int modeBits() {
    return devicePolling
        | (pollsInKernel() ? Constants.IORING_SETUP_SQPOLL : 0)
        | (sqThreadCpu != ANY_CPU ? Constants.IORING_SETUP_SQ_AFF : 0);
  }

  int sqThreadIdleMillis() {
    return sqThreadIdleMillis;
  }

  int sqThreadCpu() {
    return sqThreadCpu;
  }
}
