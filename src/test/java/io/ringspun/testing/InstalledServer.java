package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** A server of the distribution's, run for a test if it is installed. */
public final class InstalledServer implements AutoCloseable {
  private static final Path POSTGRESQL = Path.of("/usr/lib/postgresql");

  private final Process process;
  private final Path log;
  private final int port;

  private InstalledServer(Process process, Path log, int port) {
    this.process = process;
    this.log = log;
    this.port = port;
  }

  /** Returns where a program is, or skips the test if it is not installed. */
  public static Path findOrSkip(String program, String debianPackage) throws IOException {
    TreeSet<Path> versions = new TreeSet<>();
    if (Files.isDirectory(POSTGRESQL)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(POSTGRESQL)) {
        entries.forEach(entry -> versions.add(entry.resolve("bin")));
      }
    }
    List<Path> directories = new ArrayList<>(versions.descendingSet());
    directories.addAll(List.of(Path.of("/usr/bin"), Path.of("/usr/sbin")));
    Optional<Path> found =
        directories.stream()
            .map(directory -> directory.resolve(program))
            .filter(Files::isExecutable)
            .findFirst();
    assumeTrue(
        found.isPresent(), program + " is not installed; it is in the package " + debianPackage);
    return found.orElseThrow();
  }

  /** Returns a port that nobody uses now. */
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Starts a server and waits until it takes connections. */
  public static InstalledServer start(int port, Path log, List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    InstalledServer server = new InstalledServer(process, log, port);
    try {
      Await.until("the server listens on port " + port, server::listens);
      return server;
    } catch (Throwable e) {
      e.addSuppressed(new AssertionError(Files.readString(log)));
      server.close();
      throw e;
    }
  }

  private boolean listens() throws IOException {
    if (!process.isAlive()) {
      throw new IllegalStateException("the server ended: " + Files.readString(log));
    }
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException _) {
      return false;
    }
  }

  /** Runs a program that ends, and must end well. */
  public static void run(Path log, List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertEquals(0, process.waitFor(), () -> command + " failed, see " + log);
  }

  public int port() {
    return port;
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
