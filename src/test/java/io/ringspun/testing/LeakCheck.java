package io.ringspun.testing;

import io.ringspun.internal.inline.Mounts;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.ring.Leaks;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class that leaves something behind: an open ring (the shared one may stay) or its
 * thread, an operation in flight, a file descriptor, native memory. Registered for every class.
 */
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {
  private static final AtomicLong LOST = new AtomicLong();
  private static final AtomicLong LOST_DESCRIPTORS = new AtomicLong();
  private static final long SHARED_RING_BYTES = 4096; // its wake-up buffer

  static {
    try {
      Mounts.isRemote(Path.of("/")); // opens the table of mounts, which stays open
      SocketChannel.open().close(); // has the JDK open the socket that it keeps for itself
      Thread.ofVirtual().start(JdkPollers::use).join(); // and the same for its pollers
    } catch (IOException | InterruptedException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A class of its own, since the other one is being initialized. */
  private static final class JdkPollers {
    static void use() {
      try (ServerSocket listener = new ServerSocket(0)) {
        listener.setSoTimeout(1);
        listener.accept();
      } catch (IOException _) {
        // Nobody came.
      }
    }
  }

  /** What there is of all that can leak. */
  record State(Map<String, Integer> rings, Map<String, Integer> files, long bytes, long threads) {
    static State now() throws IOException {
      Leaks.trimPool();
      return new State(
          Leaks.liveRings(), openFiles(), NativeMemory.allocatedBytes(), Leaks.ringThreads());
    }
  }

  /**
   * Announces native memory that a test loses on purpose: what a failed ring had lent to the kernel
   * is never freed.
   */
  public static void expectLost(long bytes) {
    LOST.addAndGet(bytes);
  }

  /**
   * Announces descriptors that a test loses on purpose: when a ring fails while it opens or closes
   * one, nobody knows whether it is open.
   */
  public static void expectLostDescriptors(int count) {
    LOST_DESCRIPTORS.addAndGet(count);
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    store(context).put(State.class, begin());
  }

  @Override
  public void afterAll(ExtensionContext context) {
    end(context.getDisplayName(), store(context).remove(State.class, State.class));
  }

  /** Returns what there is before a class. */
  static State begin() throws IOException {
    LOST.set(0);
    LOST_DESCRIPTORS.set(0);
    return State.now();
  }

  /** Fails if there is more after it. */
  static void end(String name, State before) {
    Await.until(name + " has nothing in flight", () -> Leaks.inFlight() == 0);
    String[] leaks = {""};
    try {
      Await.until("no leaks", () -> (leaks[0] = leaks(before, State.now())).isEmpty());
    } catch (AssertionError e) {
      throw new AssertionError(name + " leaks" + leaks[0]);
    }
  }

  private static String leaks(State before, State after) {
    StringBuilder leaks = new StringBuilder();
    Map<String, Integer> rings = new TreeMap<>(after.rings);
    before.rings.keySet().forEach(rings::remove);
    int opened = rings.size();
    rings.keySet().removeIf(name -> name.startsWith("ringspun-shared-"));
    int sharedRings = opened - rings.size();
    if (!rings.isEmpty()) {
      leaks.append("; open rings: ").append(rings.keySet());
    }
    StringBuilder files = new StringBuilder();
    long[] lost = {LOST_DESCRIPTORS.get()};
    after.files.forEach(
        (target, count) -> {
          int more = count - before.files.getOrDefault(target, 0);
          if (target.contains("[io_uring]") || target.contains("[eventfd]")) {
            more -= sharedRings;
          }
          if (more > 0) {
            lost[0] -= more;
            files.append("; ").append(more).append(" descriptors of ").append(target);
          }
        });
    if (lost[0] < 0) {
      leaks.append(files);
    }
    if (after.threads > before.threads + sharedRings) {
      leaks.append("; ").append(after.threads - before.threads).append(" threads of rings");
    }
    long more = after.bytes - before.bytes - LOST.get() - sharedRings * SHARED_RING_BYTES;
    if (more > 0) {
      leaks.append("; ").append(more).append(" bytes of native memory");
    }
    return leaks.toString();
  }

  /** What is open, by what it leads to; without what the JDK opens when it likes. */
  private static Map<String, Integer> openFiles() throws IOException {
    Map<String, Integer> files = new TreeMap<>();
    try (DirectoryStream<Path> links = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path link : links) {
        String target;
        try {
          target = Files.readSymbolicLink(link).toString();
        } catch (IOException _) {
          continue; // closed meanwhile, as the listing itself is
        }
        if (!target.endsWith(".jar")
            && !target.endsWith("/modules")
            && !target.equals("anon_inode:[eventpoll]") // for virtual threads at sockets
            && !target.startsWith("/proc/")
            && !target.startsWith("/dev/")) {
          files.merge(target, 1, Integer::sum);
        }
      }
    }
    return files;
  }

  private static ExtensionContext.Store store(ExtensionContext context) {
    return context.getStore(
        ExtensionContext.Namespace.create(LeakCheck.class, context.getUniqueId()));
  }
}
