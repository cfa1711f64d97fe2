package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * The life of a ring and a file, from open to close, with the first {@code enter} refused, then the
 * second, and so on until the fault comes too late to be met.
 */
class KthEnterTest {
  private static final int LIFE_BYTES_LOST = 2 * 4096; // a failed ring keeps what it had lent

  private final FaultKernel kernel = new FaultKernel();
  @TempDir private Path directory;

  /** A refusal for the moment, three times over, changes nothing that can be seen. */
  @Liburing("io_uring_enter")
  @ParameterizedTest
  @EachCaller
  void refusedForTheMoment(Caller caller) throws Exception {
    int k = 0;
    do {
      int errno = new int[] {Errno.EINTR, Errno.EAGAIN, Errno.EBUSY}[k % 3];
      kernel.failEnter(errno, 3, k);
      assertEquals("", life(caller, k));
      k++;
    } while (kernel.enterFaultsLeft() == 0);
    assertTrue(k > 5, "the faults were met nowhere");
  }

  /** A refusal for good ends everything in an orderly way, wherever it strikes. */
  @ParameterizedTest
  @EachCaller
  void refusedForGood(Caller caller) throws Exception {
    // The one being opened or closed just then; the kth enter may be that in several lives.
    LeakCheck.expectLostDescriptors(6);
    int k = 0;
    do {
      LeakCheck.expectLost(LIFE_BYTES_LOST);
      kernel.failEnter(Errno.EBADF, Integer.MAX_VALUE, k);
      String outcome = life(caller, k);
      assertTrue(outcome.isEmpty() || outcome.contains("EBADF"), outcome);
      k++;
    } while (kernel.enterFaultsLeft() < Integer.MAX_VALUE);
    assertTrue(k > 5, "the faults were met nowhere");
  }

  /** Returns what went wrong; nothing, if all went well. */
  private String life(Caller caller, int k) throws Exception {
    Caller.Begun<String> life = Caller.PLATFORM.begin(null, () -> live(caller));
    try {
      return life.future().get(5, TimeUnit.SECONDS);
    } catch (TimeoutException _) {
      kernel.failEnter(0, 0); // let it go on, for the sake of the other tests
      throw new AssertionError(
          "stands still with enter %d refused; it ended with: %s".formatted(k, life.result()));
    }
  }

  private String live(Caller caller) throws Exception {
    Path path = Files.createTempFile(directory, "life", "");
    try (Ring ring = FaultyRing.open(kernel)) {
      return caller.call(
          ring,
          () -> {
            try {
              use(ring, path);
              return "";
            } catch (RingFailedException e) {
              return e.getMessage();
            }
          });
    }
  }

  private static void use(Ring ring, Path path) throws IOException {
    try (RingFile file =
        RingFile.open(ring, path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      file.writeFully(ByteBuffer.wrap("content".getBytes()), 0);
      file.fdatasync();
      ByteBuffer read = ByteBuffer.allocateDirect(7);
      file.readFully(read, 0);
      assertEquals(ByteBuffer.wrap("content".getBytes()), read.flip());
      assertTrue(ring.chain().nop().fsync(file).nop().attempt().succeeded());
      assertTrue(ring.batch().nop().nop().attempt().succeeded());
      assertEquals(7, file.size());
    }
  }
}
