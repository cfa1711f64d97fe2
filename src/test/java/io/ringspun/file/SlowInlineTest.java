package io.ringspun.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.RingMetrics;
import io.ringspun.RingOptions;
import io.ringspun.internal.inline.InlineRule;
import io.ringspun.internal.inline.Pace;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Goal: calls that turn out to wait leave the calling thread and go through the ring, and come back
 * when they are quick again. Method: writes that a kernel of the test's makes slow, and a file
 * system that is frozen.
 */
class SlowInlineTest {
  private static final Duration VERY_SLOW = Duration.ofMillis(25);

  @TempDir Path directory;

  @ParameterizedTest
  @EachCaller
  void slowWrite_sendsItsKindToTheRing_forAWhile(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(RingOptions.defaults(), kernel);
        RingFile file = RingFile.open(ring, directory.resolve("file"), CREATE, WRITE)) {
      caller.run(
          ring,
          () -> {
            untilInline(ring, file); // what ran before on this device may have been slow
            RingMetrics quick = ring.metrics();
            kernel.slowInlineWrites(VERY_SLOW);
            write(file);
            write(file); // if the watchdog did not see the first
            RingMetrics slow = ring.metrics();
            assertTrue(slow.inlineHits() <= quick.inlineHits() + 2);
            assertTrue(slow.inlineSlow() > quick.inlineSlow());
            kernel.forget();
            for (int i = 0; i < 3; i++) {
              write(file);
            }
            assertEquals(slow.inlineHits(), ring.metrics().inlineHits());
            assertEquals(3, kernel.submitted(Constants.IORING_OP_WRITE));

            kernel.slowInlineWrites(Duration.ZERO);
            untilInline(ring, file);
          });
    }
  }

  private static void untilInline(Ring ring, RingFile file) {
    long hits = ring.metrics().inlineHits();
    Await.until(
        "a write is done on the calling thread",
        () -> {
          writeUnchecked(file);
          return ring.metrics().inlineHits() > hits;
        });
  }

  private static void write(RingFile file) throws IOException {
    assertEquals(9, file.write(ByteBuffer.allocate(9), 0));
  }

  private static void writeUnchecked(RingFile file) {
    try {
      write(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Once it is noticed that a write takes long, those that follow go through the ring. */
  @Test
  void frozenFileSystem_isNoticedMeanwhile() throws Exception {
    Path mount = mountOrSkip();
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, mount.resolve("file"), CREATE, WRITE);
        RingFile another = RingFile.open(ring, mount.resolve("another"), CREATE, WRITE)) {
      untilInline(ring, file); // the first write of a fresh file system may be slow
      Pace pace = InlineRule.WRITE.pace(EngineAccess.of(ring).inline().place(Handle.of(file).fd()));
      List<BlockedCall<Integer>> writes = new ArrayList<>();
      String thaw = "fsfreeze -u " + mount;
      // It thaws in any case, or it could not be unmounted, nor this JVM end.
      Process guard = new ProcessBuilder("sh", "-c", "sleep 40; " + thaw).start();
      command("fsfreeze", "-f", mount.toString());
      try {
        writes.add(write(ring, file));
        Await.until("the write is noticed to take long", pace::isPaused);
        for (int i = 0; i < 10; i++) {
          writes.add(write(ring, another));
        }
        // When a pause ends, one call at a time tries again.
        Await.until("all but one go through the ring", () -> ring.metrics().inFlight() >= 9);
        ring.nop();
        assertTrue(writes.stream().noneMatch(BlockedCall::hasEnded));
      } finally {
        command("sh", "-c", thaw);
        guard.destroy();
      }
      for (BlockedCall<Integer> each : writes) {
        assertEquals(9, each.result());
      }
    } finally {
      command("umount", mount.toString());
    }
  }

  /** The same for what the JDK does with names. */
  @Test
  void frozenFileSystem_jdkCall_isNoticedMeanwhile() throws Exception {
    Path mount = mountOrSkip();
    try (Ring ring = Ring.open()) {
      Path file = RingFileSystems.wrap(ring, Files.createFile(mount.resolve("file")));
      Pace pace = InlineRule.JDK_NAME.pace(file.toString());
      setPermissions(ring, file).result();
      List<BlockedCall<Path>> calls = new ArrayList<>();
      String thaw = "fsfreeze -u " + mount;
      Process guard = new ProcessBuilder("sh", "-c", "sleep 40; " + thaw).start();
      command("fsfreeze", "-f", mount.toString());
      try {
        Await.until(
            "a call is noticed to take long",
            () -> {
              calls.add(setPermissions(ring, file));
              return pace.isPaused();
            });
        calls.add(setPermissions(ring, file));
        ring.nop();
        assertTrue(calls.stream().noneMatch(BlockedCall::hasEnded));
      } finally {
        command("sh", "-c", thaw);
        guard.destroy();
      }
      for (BlockedCall<Path> each : calls) {
        assertEquals(file, each.result());
      }
    } finally {
      command("umount", mount.toString());
    }
  }

  /**
   * Names that are not in memory, on a device that answers a hundred reads per second: a few of
   * them are looked up on the calling thread, the others by the ring, so that the carrier goes on.
   */
  @Test
  void throttledDevice_fewLookupsHoldTheirThread() throws Exception {
    int count = 200;
    Path mount = mountOrSkip();
    try (Ring ring = Ring.open()) {
      for (int i = 0; i < count; i++) {
        Files.createFile(Files.createDirectory(mount.resolve("directory" + i)).resolve("file"));
      }
      try (DeviceThrottle _ = DeviceThrottle.startOrSkip(directory, 100)) {
        forgetWhatIsCached(mount);
        RingMetrics before = ring.metrics();
        List<BlockedCall<Boolean>> lookups = new ArrayList<>();
        AtomicBoolean ended = new AtomicBoolean();
        BlockedCall<Integer> other = BlockedCall.start(ring, () -> nopsUntil(ring, ended::get));
        for (int i = 0; i < count; i++) {
          Path file = mount.resolve("directory" + i).resolve("file");
          Path path = RingFileSystems.wrap(ring, file);
          lookups.add(BlockedCall.start(ring, Caller.CARRIED, () -> Files.exists(path)));
        }
        for (BlockedCall<Boolean> each : lookups) {
          assertTrue(each.result());
        }
        ended.set(true);
        RingMetrics after = ring.metrics();
        long slow = after.inlineSlow() - before.inlineSlow();
        long nops = other.result();
        System.out.printf(
            "SlowInlineTest: %d names on a throttled device, %d held their thread, %,d nops"
                + " meanwhile%n",
            count, slow, nops);
        assertTrue(slow >= 1, "the device was not slow");
        assertTrue(slow <= count / 10, slow + " lookups held their thread");
        assertTrue(after.submitted() - before.submitted() >= count / 2 + nops);
      }
    } finally {
      command("umount", mount.toString());
    }
  }

  private static int nopsUntil(Ring ring, BooleanSupplier ended) throws IOException {
    int nops = 0;
    while (!ended.getAsBoolean()) {
      ring.nop();
      nops++;
    }
    return nops;
  }

  /** Mounts the file system again, with nothing of it in the page cache, nor of its device's. */
  private void forgetWhatIsCached(Path mount) throws InterruptedException {
    Path image = directory.resolve("image");
    command("umount", mount.toString());
    command("dd", "of=" + image, "oflag=nocache", "conv=notrunc,fdatasync", "count=0");
    command(
        "sh",
        "-c",
        "d=$(losetup --find --show --direct-io=on %s) && mount $d %s && losetup -d $d"
            .formatted(image, mount));
  }

  private static BlockedCall<Path> setPermissions(Ring ring, Path file) {
    return BlockedCall.start(
        ring,
        Caller.VIRTUAL,
        () -> Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------")));
  }

  private static BlockedCall<Integer> write(Ring ring, RingFile file) {
    return BlockedCall.start(ring, Caller.PLATFORM, () -> file.write(ByteBuffer.allocate(9), 0));
  }

  private Path mountOrSkip() throws Exception {
    Path image = directory.resolve("image");
    Files.write(image, new byte[16 << 20], CREATE_NEW);
    Path mount = Files.createDirectory(directory.resolve("mount"));
    assumeTrue(
        runs("mkfs.ext4", "-q", image.toString())
            && runs("mount", "-o", "loop", image.toString(), mount.toString()),
        "needs root, mkfs.ext4 and a loop device");
    return mount;
  }

  private static boolean runs(String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
    } catch (IOException _) {
      return false;
    }
  }

  private static void command(String... command) throws InterruptedException {
    assertTrue(runs(command), () -> String.join(" ", command));
  }
}
