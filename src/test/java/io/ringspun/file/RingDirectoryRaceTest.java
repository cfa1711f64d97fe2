package io.ringspun.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.LeakCheck;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Directories and links that change places while a name leads through them. */
@ExtendWith(LeakCheck.class)
class RingDirectoryRaceTest {
  private static final int ENOUGH = 200; // of each outcome

  /** What a name led to, so far. */
  private static final class Tally {
    final AtomicInteger inside = new AtomicInteger();
    final AtomicInteger outside = new AtomicInteger();
    final AtomicInteger denied = new AtomicInteger();
    final AtomicInteger busy = new AtomicInteger();

    void open(RingDirectory directory, Path name, Resolve... bounds) throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(20);
      try (RingFile file = directory.openFile(name, bounds)) {
        file.read(buffer, 0);
      } catch (AccessDeniedException _) {
        denied.incrementAndGet();
        return;
      } catch (NoSuchFileException e) {
        throw e; // the exchange leaves no gap
      } catch (FileSystemException e) {
        if (!e.getReason().contains("renamed")) {
          throw e;
        }
        busy.incrementAndGet();
        return;
      }
      switch (StandardCharsets.UTF_8.decode(buffer.flip()).toString()) {
        case "inside" -> inside.incrementAndGet();
        case "outside" -> outside.incrementAndGet();
        default -> throw new AssertionError(buffer);
      }
    }
  }

  /**
   * One thread exchanges a directory and a link that leads out, others open a file by that name.
   * Unbounded they get outside, so the test can see an escape; bounded they never do.
   */
  @ParameterizedTest
  @EachCaller
  void beneath_neverEscapes(Caller caller, @TempDir Path base) throws Exception {
    Path root = Files.createDirectories(base.resolve("root"));
    for (String place : new String[] {"root/way", "outside"}) {
      Files.createDirectories(base.resolve(place));
      Files.writeString(
          base.resolve(place).resolve("file"), place.equals("outside") ? "outside" : "inside");
    }
    Files.createSymbolicLink(root.resolve("link"), base.resolve("outside"));
    Path file = Path.of("way/file");
    Path dotted = Path.of("way/../way/file"); // a step back is where the kernel must look twice
    AtomicBoolean stop = new AtomicBoolean();
    Tally bounded = new Tally();
    Tally free = new Tally();
    try (Ring ring = Ring.open();
        Ring swapping = Ring.open();
        RingDirectory directory = RingDirectory.open(ring, root);
        RingDirectory swapped = RingDirectory.open(swapping, root)) {
      var swapper =
          caller.begin(
              swapping,
              () -> {
                while (!stop.get()) {
                  swapped.rename(Path.of("way"), Path.of("link"), RenameOption.EXCHANGE);
                }
                return null;
              });
      var reader =
          caller.begin(
              ring,
              () -> {
                while (!stop.get()) {
                  bounded.open(directory, file, Resolve.BENEATH);
                  bounded.open(directory, dotted, Resolve.BENEATH);
                  free.open(directory, file);
                }
                return null;
              });
      try {
        Await.until(
            "both sides were seen often",
            () ->
                reader.future().isDone()
                    || (bounded.inside.get() > ENOUGH
                        && bounded.denied.get() > ENOUGH
                        && free.outside.get() > ENOUGH));
      } finally {
        stop.set(true);
      }
      reader.result();
      swapper.result();
    }
    assertEquals(0, bounded.outside.get(), "escapes");
    assertTrue(free.inside.get() > 0);
    assertEquals(0, free.denied.get());
  }

  /** Of many that rename to one name without replacing, one wins, and no file is lost. */
  @ParameterizedTest
  @EachCaller
  void noreplace_oneWins(Caller caller, @TempDir Path root) throws Exception {
    int count = 16;
    AtomicLong winner = new AtomicLong(-1);
    AtomicInteger wins = new AtomicInteger();
    try (Ring ring = Ring.open();
        RingDirectory directory = RingDirectory.open(ring, root)) {
      for (int i = 0; i < count; i++) {
        Files.writeString(root.resolve("f" + i), "" + i);
      }
      var begun = new ArrayList<Caller.Begun<Void>>();
      for (int i = 0; i < count; i++) {
        int mine = i;
        begun.add(
            caller.begin(
                ring,
                () -> {
                  try {
                    directory.rename(Path.of("f" + mine), Path.of("one"), RenameOption.NOREPLACE);
                    winner.set(mine);
                    wins.incrementAndGet();
                  } catch (FileAlreadyExistsException _) {
                    assertTrue(Files.exists(root.resolve("f" + mine)));
                  }
                  return null;
                }));
      }
      for (var one : begun) {
        one.result();
      }
    }
    assertEquals(1, wins.get());
    assertEquals("" + winner.get(), Files.readString(root.resolve("one")));
    try (var files = Files.list(root)) {
      assertEquals(count, files.count());
    }
  }
}
