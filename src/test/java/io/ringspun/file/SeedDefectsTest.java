package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_OP_SYNC_FILE_RANGE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.testing.FaultKernel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What others have got wrong, by the entries that reach the kernel. */
class SeedDefectsTest {
  @TempDir Path directory;

  /** The steps are flags of the operation; among the entry's they would be links and barriers. */
  @Test
  void syncFileRange_stepsAreTheOperations() throws Exception {
    Path path = directory.resolve("file");
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingFile file =
            RingFile.open(ring, path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (SyncRange step : SyncRange.values()) {
        check(kernel, file, 1 << step.ordinal(), step);
      }
      check(kernel, file, 7, SyncRange.values());
    }
  }

  private static void check(FaultKernel kernel, RingFile file, int expected, SyncRange... steps)
      throws Exception {
    kernel.forget();
    file.syncFileRange(4096, 8192, steps);
    List<FaultKernel.Request> requests =
        kernel.submitted().stream()
            .filter(request -> request.opcode() == IORING_OP_SYNC_FILE_RANGE)
            .toList();
    assertEquals(1, requests.size());
    FaultKernel.Request request = requests.getFirst();
    assertEquals(expected, request.operationFlags());
    assertEquals(0, request.flags());
    assertEquals(4096, request.offset());
    assertEquals(8192, request.length());
  }
}
