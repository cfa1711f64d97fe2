package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Registration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The checked configuration of a ring.
 *
 * @param name of the ring and of its thread; empty for one that is assigned when the ring is opened
 * @param queues sizes
 * @param setup parameters of {@code io_uring_setup(2)}
 * @param workers the kernel's worker threads
 * @param waiting how the ring's thread waits for completions
 * @param restriction the only operations that the kernel is to accept, or null for all
 * @param registeredFiles slots of the ring's table of files, or 0 for no table
 * @param inlineAttempts whether to try an operation without the ring first; never on a restricted
 *     ring, which that would bypass, or on one that polls devices
 */
public record EngineConfig(
    String name,
    Queues queues,
    Setup setup,
    Workers workers,
    Waiting waiting,
    @Nullable Restriction restriction,
    int registeredFiles,
    boolean inlineAttempts) {

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  /** What a ring has without further options. */
  public static final EngineConfig DEFAULTS =
      new EngineConfig(
          "",
          new Queues(256, 0, 0, 0),
          new Setup(0, 0, null),
          new Workers(4 * PROCESSORS, 16, new BitSet()),
          new Waiting(null, null),
          null,
          0,
          true);

  /** Makes one. */
  public EngineConfig {
    inlineAttempts = inlineAttempts && restriction == null && setup.devicePolling() == 0;
  }

  /** Returns a copy with another name. */
  public EngineConfig withName(String name) {
    return new EngineConfig(
        name, queues, setup, workers, waiting, restriction, registeredFiles, inlineAttempts);
  }

  /** Returns a copy with queues of other sizes. */
  public EngineConfig withQueues(Queues queues) {
    return new EngineConfig(
        name, queues, setup, workers, waiting, restriction, registeredFiles, inlineAttempts);
  }

  /** Returns a copy that is set up differently. */
  public EngineConfig withSetup(Setup setup) {
    return new EngineConfig(
        name, queues, setup, workers, waiting, restriction, registeredFiles, inlineAttempts);
  }

  /** Returns a copy with other workers. */
  public EngineConfig withWorkers(Workers workers) {
    return new EngineConfig(
        name, queues, setup, workers, waiting, restriction, registeredFiles, inlineAttempts);
  }

  /** Returns a copy whose thread waits differently. */
  public EngineConfig withWaiting(Waiting waiting) {
    return new EngineConfig(
        name, queues, setup, workers, waiting, restriction, registeredFiles, inlineAttempts);
  }

  /** Returns a copy with a restriction. */
  public EngineConfig withRestriction(Restriction restriction) {
    return new EngineConfig(
        name, queues, setup, workers, waiting, restriction, registeredFiles, inlineAttempts);
  }

  /** Returns a copy with a table of files of another size. */
  public EngineConfig withRegisteredFiles(int registeredFiles) {
    return new EngineConfig(
        name, queues, setup, workers, waiting, restriction, registeredFiles, inlineAttempts);
  }

  /** Returns a copy with or without inline attempts. */
  public EngineConfig withInlineAttempts(boolean inlineAttempts) {
    return new EngineConfig(
        name, queues, setup, workers, waiting, restriction, registeredFiles, inlineAttempts);
  }

  /** Returns what to register before the ring is enabled, apart from its files. */
  public List<Registration> registrations() {
    List<Registration> registrations = new ArrayList<>();
    if (workers.bounded > 0 || workers.unbounded > 0) {
      registrations.add(Registration.maxWorkers(workers.bounded, workers.unbounded));
    }
    if (!workers.cpus.isEmpty()) {
      registrations.add(Registration.workerCpus(workers.cpus));
    }
    Napi napi = waiting.napi;
    if (napi != null) {
      registrations.add(Registration.napi(napi.micros, napi.preferred));
    }
    return registrations;
  }

  /**
   * Sizes of a ring's queues.
   *
   * @param entries submission entries
   * @param completionEntries requested completion entries, or 0 for four for each submission entry
   * @param completionEntriesMax how many there may be after an overflow, or 0 not to add any
   * @param inFlightLimit most operations in the kernel at once, or 0 for what the queue can answer
   */
  public record Queues(
      int entries, int completionEntries, int completionEntriesMax, int inFlightLimit) {

    /** Returns a copy with another number of submission entries. */
    public Queues withEntries(int entries) {
      return new Queues(entries, completionEntries, completionEntriesMax, inFlightLimit);
    }

    /** Returns a copy with another number of completion entries. */
    public Queues withCompletionEntries(int completionEntries) {
      return new Queues(entries, completionEntries, completionEntriesMax, inFlightLimit);
    }

    /** Returns a copy with another limit of completion entries. */
    public Queues withCompletionEntriesMax(int completionEntriesMax) {
      return new Queues(entries, completionEntries, completionEntriesMax, inFlightLimit);
    }

    /** Returns a copy with another limit of operations. */
    public Queues withInFlightLimit(int inFlightLimit) {
      return new Queues(entries, completionEntries, completionEntriesMax, inFlightLimit);
    }

    /** Returns how many completion entries to ask the kernel for. */
    int completions() {
      return completionEntries != 0
          ? Math.max(completionEntries, entries)
          : Math.max(4 * entries, 16);
    }
  }

  /**
   * What kind of ring the kernel makes.
   *
   * @param flags requested {@code IORING_SETUP_} flags, or 0 for the best that the kernel supports
   * @param devicePolling {@code IORING_SETUP_IOPOLL} with or without {@code
   *     IORING_SETUP_HYBRID_IOPOLL}, or 0
   * @param kernelPolling the kernel's thread that polls the submission queue, or null for none
   */
  public record Setup(int flags, int devicePolling, @Nullable KernelPolling kernelPolling) {

    /** Returns a copy with requested flags. */
    public Setup withFlags(int flags) {
      return new Setup(flags, devicePolling, kernelPolling);
    }

    /** Returns a copy that polls devices. */
    public Setup withDevicePolling(int devicePolling) {
      return new Setup(flags, devicePolling, kernelPolling);
    }

    /** Returns a copy whose submission queue is polled. */
    public Setup withKernelPolling(KernelPolling kernelPolling) {
      return new Setup(flags, devicePolling, kernelPolling);
    }

    /** Returns a copy that shares the thread of another ring, if there is to be one. */
    public Setup attachedTo(int descriptor) {
      return kernelPolling == null
          ? this
          : withKernelPolling(
              new KernelPolling(kernelPolling.idleMillis, kernelPolling.cpu, descriptor));
    }

    /** Returns the {@code IORING_SETUP_} flags that the ring has whatever the requested ones. */
    int modes() {
      return devicePolling | (kernelPolling != null ? kernelPolling.flags() : 0);
    }
  }

  /**
   * The kernel's thread that polls a submission queue.
   *
   * @param idleMillis how long it polls without finding an entry before it sleeps
   * @param cpu the processor that it is bound to, or {@link #NONE}
   * @param attachTo descriptor of the ring whose thread to share, or {@link #NONE}
   */
  public record KernelPolling(int idleMillis, int cpu, int attachTo) {
    /** No processor, no ring. */
    public static final int NONE = -1;

    private int flags() {
      return Constants.IORING_SETUP_SQPOLL
          | (cpu != NONE ? Constants.IORING_SETUP_SQ_AFF : 0)
          | (attachTo != NONE ? Constants.IORING_SETUP_ATTACH_WQ : 0);
    }
  }

  /**
   * The kernel's worker threads.
   *
   * @param bounded most workers for files, or 0 for the kernel's limit
   * @param unbounded most workers for what may wait indefinitely, or 0 for the kernel's limit
   * @param cpus the processors that they are bound to, or none for those of the ring's thread; not
   *     modified
   */
  public record Workers(int bounded, int unbounded, BitSet cpus) {}

  /**
   * How a ring's thread waits for completions.
   *
   * @param napi how it polls network devices meanwhile, or null not to
   * @param minimum how long to wait for more than one completion, or null not to
   */
  public record Waiting(@Nullable Napi napi, @Nullable MinimumWait minimum) {}

  /**
   * How to poll network devices.
   *
   * @param micros for how long
   * @param preferred whether to suppress interrupts meanwhile
   */
  public record Napi(int micros, boolean preferred) {}

  /**
   * How long to wait for completions to come together.
   *
   * @param micros how long
   * @param completions how many end it before
   */
  public record MinimumWait(int micros, int completions) {}

  /**
   * What a ring is restricted to.
   *
   * @param name for messages
   * @param operations {@code IORING_OP_} numbers
   */
  public record Restriction(String name, BitSet operations) {}
}
