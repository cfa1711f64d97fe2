package io.ringspun.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingOptions;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.OpenFiles;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

class RingFileMoveTest {
  private static final RingOptions TABLE = RingOptions.defaults().withRegisteredFiles(1);

  @TempDir Path directory;

  private static byte[] read(RingFile file) throws Exception {
    ByteBuffer target = ByteBuffer.allocate(10);
    file.readFully(target, 0);
    return target.array();
  }

  /** Tables of one slot: what is moved leaves its slot at once. */
  @Liburing({"fd-pass", "msg-ring-fd"})
  @ParameterizedTest
  @EachCaller
  void moveTo_andBack(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 10);
    int rings = OpenFiles.rings();
    try (Ring ring = Ring.open(TABLE);
        Ring other = Ring.open(TABLE)) {
      caller.run(
          ring,
          () -> {
            RingFile file = RingFile.open(ring, path, RingOpenOption.REGISTERED);
            for (int i = 0; i < 10; i++) {
              RingFile moved = file.moveTo(i % 2 == 0 ? other : ring);
              assertFalse(file.isOpen());
              assertTrue(moved.isRegistered());
              assertArrayEquals(Bytes.of(1, 0, 10), read(moved));
              RingFile left = file;
              assertThrows(ClosedChannelException.class, () -> read(left));
              file = moved;
            }
            file.close();
          });
      assertEquals(rings + 2, OpenFiles.rings(), "no descriptor of a ring is left");
    }
  }

  @Test
  void moveTo_refused() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 10);
    try (Ring ring = Ring.open(TABLE);
        Ring full = Ring.open(TABLE);
        Ring without = Ring.open();
        RingFile plain = RingFile.open(ring, path);
        RingFile file = RingFile.open(ring, path, RingOpenOption.REGISTERED);
        RingFile inTheWay = RingFile.open(full, path, RingOpenOption.REGISTERED)) {
      assertThrows(IllegalStateException.class, () -> plain.moveTo(full));
      assertThrows(IllegalArgumentException.class, () -> file.moveTo(without));
      assertThrows(IllegalArgumentException.class, () -> file.moveTo(ring));
      assertThrows(FileSystemException.class, () -> file.moveTo(full));
      assertArrayEquals(Bytes.of(1, 0, 10), read(file), "it is where it was");
      assertArrayEquals(Bytes.of(1, 0, 10), read(inTheWay));
      full.close();
      assertThrows(RingClosedException.class, () -> file.moveTo(full));
      file.close();
      assertThrows(ClosedChannelException.class, () -> moveToNew(file));
    }
  }

  private static void moveToNew(RingFile file) throws Exception {
    try (Ring another = Ring.open(TABLE)) {
      file.moveTo(another).close();
    }
  }
}
