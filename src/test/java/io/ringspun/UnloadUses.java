package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFileSystems;
import io.ringspun.internal.ring.Offload;
import io.ringspun.net.RingSocketFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/** An application that has the library start every kind of thread that it has. */
public final class UnloadUses {
  private static Ring ring;

  private UnloadUses() {}

  /** Uses the library, and leaves a ring open. */
  public static void begin() throws Exception {
    assertTrue(Offload.start(() -> 1).await(0));
    Ring closed = Ring.open();
    closed.close();
    Thread late = closed.threadFactory().newThread(() -> {});
    late.start();
    late.join();
    ring = Ring.open();
    ring.startVirtualThread(UnloadUses::nop).join();
    useShared();
    Set<String> kinds = new TreeSet<>();
    for (Thread thread : UnloadProgram.threads()) {
      kinds.add(thread.getName().replaceAll("[0-9]+", "N"));
      assertSame(ClassLoader.getSystemClassLoader(), thread.getContextClassLoader());
      assertEquals("system", thread.getThreadGroup().getName());
      assertEquals(Thread.NORM_PRIORITY, thread.getPriority());
      assertTrue(thread.isDaemon());
    }
    Set<String> expected =
        new TreeSet<>(
            Set.of("ringspun-N", "ringspun-shared-N", "ringspun-watchdog", "ringspun-offload-N"));
    if (ring.carriesVirtualThreads()) {
      expected.add("ringspun-orphans-N");
    }
    assertEquals(expected, kinds);
  }

  private static void nop() {
    try {
      ring.nop();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void useShared() throws IOException {
    Path file = RingFileSystems.wrap(Path.of("/proc/self/comm"));
    assertTrue(Files.readAllBytes(file).length > 0);
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      new RingSocketFactory()
          .createSocket(listener.getInetAddress(), listener.getLocalPort())
          .close();
    }
  }

  /** Closes all that is open. */
  public static void end() {
    ring.close();
    RingGroup.closeShared();
  }
}
