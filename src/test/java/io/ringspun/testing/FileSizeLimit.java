package io.ringspun.testing;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/** How large a file the file system can hold. */
public final class FileSizeLimit {
  private FileSizeLimit() {}

  /** Skips the test where files may have every size that the kernel knows, as on XFS and btrfs. */
  public static void assumeBelowMaximum(Path directory) throws IOException {
    Path probe = directory.resolve("probe-of-size");
    try (RandomAccessFile file = new RandomAccessFile(probe.toFile(), "rw")) {
      file.setLength(Long.MAX_VALUE);
    } catch (IOException _) {
      return; // File too large
    } finally {
      Files.deleteIfExists(probe);
    }
    abort("this file system holds files of Long.MAX_VALUE bytes: nothing is too large for it");
  }
}
