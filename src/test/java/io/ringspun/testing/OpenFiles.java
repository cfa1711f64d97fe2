package io.ringspun.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process has open, as the kernel sees it. */
public final class OpenFiles {
  private OpenFiles() {}

  /** Returns how many descriptors are rings. */
  public static int rings() {
    return count("anon_inode:[io_uring]");
  }

  /** Returns how many descriptors lead to something whose name contains a text. */
  public static int count(String text) {
    int count = 0;
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors) {
        if (target(descriptor).contains(text)) {
          count++;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return count;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException _) {
      return ""; // closed meanwhile
    }
  }
}
