package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** A JVM that has the library as a Java agent only: neither flags nor a class path give it. */
public final class AgentJvm {
  /** What a program has printed, and how it has ended. */
  public record Result(int exitCode, List<String> out, List<String> err) {
    /** Returns the lines of its output that begin in a way, without that. */
    public List<String> after(String start) {
      return out.stream()
          .filter(line -> line.startsWith(start))
          .map(line -> line.substring(start.length()))
          .toList();
    }

    /** Returns the other lines of its output. */
    public List<String> without(String start) {
      return out.stream().filter(line -> !line.startsWith(start)).toList();
    }
  }

  private final Path directory;
  private final List<String> before = new ArrayList<>();
  private final List<String> flags = new ArrayList<>();
  private String classPath = testClasses().toString();

  /**
   * Prepares a JVM.
   *
   * @param directory where jars and output are left
   */
  public AgentJvm(Path directory) {
    this.directory = directory;
  }

  private static Path testClasses() {
    URL place = AgentJvm.class.getProtectionDomain().getCodeSource().getLocation();
    return Path.of(URI.create(place.toString())); // which decodes the spaces of a path
  }

  /** Puts a command before {@code java}. */
  public AgentJvm under(String... command) {
    before.addAll(List.of(command));
    return this;
  }

  /** Adds flags of the JVM. */
  public AgentJvm with(String... more) {
    flags.addAll(List.of(more));
    return this;
  }

  /** Puts a directory or jar at the start of the class path. */
  public AgentJvm withClasses(Path more) {
    classPath = more + ":" + classPath;
    return this;
  }

  /** Adds our agent. */
  public AgentJvm withAgent(String options) throws IOException {
    return with("-javaagent:" + agentJar() + (options.isEmpty() ? "" : "=" + options));
  }

  /** Adds an agent that is a class of the tests. */
  public AgentJvm withAgent(Class<?> agent, String options) throws IOException {
    Path jar = directory.resolve("other.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", agent.getName());
    manifest.getMainAttributes().putValue("Can-Retransform-Classes", "true");
    try (OutputStream out = Files.newOutputStream(jar)) {
      new JarOutputStream(out, manifest).close();
    }
    return with("-javaagent:" + jar + "=" + options);
  }

  /** Returns the library as a jar with the manifest of the released one. */
  public Path agentJar() throws IOException {
    Path jar = directory.resolve("ringspun.jar");
    if (!Files.exists(jar)) {
      Manifest manifest;
      try (InputStream in = Files.newInputStream(Path.of("src", "main", "build", "MANIFEST.MF"))) {
        manifest = new Manifest(in);
      }
      manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
      try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest);
          var files = Files.walk(Classes.MAIN)) {
        out.setLevel(0);
        for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
          out.putNextEntry(new JarEntry(Classes.MAIN.relativize(file).toString()));
          Files.copy(file, out);
        }
      }
    }
    return jar;
  }

  /** Starts a main class, whose output can be read from the process. */
  public Process start(Class<?> main, String... arguments) throws IOException {
    return new ProcessBuilder(command(main, arguments))
        .redirectError(directory.resolve("err.txt").toFile())
        .start();
  }

  /** Runs a main class to its end. */
  public Result run(Class<?> main, String... arguments) throws Exception {
    Path out = directory.resolve("out.txt");
    Path err = directory.resolve("err.txt");
    Process process =
        new ProcessBuilder(command(main, arguments))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    boolean ended = process.waitFor(40, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly().waitFor();
    }
    Result result =
        new Result(process.exitValue(), Files.readAllLines(out), Files.readAllLines(err));
    assertTrue(ended, () -> "the program hangs: " + result);
    return result;
  }

  private List<String> command(Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>(before);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(flags);
    command.addAll(List.of("-cp", classPath, main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }
}
