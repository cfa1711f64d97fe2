package demo;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A temporary directory of the job, which is deleted afterwards, even after a failure or Ctrl-C.
 */
final class WorkDirectory implements AutoCloseable {
  private static final FileAttribute<?> FOR_OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path path;
  private final Thread hook = new Thread(this::removeAtExit, "remove-work-directory");
  private volatile boolean isExiting; // set by the hook, read by the job

  private WorkDirectory(Path path) {
    this.path = path;
  }

  /** Makes a directory inside of another. */
  static WorkDirectory make(Path parent) throws IOException {
    String name = "ringspun-%d-%x".formatted(ProcessHandle.current().pid(), System.nanoTime());
    WorkDirectory made = new WorkDirectory(parent.resolve(name));
    Runtime.getRuntime().addShutdownHook(made.hook); // first, lest Ctrl-C come in between
    Files.createDirectory(made.path, FOR_OWNER_ONLY); // it will hold a copy of the user's file
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
      return; // the hook is already deleting it
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
        // the error can no longer be reported
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
