package io.ringspun.file;

import io.ringspun.testing.Differential;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * Calls of {@link Files} below a directory, run once on the default file system and once on ring
 * paths, and what was seen of each: results, exceptions with what they tell of, and the tree that
 * is left.
 */
interface FilesProgram {
  void run(Path root, Log log) throws Exception;

  /** Runs a program in an empty directory and returns what was seen. */
  static List<String> run(Path root, FilesProgram program) throws Exception {
    Log log = new Log(root.toString());
    program.run(root, log);
    log.tree(RingFileSystems.unwrap(root));
    return log.lines;
  }

  /** What was seen, with the directory's name taken out. */
  final class Log {
    private final List<String> lines = new ArrayList<>();
    private final String root;

    private Log(String root) {
      this.root = root;
    }

    interface Call {
      void run() throws Exception;
    }

    void note(String what, Callable<?> call) {
      String outcome;
      try {
        outcome = text(call.call());
      } catch (FileSystemLoopException e) {
        outcome = "loop at " + e.getFile();
      } catch (FileSystemException e) {
        outcome =
            "%s of %s and %s: %s"
                .formatted(e.getClass(), e.getFile(), e.getOtherFile(), e.getReason());
      } catch (Exception e) {
        outcome = Differential.kind(e);
      }
      boolean interrupted = Thread.interrupted();
      add(what + " -> " + outcome + (interrupted ? ", interrupted" : ""));
    }

    void does(String what, Call call) {
      note(
          what,
          () -> {
            call.run();
            return "done";
          });
    }

    private void add(String line) {
      lines.add(line.replace(root, "ROOT"));
    }

    private static String text(Object value) {
      return switch (value) {
        case null -> "null";
        case byte[] bytes -> bytes.length + " bytes, " + Arrays.hashCode(bytes);
        case Stream<?> stream -> {
          try (stream) {
            yield stream.map(Objects::toString).sorted().toList().toString();
          }
        }
        default -> value.toString();
      };
    }

    private void tree(Path directory) throws IOException {
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path path : (Iterable<Path>) all.sorted()::iterator) {
          PosixFileAttributes attributes =
              Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
          String content =
              attributes.isRegularFile()
                  ? text(Files.readAllBytes(path))
                  : attributes.isSymbolicLink()
                      ? "to " + Files.readSymbolicLink(path)
                      : attributes.isDirectory() ? "directory" : "special";
          add(
              "tree: %s %s %s %s"
                  .formatted(
                      path,
                      content,
                      PosixFilePermissions.toString(attributes.permissions()),
                      attributes.owner()));
        }
      }
    }
  }
}
