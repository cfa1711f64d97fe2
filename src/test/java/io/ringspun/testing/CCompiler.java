package io.ringspun.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;

/** A C compiler and liburing's headers, for tests that compare with the C world. */
public final class CCompiler {
  private static final int SKIP = 77;

  private final String compiler;
  private final String include;

  private CCompiler(String compiler, String include) {
    this.compiler = compiler;
    this.include = include;
  }

  /** Finds or fetches both; skips the calling test, with the script's reason, if that fails. */
  public static CCompiler findOrSkip() throws IOException, InterruptedException {
    Outcome outcome =
        run("", "sh", "src/main/build/liburing.sh", "dev", "target/liburing-dev"); // a no-op twice
    Assumptions.assumeFalse(outcome.status == SKIP, () -> "no C to compare with: " + outcome.err);
    Map<String, String> answers =
        outcome
            .expectSuccess()
            .lines()
            .map(line -> line.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
    return new CCompiler(answers.get("cc"), answers.get("include"));
  }

  /** Compiles a program that is among the test resources. */
  public Path compile(String resource, Path directory) throws IOException, InterruptedException {
    Path source = directory.resolve(resource);
    try (InputStream in = CCompiler.class.getResourceAsStream("/" + resource)) {
      Files.copy(in, source);
    }
    return compile(source);
  }

  /** Compiles a program of one file. */
  public Path compile(Path source) throws IOException, InterruptedException {
    Path program = Path.of(source.toString().replaceFirst("\\.c$", ""));
    run("", compiler, "-I" + include, "-o", program.toString(), source.toString()).expectSuccess();
    return program;
  }

  /** Returns what the preprocessor makes of a file, with the definitions of its macros. */
  public String preprocess(Path source) throws IOException, InterruptedException {
    return run("", compiler, "-I" + include, "-E", "-dD", source.toString()).expectSuccess();
  }

  /** What came of a process. */
  public record Outcome(int status, String out, String err) {
    /** Returns the standard output of a process that must not fail. */
    public String expectSuccess() {
      if (status != 0) {
        throw new AssertionError("exit status " + status + ": " + err);
      }
      return out;
    }
  }

  /** Runs a process with the given standard input. */
  public static Outcome run(String input, String... command)
      throws IOException, InterruptedException {
    Path in = Files.createTempFile("ringspun-test", ".in");
    Path err = Files.createTempFile("ringspun-test", ".err");
    try {
      Files.writeString(in, input);
      Process process =
          new ProcessBuilder(new ArrayList<>(List.of(command)))
              .redirectInput(in.toFile())
              .redirectError(err.toFile())
              .start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Outcome(process.waitFor(), out, Files.readString(err));
    } finally {
      Files.delete(in);
      Files.delete(err);
    }
  }
}
