package io.ringspun.examples;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A directory of the job's own that is gone afterwards, also after a failure or Ctrl-C. */
final class WorkDirectory implements AutoCloseable {
  private final Path path;
  private final Thread hook = new Thread(this::removeAtExit, "remove-work-directory");
  private volatile boolean isExiting; // set by the hook, read by the job

  private WorkDirectory(Path path) {
    this.path = path;
  }

  /** Makes a directory inside of another. */
  static WorkDirectory make(Path parent) throws IOException {
    WorkDirectory made = new WorkDirectory(Files.createTempDirectory(parent, "ringspun-"));
    Runtime.getRuntime().addShutdownHook(made.hook);
    return made;
  }

  Path path() {
    return path;
  }

  /** Returns whether the JVM is being stopped, so that files vanish under the job's hands. */
  boolean isExiting() {
    return isExiting;
  }

  @Override
  public void close() throws IOException {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      return; // the hook is at it already
    }
    remove();
  }

  private void removeAtExit() {
    isExiting = true;
    for (int attempt = 0; attempt < 3; attempt++) { // the job may just be making another file
      try {
        remove();
        return;
      } catch (IOException _) {
        // there is nobody left to tell
      }
    }
  }

  private void remove() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(path);
  }
}
