package io.ringspun;

import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.KernelFeatures;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Operation;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Determines whether rings work on this machine by using one. */
final class Prober {
  private Prober() {}

  static Availability probe() {
    String liburing = "";
    KernelFeatures found = new KernelFeatures(Set.of(), Set.of(), Set.of(), Set.of());
    try {
      Kernel kernel = SystemKernel.get();
      liburing = LinuxKernel.liburingOrigin();
      found = KernelFeatures.probe(kernel);
      roundTrip(kernel);
      return availability(liburing, found, null);
    } catch (ErrnoException | IOException | LinkageError | RuntimeException e) {
      return availability(liburing, found, Diagnosis.of(e));
    }
  }

  private static Availability availability(
      String liburing, KernelFeatures found, @Nullable Diagnosis diagnosis) {
    return new Availability(
        diagnosis == null,
        System.getProperty("os.version", ""),
        liburing,
        found.features(),
        found.opcodes(),
        found.registerOpcodes(),
        found.setupFlags(),
        Engine.canCarry(),
        Optional.ofNullable(Engine.carryingObstacle()),
        Optional.ofNullable(diagnosis).map(Diagnosis::reason),
        Optional.ofNullable(diagnosis).map(Diagnosis::remedy));
  }

  /** Reads an eventfd counter through a ring of its own and compares the value. */
  private static void roundTrip(Kernel kernel) throws ErrnoException, IOException {
    int eventfd = kernel.eventfd();
    if (eventfd < 0) {
      throw new ErrnoException("eventfd", -eventfd);
    }
    try {
      roundTrip(kernel, eventfd);
    } finally {
      kernel.close(eventfd);
    }
  }

  private static void roundTrip(Kernel kernel, int eventfd) throws ErrnoException, IOException {
    Engine engine = Ring.openEngine(RingOptions.defaults().withEntries(4).config(), kernel, null);
    try (NativePool.Block counter = NativePool.take(Long.BYTES)) {
      kernel.signal(eventfd);
      kernel.signal(eventfd);
      Operation operation = engine.single().lending(counter);
      operation.read(eventfd, counter.address(), Long.BYTES, 0);
      int result = operation.run();
      long value = counter.memory().get(ValueLayout.JAVA_LONG, 0);
      if (result != Long.BYTES || value != 2) {
        throw new IOException("a read through the ring gave %d bytes, %d".formatted(result, value));
      }
    } finally {
      engine.close();
    }
  }
}
