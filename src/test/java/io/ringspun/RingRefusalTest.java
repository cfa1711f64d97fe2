package io.ringspun;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.RingParams;
import io.ringspun.raw.SetupFlag;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.Refusal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kernels that refuse a ring, or only some rings: what is tried, and what the user is told. */
class RingRefusalTest {
  private static final int ALWAYS =
      IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;

  private final FaultKernel kernel = new FaultKernel();

  private RingUnavailableException refused() {
    return refused(RingOptions.defaults());
  }

  private RingUnavailableException refused(RingOptions options) {
    RingUnavailableException e =
        assertThrows(RingUnavailableException.class, () -> FaultyRing.open(options, kernel));
    assertTrue(e.getMessage().startsWith("io_uring is not available: "), e.getMessage());
    assertEquals(0, kernel.openRings());
    return e;
  }

  private static void requireMessage(RingUnavailableException e, int errno, String... parts) {
    assertEquals(errno, assertInstanceOf(ErrnoException.class, e.getCause()).errno());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EPERM, Errno.EACCES})
  void open_forbidden(int errno) throws IOException {
    kernel.failOpen(_ -> errno);
    RingUnavailableException e = refused();
    Path setting = Path.of("/proc/sys/kernel/io_uring_disabled");
    if (Files.exists(setting) && !Files.readString(setting).strip().equals("0")) {
      requireMessage(e, errno, "kernel.io_uring_disabled");
    } else {
      requireMessage(e, errno, "seccomp", Errno.name(errno), "io_uring_setup");
    }
    assertEquals(1, kernel.openAttempts().size(), "other flags would not help");
  }

  @Test
  void open_noSuchCall() {
    kernel.failOpen(_ -> Errno.ENOSYS);
    requireMessage(refused(), Errno.ENOSYS, "ENOSYS", "seccomp", "Linux 6.1");
    assertEquals(1, kernel.openAttempts().size());
  }

  @Test
  void open_noMemory() {
    kernel.failOpen(_ -> Errno.ENOMEM);
    requireMessage(refused(), Errno.ENOMEM, "ENOMEM", "ulimit -l", "LimitMEMLOCK=");
    int attempts = kernel.openAttempts().size();
    assertTrue(attempts > 1 && attempts < 1000, () -> attempts + " attempts");
  }

  /** The kernel still counts what a ring had that was closed just now. */
  @ParameterizedTest
  @EachCaller
  void open_noMemoryForAMoment(Caller caller) throws Exception {
    try (Ring carrier = Ring.open()) {
      AtomicInteger refusals = new AtomicInteger(3);
      kernel.failOpen(_ -> refusals.getAndDecrement() > 0 ? Errno.ENOMEM : 0);
      caller.run(carrier, () -> Ring.open(RingOptions.defaults(), kernel).close());
      assertEquals(4, kernel.openAttempts().size());
    }
  }

  @ParameterizedTest
  @EachCaller
  void open_noMemoryForAMoment_interrupted(Caller caller) throws Exception {
    try (Ring carrier = Ring.open()) {
      AtomicInteger refusals = new AtomicInteger(3);
      kernel.failOpen(_ -> refusals.getAndDecrement() > 0 ? Errno.ENOMEM : 0);
      caller.run(
          carrier,
          () -> {
            Thread.currentThread().interrupt();
            Ring.open(RingOptions.defaults(), kernel).close();
            assertTrue(Thread.interrupted());
          });
    }
  }

  /** Opens and closes rings as an unprivileged user does, one after the other. */
  static final class OneAfterTheOther {
    private OneAfterTheOther() {}

    public static void main(String[] arguments) throws IOException {
      for (int i = 0; i < 20; i++) {
        try (Ring ring = Ring.open();
            BufferPool pool = ring.bufferPool(4, 4096)) {
          ring.nop();
          if (!pool.isRegistered()) {
            System.out.println("a pool of 16 KiB was refused");
          }
        }
      }
      System.out.println("opened all");
    }
  }

  @Test
  void open_oneAfterTheOther_withLittleLockedMemory() throws Exception {
    assumeTrue(Refusal.isThere("prlimit"), "there is no prlimit (util-linux)");
    ChildJvm child = new ChildJvm().withFlagsOfThisOne();
    if (Files.isWritable(Path.of("/proc/sys/kernel/hostname"))) { // root, whom no limit binds
      assumeTrue(Refusal.isThere("setpriv"), "there is no setpriv to give up CAP_IPC_LOCK with");
      child.under("setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock");
    }
    child.under("prlimit", "--memlock=65536:65536");
    assertEquals("opened all\n", child.run(OneAfterTheOther.class));
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EMFILE, Errno.ENFILE})
  void open_noDescriptor(int errno) {
    kernel.failOpen(_ -> errno);
    requireMessage(refused(), errno, Errno.name(errno), "ulimit -n", "LimitNOFILE=");
    assertEquals(1, kernel.openAttempts().size());
  }

  /** The ring is there, but not what wakes it: it must be closed again. */
  @Test
  void open_noDescriptorForTheEventfd() {
    kernel.failEventfd(Errno.EMFILE);
    requireMessage(refused(), Errno.EMFILE, "eventfd", "ulimit -n");
  }

  @Test
  void open_otherError() {
    kernel.failOpen(_ -> Errno.EIO);
    requireMessage(refused(), Errno.EIO, "EIO");
  }

  @Test
  void open_everyFlagRefused() {
    kernel.failOpen(_ -> Errno.EINVAL);
    requireMessage(refused(), Errno.EINVAL, "EINVAL", "Linux 6.1");
    List<Integer> flags = kernel.openAttempts().stream().map(RingParams::flags).toList();
    assertEquals(flags.stream().distinct().toList(), flags, "the same flags twice");
    assertTrue(flags.size() > 1);
    for (int each : flags) {
      assertEquals(ALWAYS, each & ALWAYS);
    }
  }

  /** From the newest flags to the oldest: what the kernel lacks is left out, and the rest works. */
  @ParameterizedTest
  @ValueSource(
      ints = {0, IORING_SETUP_NO_SQARRAY, IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SINGLE_ISSUER})
  void open_stepsDown(int missing, @TempDir Path directory) throws Exception {
    Path path = Files.writeString(directory.resolve("file"), "content");
    kernel.failOpen(params -> (params.flags() & missing) != 0 ? Errno.EINVAL : 0);
    try (Ring ring = FaultyRing.open(kernel)) {
      RingParams taken = kernel.openAttempts().getLast();
      assertEquals(0, taken.flags() & missing);
      assertEquals(
          ALWAYS | IORING_SETUP_SUBMIT_ALL, taken.flags() & (ALWAYS | IORING_SETUP_SUBMIT_ALL));
      for (Caller caller : Caller.values()) {
        caller.run(
            ring,
            () -> {
              try (RingFile file = RingFile.open(ring, path, StandardOpenOption.READ)) {
                ByteBuffer buffer = ByteBuffer.allocate(7);
                assertEquals(7, file.read(buffer, 0));
                assertEquals("content", new String(buffer.array()));
              }
              for (int i = 0; i < 2000; i++) { // more than fit in the queues
                ring.nop();
              }
              assertTrue(ring.chain().nop().nop().nop().attempt().succeeded());
            });
      }
      assertEquals(0, ring.metrics().stale());
      assertEquals(0, ring.metrics().overflows());
    }
  }

  /** Who chooses flags gets these or nothing. */
  @Test
  void open_chosenFlagsAreKept() {
    kernel.failOpen(_ -> Errno.EINVAL);
    refused(RingOptions.defaults().withFlags(SetupFlag.SINGLE_ISSUER, SetupFlag.SUBMIT_ALL));
    assertEquals(1, kernel.openAttempts().size());
    assertEquals(
        ALWAYS | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_SUBMIT_ALL,
        kernel.openAttempts().getFirst().flags());
  }

  @Test
  void open_passesSizes() throws IOException {
    RingOptions options = RingOptions.defaults().withEntries(32).withCompletionEntries(64);
    try (Ring ring = FaultyRing.open(options, kernel)) {
      RingParams asked = kernel.openAttempts().getLast();
      assertEquals(32, asked.sqEntries());
      assertEquals(64, asked.cqEntries());
    }
  }
}
