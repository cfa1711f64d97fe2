package io.ringspun;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/**
 * How a {@link Ring} is to be opened. Immutable; each {@code with} method returns a changed copy
 * and refuses nonsense at once.
 *
 * @since 0.1
 */
public final class RingOptions {
  /** The kernel's own limit, {@code IORING_MAX_ENTRIES}. */
  private static final int ENTRIES_MAX = 32_768;

  /** The kernel's own limit, {@code IORING_MAX_FIXED_FILES}. */
  private static final int REGISTERED_FILES_MAX = 1 << 20;

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private static final RingOptions DEFAULTS = new RingOptions();

  private int entries = 256;
  private int completionEntries; // 0: four for each submission entry
  private Set<SetupFlag> flags = Set.of();
  private String name = "";
  private int inFlightLimit;
  private int boundedWorkers = 4 * PROCESSORS;
  private int unboundedWorkers = 16;
  private int registeredFiles;
  private boolean inlineAttempts = true;
  private int sqThreadIdleMillis = 1000;
  private int sqThreadCpu;

  private RingOptions() {}

  private RingOptions(RingOptions other) {
    entries = other.entries;
    completionEntries = other.completionEntries;
    flags = other.flags;
    name = other.name;
    inFlightLimit = other.inFlightLimit;
    boundedWorkers = other.boundedWorkers;
    unboundedWorkers = other.unboundedWorkers;
    registeredFiles = other.registeredFiles;
    inlineAttempts = other.inlineAttempts;
    sqThreadIdleMillis = other.sqThreadIdleMillis;
    sqThreadCpu = other.sqThreadCpu;
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
    if (completionEntries < 4 || completionEntries > 2 * ENTRIES_MAX) {
      throw new IllegalArgumentException(
          "completion entries must be from 4 to %,d: %,d"
              .formatted(2 * ENTRIES_MAX, completionEntries));
    }
    RingOptions copy = new RingOptions(this);
    copy.completionEntries = completionEntries;
    return copy;
  }

  /**
   * Chooses the flags of {@code io_uring_setup(2)} instead of Ringspun's own choice. {@code
   * R_DISABLED}, {@code CQSIZE} and {@code CLAMP} are always added.
   *
   * @param first a flag
   * @param more further flags
   * @return the changed copy
   * @throws IllegalArgumentException if flags contradict each other: {@code DEFER_TASKRUN} without
   *     {@code SINGLE_ISSUER} or with {@code SQPOLL}, {@code TASKRUN_FLAG} without {@code
   *     COOP_TASKRUN} or {@code DEFER_TASKRUN}, {@code COOP_TASKRUN} with {@code SQPOLL}, {@code
   *     SQ_AFF} without {@code SQPOLL}
   */
  public RingOptions withFlags(SetupFlag first, SetupFlag... more) {
    Set<SetupFlag> chosen = EnumSet.of(first, more);
    requireTogether(chosen, SetupFlag.DEFER_TASKRUN, SetupFlag.SINGLE_ISSUER);
    requireTogether(chosen, SetupFlag.SQ_AFF, SetupFlag.SQPOLL);
    refuseTogether(chosen, SetupFlag.DEFER_TASKRUN, SetupFlag.SQPOLL);
    refuseTogether(chosen, SetupFlag.COOP_TASKRUN, SetupFlag.SQPOLL);
    if (!chosen.contains(SetupFlag.COOP_TASKRUN)) {
      requireTogether(chosen, SetupFlag.TASKRUN_FLAG, SetupFlag.DEFER_TASKRUN);
    }
    RingOptions copy = new RingOptions(this);
    copy.flags = chosen;
    return copy;
  }

  private static void requireTogether(Set<SetupFlag> chosen, SetupFlag flag, SetupFlag needed) {
    if (chosen.contains(flag) && !chosen.contains(needed)) {
      throw new IllegalArgumentException(flag + " needs " + needed);
    }
  }

  private static void refuseTogether(Set<SetupFlag> chosen, SetupFlag one, SetupFlag other) {
    if (chosen.contains(one) && chosen.contains(other)) {
      throw new IllegalArgumentException(one + " and " + other + " exclude each other");
    }
  }

  /**
   * Sets for how long the kernel's submission thread spins before it sleeps; used with {@link
   * SetupFlag#SQPOLL} only.
   *
   * @param idle at least one millisecond
   * @return the changed copy
   * @throws IllegalArgumentException if shorter, or longer than an {@code int} of milliseconds
   */
  public RingOptions withSqThreadIdle(Duration idle) {
    Duration longest = Duration.ofMillis(Integer.MAX_VALUE);
    if (idle.compareTo(Duration.ofMillis(1)) < 0 || idle.compareTo(longest) > 0) {
      throw new IllegalArgumentException(
          "idle time must be from a millisecond to %s: %s".formatted(longest, idle));
    }
    RingOptions copy = new RingOptions(this);
    copy.sqThreadIdleMillis = (int) idle.toMillis();
    return copy;
  }

  /**
   * Sets the processor of the kernel's submission thread; used with {@link SetupFlag#SQ_AFF} only.
   *
   * @param cpu the processor's number, from 0
   * @return the changed copy
   * @throws IllegalArgumentException if negative
   */
  public RingOptions withSqThreadCpu(int cpu) {
    RingOptions copy = new RingOptions(this);
    copy.sqThreadCpu = requireNotNegative("processor", cpu);
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
   * @param bounded for work that ends by itself, such as buffered file writes; 0 leaves the
   *     kernel's own limit
   * @param unbounded for work that may wait for ever, such as opening a FIFO; 0 likewise
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

  int flagBits() {
    return flags.stream().mapToInt(SetupFlag::bit).reduce(0, (a, b) -> a | b);
  }

  String threadName() {
    return name;
  }

  int inFlightLimit() {
    return inFlightLimit;
  }

  int boundedWorkers() {
    return boundedWorkers;
  }

  int unboundedWorkers() {
    return unboundedWorkers;
  }

  int registeredFiles() {
    return registeredFiles;
  }

  boolean inlineAttempts() {
    return inlineAttempts;
  }

  int sqThreadIdleMillis() {
    return sqThreadIdleMillis;
  }

  int sqThreadCpu() {
    return sqThreadCpu;
  }
}
