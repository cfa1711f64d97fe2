package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_FSYNC_DATASYNC;
import static io.ringspun.internal.kernel.Constants.IORING_OP_FSYNC;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each way to sync asks the kernel for: everything, or only what reading needs. */
class SyncFlagsTest {
  private static final int ALL = 0;

  @TempDir private Path directory;

  private interface Sync {
    void run() throws IOException;
  }

  private static void assertAsks(FaultKernel kernel, int flags, Sync sync) throws IOException {
    kernel.clear();
    int before = syncs(kernel).size();
    sync.run();
    List<Integer> asked = syncs(kernel);
    assertEquals(List.of(flags), asked.subList(before, asked.size()));
  }

  private static List<Integer> syncs(FaultKernel kernel) {
    return kernel.submitted().stream()
        .filter(request -> request.opcode() == IORING_OP_FSYNC)
        .map(FaultKernel.Request::operationFlags)
        .toList();
  }

  @Liburing("fsync")
  @Test
  void syncs_askForWhatTheySay() throws IOException {
    Path path = Files.createFile(directory.resolve("file"));
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, StandardOpenOption.WRITE);
        RingFileChannel channel =
            RingFileChannel.open(ring, path, Set.of(StandardOpenOption.WRITE));
        RingDirectory parent = RingDirectory.open(ring, directory)) {
      assertAsks(kernel, ALL, file::fsync);
      assertAsks(kernel, IORING_FSYNC_DATASYNC, file::fdatasync);
      assertAsks(kernel, ALL, () -> channel.force(true));
      assertAsks(kernel, IORING_FSYNC_DATASYNC, () -> channel.force(false));
      assertAsks(kernel, ALL, parent::fsync);
      assertAsks(kernel, ALL, () -> ring.chain().fsync(file).attempt());
      assertAsks(kernel, IORING_FSYNC_DATASYNC, () -> ring.chain().fdatasync(file).attempt());
    }
  }
}
