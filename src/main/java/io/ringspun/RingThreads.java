package io.ringspun;

import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.log.Log;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.EngineConfig;
import io.ringspun.internal.ring.Scheduler;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What carries the threads of {@link Ring#threadFactory}: the rings of the ring's group, or, for a
 * ring without one, a group of companions, one for each processor. Safe for use by multiple
 * concurrent threads.
 */
final class RingThreads {
  private static final Log LOG = Log.of(Ring.class);
  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private final Engine engine;
  private final RingOptions options;
  private final Kernel kernel;

  private volatile @Nullable ThreadFactory factory; // null until companions are open, or refused
  private volatile @Nullable RingGroup companions; // guarded by this for writing

  RingThreads(Engine engine, RingOptions options, Kernel kernel, @Nullable Scheduler scheduler) {
    this.engine = engine;
    this.options = options;
    this.kernel = kernel;
    if (scheduler != null) {
      factory = scheduler.threadBuilder().factory();
    }
  }

  ThreadFactory factory() {
    ThreadFactory made = factory;
    return made != null ? made : make();
  }

  private synchronized ThreadFactory make() {
    ThreadFactory made = factory;
    if (made == null) {
      RingGroup group = engine.isClosed() || !mayHaveCompanions() ? null : openCompanions();
      made = group != null ? group.threadFactory() : engine.threadBuilder().factory();
      companions = group;
      factory = made;
    }
    return made;
  }

  private boolean mayHaveCompanions() {
    return Engine.canCarry()
        && PROCESSORS > 1
        && engine.config().setup().equals(EngineConfig.DEFAULTS.setup());
  }

  private @Nullable RingGroup openCompanions() {
    try {
      RingOptions own = options.withThreadName(engine.config().name());
      RingGroup group = RingGroup.open(PROCESSORS, own, kernel, true);
      engine.setCompanions(group.scheduler());
      return group;
    } catch (IOException e) {
      LOG.warn("{} carries the threads of its executor alone: {}", engine, e.getMessage());
      return null;
    }
  }

  /** Returns the ring, and those that it has opened for its threads. */
  List<Engine> engines() {
    RingGroup group = companions;
    return group == null
        ? List.of(engine)
        : Stream.concat(Stream.of(engine), group.rings().stream().map(EngineAccess::of)).toList();
  }

  /** Closes the companions. */
  void close() {
    RingGroup group;
    synchronized (this) {
      group = companions;
    }
    if (group != null) {
      group.closeAnyway();
    }
  }
}
