package io.ringspun.benchmarks;

import io.ringspun.Ring;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;

/** JVMs that have Ringspun as their agent or not at all; none has it on its class path. */
final class AgentFlag {
  private static final Path MANIFEST = Path.of("src", "main", "build", "MANIFEST.MF");

  private final Path jar;
  private final String classPath;

  private AgentFlag(Path jar, String classPath) {
    this.jar = jar;
    this.classPath = classPath;
  }

  /** Takes the library from the class path of this JVM; makes its jar in a directory. */
  static AgentFlag take(Path directory) throws IOException {
    Path library =
        Path.of(
            URI.create(Ring.class.getProtectionDomain().getCodeSource().getLocation().toString()));
    String others =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !Path.of(entry).toAbsolutePath().equals(library))
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));
    return new AgentFlag(
        Files.isDirectory(library) ? pack(library, directory.resolve("ringspun.jar")) : library,
        others);
  }

  private static Path pack(Path classes, Path jar) throws IOException {
    Manifest manifest;
    try (InputStream in = Files.newInputStream(MANIFEST)) {
      manifest = new Manifest(in);
    }
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest);
        var files = Files.walk(classes)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
      }
    }
    return jar;
  }

  /**
   * Returns how to start a JVM.
   *
   * @param options the agent's options, or an empty string for no agent
   */
  List<String> java(String options) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.add("-Xmx512m");
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    if (!options.isEmpty()) {
      command.add("-javaagent:" + jar.toAbsolutePath() + "=" + options + ",verbose");
    }
    command.add("--class-path");
    command.add(classPath);
    return command;
  }
}
