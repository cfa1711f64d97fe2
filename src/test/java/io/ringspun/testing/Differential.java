package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;

/**
 * Does the same with the JDK's {@link FileChannel} and with another one, on copies of the same
 * file, and compares what can be seen: results, the kinds of exceptions, whether the channel stays
 * open, the interrupt status, positions, and the file's bytes.
 */
public final class Differential {
  /** How the other channel is opened. */
  public interface Opener {
    FileChannel open(Path path, Set<? extends OpenOption> options) throws IOException;
  }

  /** What is done with a channel; it notes what it sees. */
  public interface Program {
    void run(FileChannel channel, Log log) throws Exception;
  }

  /** What was seen, step by step. */
  public static final class Log {
    final List<String> lines = new ArrayList<>();

    /** Notes a call's result or exception, and what state it leaves the channel in. */
    public void note(String what, FileChannel channel, Callable<?> call) {
      String outcome = outcome(call);
      boolean interrupted = Thread.interrupted(); // the next call shall be free of it
      lines.add(
          "%s -> %s%s%s"
              .formatted(
                  what,
                  outcome,
                  channel.isOpen() ? "" : ", closed",
                  interrupted ? ", interrupted" : ""));
    }

    /** Notes a value. */
    public void note(String what, Object value) {
      lines.add(what + " = " + value);
    }
  }

  private Differential() {}

  /** Returns a result, or the kind of the exception, as text. */
  public static String outcome(Callable<?> call) {
    try {
      return Objects.toString(call.call());
    } catch (Throwable e) {
      return kind(e);
    }
  }

  /** Returns the name of an exception's class, or of the nearest one above it in the JDK. */
  public static String kind(Throwable e) {
    Class<?> type = e.getClass();
    while (!type.getName().startsWith("java.")) {
      type = type.getSuperclass();
    }
    return type.getName();
  }

  /**
   * Runs a program twice.
   *
   * @param directory where the copies go
   * @param content the file's bytes at the start, or null for no file
   * @param name what to say when they differ
   */
  public static void compare(
      Path directory,
      byte[] content,
      Set<? extends OpenOption> options,
      Opener other,
      String name,
      Program program)
      throws Exception {
    Path expectedFile = directory.resolve("expected");
    Path actualFile = directory.resolve("actual");
    List<String> expected = run(expectedFile, content, options, FileChannel::open, program);
    List<String> actual = run(actualFile, content, options, other, program);
    for (int i = 0; i < Math.min(expected.size(), actual.size()); i++) {
      List<String> before = expected.subList(Math.max(0, i - 4), i);
      assertEquals(
          expected.get(i),
          actual.get(i),
          () -> "%s with %s after %s".formatted(name, options, String.join("; ", before)));
    }
    assertEquals(expected, actual, name + " with " + options);
    if (Files.exists(expectedFile)) {
      assertArrayEquals(
          Files.readAllBytes(expectedFile),
          Files.readAllBytes(actualFile),
          name + " with " + options + ": the file");
    }
  }

  private static List<String> run(
      Path file, byte[] content, Set<? extends OpenOption> options, Opener opener, Program program)
      throws Exception {
    Files.deleteIfExists(file);
    if (content != null) {
      Files.write(file, content);
    }
    Log log = new Log();
    try (FileChannel channel = opener.open(file, options)) {
      program.run(channel, log);
      log.note("size", Files.exists(file) ? Files.size(file) : "no file");
      log.note("position at the end", channel, channel::position);
    } catch (IOException | RuntimeException e) {
      log.note("failure", kind(e));
    }
    return log.lines;
  }
}
