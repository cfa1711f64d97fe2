package io.ringspun;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.ring.EngineConfig;
import io.ringspun.raw.RingRestriction;
import io.ringspun.raw.SetupFlag;
import java.time.Duration;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The options of a {@link Ring}. Immutable; each {@code with} method validates its arguments and
 * returns a changed copy. If the kernel does not support an option, {@link Ring#open} fails with a
 * {@link RingUnavailableException} whose message names the option. Only unsupported defaults are
 * ignored.
 *
 * @since 0.1
 */
public final class RingOptions {
  /** The kernel's own limit, {@code IORING_MAX_ENTRIES}. */
  private static final int ENTRIES_MAX = 32_768;

  /** The kernel's own limit, {@code IORING_MAX_FIXED_FILES}. */
  private static final int REGISTERED_FILES_MAX = 1 << 20;

  private static final int CPU_MAX = 8191;

  private static final RingOptions DEFAULTS = new RingOptions(EngineConfig.DEFAULTS);

  private final EngineConfig config;

  private RingOptions(EngineConfig config) {
    requireModesTogether(config.setup(), config.waiting());
    this.config = config;
  }

  private static void requireModesTogether(EngineConfig.Setup setup, EngineConfig.Waiting waiting) {
    boolean pollsInKernel = setup.kernelPolling() != null;
    boolean pollsDevices = setup.devicePolling() != 0;
    int deferring = SetupFlag.DEFER_TASKRUN.bit() | SetupFlag.COOP_TASKRUN.bit();
    if (pollsInKernel && (setup.flags() & deferring) != 0) {
      throw new IllegalArgumentException(
          "kernel polling excludes DEFER_TASKRUN and COOP_TASKRUN: " + flags(setup.flags()));
    }
    if (pollsInKernel && pollsDevices) {
      throw new IllegalArgumentException("kernel polling and device polling exclude each other");
    }
    if (waiting.napi() != null && pollsDevices) {
      throw new IllegalArgumentException("NAPI is for sockets, device polling for files");
    }
  }

  private static List<SetupFlag> flags(int bits) {
    return Stream.of(SetupFlag.values()).filter(flag -> (bits & flag.bit()) != 0).toList();
  }

  /**
   * Returns the default options: 256 submission entries, the best flags that the kernel supports, a
   * bounded number of kernel workers, and {@linkplain #withInlineAttempts inline attempts}.
   *
   * @return the defaults
   */
  public static RingOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets the size of the submission queue. It bounds the length of a chain, but not the number of
   * callers: further callers wait in arrival order.
   *
   * @param entries from 1 to 32,768; the kernel rounds up to a power of two
   * @return the changed copy
   * @throws IllegalArgumentException if out of range
   */
  public RingOptions withEntries(int entries) {
    if (entries < 1 || entries > ENTRIES_MAX) {
      throw new IllegalArgumentException(
          "entries must be from 1 to %,d: %,d".formatted(ENTRIES_MAX, entries));
    }
    return new RingOptions(config.withQueues(config.queues().withEntries(entries)));
  }

  /**
   * Sets the size of the completion queue ({@code IORING_SETUP_CQSIZE}), which bounds the number of
   * operations in flight, except for those that {@link #withInFlightLimit} exempts. The default is
   * four times the submission entries, but at least 16.
   *
   * @param completionEntries from 4 to 65,536; raised to the number of submission entries if
   *     smaller; the kernel rounds up to a power of two
   * @return the changed copy
   * @throws IllegalArgumentException if out of range
   */
  public RingOptions withCompletionEntries(int completionEntries) {
    requireCompletionEntries(completionEntries);
    return new RingOptions(
        config.withQueues(config.queues().withCompletionEntries(completionEntries)));
  }

  /**
   * Lets the completion queue grow ({@code IORING_REGISTER_RESIZE_RINGS}, Linux 6.13): each time it
   * overflows, its size is doubled, up to a limit. Only operations that may wait indefinitely, for
   * example on thousands of idle connections, can outnumber its entries. Without this option no
   * completion is lost either, but the kernel has to buffer those that do not fit. The limit on
   * operations in flight remains the initial size.
   *
   * <p>If the kernel refuses, for example before 6.13, on a restricted ring, or without {@code
   * DEFER_TASKRUN}, the queue keeps its size. Off by default: kernels from 6.13 that lack the
   * resizing fixes of 7.0, which later stable releases include, may corrupt kernel memory if a
   * completion arrives during a resize.
   *
   * @param entries the maximum, from 4 to 65,536; the kernel rounds up to a power of two
   * @return the changed copy
   * @throws IllegalArgumentException if out of range
   */
  public RingOptions withCompletionEntriesUpTo(int entries) {
    requireCompletionEntries(entries);
    return new RingOptions(config.withQueues(config.queues().withCompletionEntriesMax(entries)));
  }

  private static void requireCompletionEntries(int entries) {
    if (entries < 4 || entries > 2 * ENTRIES_MAX) {
      throw new IllegalArgumentException(
          "completion entries must be from 4 to %,d: %,d".formatted(2 * ENTRIES_MAX, entries));
    }
  }

  /**
   * Sets the flags of {@code io_uring_setup(2)} and replaces Ringspun's choice. {@code R_DISABLED},
   * {@code CQSIZE} and {@code CLAMP} are always added.
   *
   * @param first a flag
   * @param more further flags
   * @return the changed copy
   * @throws IllegalArgumentException if flags contradict each other: {@code DEFER_TASKRUN} without
   *     {@code SINGLE_ISSUER}; {@code TASKRUN_FLAG} without {@code COOP_TASKRUN} or {@code
   *     DEFER_TASKRUN}; or {@code COOP_TASKRUN} or {@code DEFER_TASKRUN} with {@link
   *     #withKernelPolling}
   */
  public RingOptions withFlags(SetupFlag first, SetupFlag... more) {
    Set<SetupFlag> chosen = EnumSet.of(first, more);
    requireTogether(chosen, SetupFlag.DEFER_TASKRUN, SetupFlag.SINGLE_ISSUER);
    if (!chosen.contains(SetupFlag.COOP_TASKRUN)) {
      requireTogether(chosen, SetupFlag.TASKRUN_FLAG, SetupFlag.DEFER_TASKRUN);
    }
    int bits = chosen.stream().mapToInt(SetupFlag::bit).reduce(0, (a, b) -> a | b);
    return new RingOptions(config.withSetup(config.setup().withFlags(bits)));
  }

  private static void requireTogether(Set<SetupFlag> chosen, SetupFlag flag, SetupFlag needed) {
    if (chosen.contains(flag) && !chosen.contains(needed)) {
      throw new IllegalArgumentException(flag + " needs " + needed);
    }
  }

  /**
   * Lets a kernel thread poll the submission queue, so that submissions need no system call ({@code
   * IORING_SETUP_SQPOLL}, Linux 5.11 without privileges). While it polls, it occupies a whole
   * processor. The rings of a {@link RingGroup} share one such thread.
   *
   * <p>Operations of such a ring run with the credentials of the process at the time the ring was
   * opened. If the process later drops root privileges by {@code setuid(2)}, the ring can still
   * open files that only root may open. So open the ring after dropping privileges.
   *
   * @param idle how long the thread polls without finding an entry before it sleeps and has to be
   *     woken by a system call, at least one millisecond
   * @return the changed copy
   * @throws IllegalArgumentException if the time is shorter, or longer than {@link
   *     Integer#MAX_VALUE} milliseconds, or {@code DEFER_TASKRUN}, {@code COOP_TASKRUN} or {@link
   *     #withDevicePolling} was set before
   */
  public RingOptions withKernelPolling(Duration idle) {
    return withKernelThread(idle, EngineConfig.KernelPolling.NONE);
  }

  /**
   * Lets a kernel thread that is bound to a processor poll the submission queue ({@code
   * IORING_SETUP_SQ_AFF}, Linux 5.1); see {@link #withKernelPolling(Duration)}.
   *
   * @param idle see {@link #withKernelPolling(Duration)}
   * @param cpu the processor's number, from 0; {@link Ring#open} fails if the process may not use
   *     it
   * @return the changed copy
   * @throws IllegalArgumentException if the number is negative, or under the conditions of {@link
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
    var polling =
        new EngineConfig.KernelPolling((int) idle.toMillis(), cpu, EngineConfig.KernelPolling.NONE);
    return new RingOptions(config.withSetup(config.setup().withKernelPolling(polling)));
  }

  /**
   * Lets the ring poll devices for completions instead of waiting for interrupts ({@code
   * IORING_SETUP_IOPOLL}, Linux 5.1). Its thread polls whenever an operation is in flight and then
   * occupies a whole processor.
   *
   * <p>Such a ring accepts only reads and writes of files opened with {@code DIRECT}; all other
   * operations, and steps with time limits of their own, throw {@link IllegalStateException}. So
   * open files on another ring, and use this one by its {@link Ring#chain} and {@link Ring#batch}
   * or from the threads that it carries. If the device, driver or file system does not support
   * polling, each transfer fails with {@link OperationException} ({@code EOPNOTSUPP}). NVMe
   * supports it if its driver was loaded with {@code poll_queues}. Interrupts and time limits do
   * not cancel a transfer; the device completes it. There are no inline attempts.
   *
   * @param hybrid whether to sleep for half the average transfer time before polling ({@code
   *     IORING_SETUP_HYBRID_IOPOLL}, Linux 6.13)
   * @return the changed copy
   * @throws IllegalArgumentException if {@link #withKernelPolling} or {@link #withNapi} was set
   *     before
   */
  public RingOptions withDevicePolling(boolean hybrid) {
    int flags = Constants.IORING_SETUP_IOPOLL | (hybrid ? Constants.IORING_SETUP_HYBRID_IOPOLL : 0);
    return new RingOptions(config.withSetup(config.setup().withDevicePolling(flags)));
  }

  /**
   * Lets the ring's thread poll network devices while it waits ({@code IORING_REGISTER_NAPI}, Linux
   * 6.9 with {@code CONFIG_NET_RX_BUSY_POLL}). This reduces latency at the cost of processor time.
   * It applies to sockets of this ring whose device supports NAPI.
   *
   * @param busyPoll the maximum polling time, from a microsecond to a second
   * @param prefer whether to suppress the device's interrupts meanwhile ({@code
   *     SO_PREFER_BUSY_POLL})
   * @return the changed copy
   * @throws IllegalArgumentException if the time is out of range, or {@link #withDevicePolling} was
   *     set before
   */
  public RingOptions withNapi(Duration busyPoll, boolean prefer) {
    var napi = new EngineConfig.Napi(micros("busy polling", busyPoll), prefer);
    EngineConfig.MinimumWait minimum = config.waiting().minimum();
    return new RingOptions(config.withWaiting(new EngineConfig.Waiting(napi, minimum)));
  }

  /**
   * Lets the ring's thread wait for several completions at once ({@code min_wait_usec} of {@code
   * io_uring_enter(2)}, Linux 6.12; registered once by {@code IORING_REGISTER_MEM_REGION} on Linux
   * 6.13, passed to each call before). This trades latency for fewer system calls and context
   * switches under load. The thread never waits for more completions than there are operations in
   * flight, so a single operation is not delayed. But operations that wait for a peer count as
   * well: they may delay other completions, and calls of threads that the ring does not carry, by
   * up to that time.
   *
   * @param time the maximum wait, from a microsecond to a second, after which one completion is
   *     enough
   * @param completions the number of completions that end the wait earlier, at least 2
   * @return the changed copy
   * @throws IllegalArgumentException if either argument is out of range
   */
  public RingOptions withMinimumWait(Duration time, int completions) {
    if (completions < 2) {
      throw new IllegalArgumentException("there must be at least 2 completions: " + completions);
    }
    var minimum = new EngineConfig.MinimumWait(micros("the wait", time), completions);
    EngineConfig.Napi napi = config.waiting().napi();
    return new RingOptions(config.withWaiting(new EngineConfig.Waiting(napi, minimum)));
  }

  private static int micros(String what, Duration time) {
    if (time.compareTo(Duration.ofNanos(1000)) < 0 || time.compareTo(Duration.ofSeconds(1)) > 0) {
      throw new IllegalArgumentException(
          "%s must take from a microsecond to a second: %s".formatted(what, time));
    }
    return (int) (time.toNanos() / 1000);
  }

  /**
   * Restricts the ring permanently to some operations ({@code IORING_REGISTER_RESTRICTIONS}, Linux
   * 5.10). The kernel refuses all others with {@code EACCES}; the {@link OperationException} names
   * the restriction, except for steps of a chain or a batch. This restricts only operations on this
   * ring and is no sandbox for the process. There are no inline attempts, because they would bypass
   * the restriction.
   *
   * @param restriction the allowed operations
   * @return the changed copy
   */
  public RingOptions withRestriction(RingRestriction restriction) {
    return new RingOptions(
        config.withRestriction(
            new EngineConfig.Restriction(restriction.name(), restriction.operations())));
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
    return new RingOptions(config.withName(name));
  }

  /**
   * Limits the number of operations in flight below the size of the completion queue. Further
   * callers wait in arrival order. Operations that may wait indefinitely for a peer, such as those
   * on sockets, are exempt from the limit, so they cannot starve others.
   *
   * @param operations at least 1
   * @return the changed copy
   * @throws IllegalArgumentException if less than 1
   */
  public RingOptions withInFlightLimit(int operations) {
    if (operations < 1) {
      throw new IllegalArgumentException("the in-flight limit must be at least 1: " + operations);
    }
    return new RingOptions(config.withQueues(config.queues().withInFlightLimit(operations)));
  }

  /**
   * Limits the number of kernel worker threads, which run operations that would block ({@code
   * IORING_REGISTER_IOWQ_MAX_WORKERS}, Linux 5.15). The defaults are four bounded workers for each
   * processor, and 16 unbounded ones.
   *
   * <p>Bounded workers open files. An open that waits for the other end of a FIFO occupies its
   * worker, so the ring raises the limit by one meanwhile. It does not do so for an open with
   * {@code CREATE} or {@code TRUNCATE_EXISTING}, for one of a registered read-only file, or for a
   * step of a chain or batch.
   *
   * @param bounded the limit for work on files, such as buffered writes, syncs and opens; 0 keeps
   *     the kernel's limit
   * @param unbounded the limit for other work that may wait indefinitely, such as splices; 0 keeps
   *     the kernel's limit
   * @return the changed copy
   * @throws IllegalArgumentException if negative
   */
  public RingOptions withWorkers(int bounded, int unbounded) {
    requireNotNegative("bounded workers", bounded);
    requireNotNegative("unbounded workers", unbounded);
    BitSet cpus = config.workers().cpus();
    return new RingOptions(config.withWorkers(new EngineConfig.Workers(bounded, unbounded, cpus)));
  }

  /**
   * Binds the kernel worker threads to processors ({@code IORING_REGISTER_IOWQ_AFF}, Linux 5.14).
   * By default they have the affinity of the ring's thread.
   *
   * @param cpu a processor's number, from 0
   * @param more further processors; {@link Ring#open} fails if the process may not use one of them
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
    EngineConfig.Workers workers = config.workers();
    return new RingOptions(
        config.withWorkers(new EngineConfig.Workers(workers.bounded(), workers.unbounded(), cpus)));
  }

  /**
   * Sets the size of the ring's table of registered files and sockets, which have no descriptor in
   * the process ({@code IORING_REGISTER_FILES2} with {@code IORING_RSRC_REGISTER_SPARSE}, Linux
   * 5.19); see {@link io.ringspun.file.RingOpenOption#REGISTERED} and {@link
   * io.ringspun.net.SocketOpenOption#REGISTERED}. The table is created when the ring is opened; by
   * default there is none. Each slot takes some ten bytes of kernel memory, used or not. {@link
   * Ring#open} fails if there are more slots than the process may open files ({@code
   * RLIMIT_NOFILE}), although registered files do not count against that limit.
   *
   * @param slots how many files and sockets can be registered at once, up to 1,048,576; 0 for no
   *     table
   * @return the changed copy
   * @throws IllegalArgumentException if out of range
   */
  public RingOptions withRegisteredFiles(int slots) {
    if (slots < 0 || slots > REGISTERED_FILES_MAX) {
      throw new IllegalArgumentException(
          "registered files must be from 0 to %,d: %,d".formatted(REGISTERED_FILES_MAX, slots));
    }
    return new RingOptions(config.withRegisteredFiles(slots));
  }

  /**
   * Sets whether operations are done by plain system calls on the calling thread where the kernel
   * most likely answers from memory, and go through the ring only otherwise. On by default, because
   * a hand-over to the ring and to a kernel worker costs ten times as much as such a call. There
   * are two kinds of such calls:
   *
   * <ul>
   *   <li>Calls that refuse instead of waiting: reads of the page cache ({@code RWF_NOWAIT}), sends
   *       and receives ({@code MSG_DONTWAIT}), opens without {@code CREATE} or {@code
   *       TRUNCATE_EXISTING} ({@code RESOLVE_CACHED}), sizes and attributes of open files.
   *   <li>Calls that seldom wait on a local file system: writes to the page cache, attributes and
   *       times of names, extended attributes, creating, renaming, linking and removing names,
   *       listing a directory, truncating, allocating, copying and closing a regular file. They are
   *       timed. When one takes 20 ms, or slow ones (200 µs or more) take half of a thread's time
   *       for some milliseconds, calls of that kind go through the ring for at least 10 ms and ten
   *       times as long as the last one took; each further slow call doubles the pause, up to a
   *       minute. Each device, and each part of the file tree, is timed separately.
   * </ul>
   *
   * <p>Direct transfers, writes of files opened with {@code SYNC} or {@code DSYNC}, syncs, and
   * names on network file systems and FUSE always go through the ring; a new mount is noticed
   * within a tenth of a second. While a plain call runs, no interrupt, time limit or {@link
   * io.ringspun.raw.Raw#cancelAll} reaches it, and on a carried thread it holds the ring; {@code
   * close} of its file waits for it.
   *
   * <p>On a socket of a {@link io.ringspun.net.RingSocketFactory} or a {@link
   * io.ringspun.net.RingServerSocketFactory} a platform thread also waits in such a call when it
   * reads or writes. Closing the socket or the ring ends the wait, and so does the time limit of a
   * read; {@code cancelAll} does not reach it.
   *
   * <p>A virtual thread that no ring carries also waits outside of the ring to receive from a
   * stream socket while the ring is busy: by {@code epoll(7)}, where one virtual thread wakes all
   * others. Everything that ends such a call on the ring ends it there, too, {@code cancelAll}
   * included. All these waits together are at most one operation in flight.
   *
   * <p>{@link RingMetrics#inlineHits}, {@link RingMetrics#inlineMisses} and {@link
   * RingMetrics#inlineSlow} count these calls.
   *
   * @param enabled whether to make such calls
   * @return the changed copy
   */
  public RingOptions withInlineAttempts(boolean enabled) {
    return new RingOptions(config.withInlineAttempts(enabled));
  }

  private static int requireNotNegative(String what, int value) {
    if (value < 0) {
      throw new IllegalArgumentException(what + " must not be negative: " + value);
    }
    return value;
  }

  EngineConfig config() {
    return config;
  }
}
