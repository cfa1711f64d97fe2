package io.ringspun.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.Ring;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Goal: the attributes that a thread gets are those of its own file, though the threads of a
 * carrier share the memory of such calls and take turns. Method: files of different sizes, and more
 * calls in a row than a thread makes in its turn.
 */
class InlineStatTest {
  private static final int THREADS = 4;
  private static final int CALLS = 2_000;

  @TempDir Path directory;

  @ParameterizedTest
  @EachCaller
  void attributes_areOfTheThreadsOwnFile(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      List<Caller.Begun<Void>> threads = new ArrayList<>();
      for (int i = 1; i <= THREADS; i++) {
        int size = i;
        Path file = Bytes.file(directory.resolve("file" + i), 1, size);
        threads.add(caller.begin(ring, () -> readAttributes(ring, file, size)));
      }
      for (Caller.Begun<Void> thread : threads) {
        thread.result();
      }
    }
  }

  private static Void readAttributes(Ring ring, Path path, int size) throws Exception {
    Path wrapped = RingFileSystems.wrap(ring, path);
    try (RingFile file = RingFile.open(ring, path)) {
      for (int i = 0; i < CALLS; i++) {
        assertEquals(size, Files.readAttributes(wrapped, BasicFileAttributes.class).size());
        assertEquals(size, Files.size(wrapped));
        assertEquals(size, file.stat().size());
        assertEquals(size, file.size());
        assertEquals(true, Files.exists(wrapped, LinkOption.NOFOLLOW_LINKS));
      }
    }
    return null;
  }
}
