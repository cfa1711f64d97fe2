package io.ringspun.benchmarks;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server to be measured: a process of its own, kept on processor 0. */
final class PinnedServer implements AutoCloseable {
  private static final long LIMIT_NANOS = 30_000_000_000L;
  private static final long PAUSE_MILLIS = 10;

  /** How many sockets a server may open for itself after its start. */
  private static final int OWN_SOCKETS_MAX = 8;

  private final Process process;
  private final int port;
  private final int sockets;

  private PinnedServer(Process process, int port) throws IOException, InterruptedException {
    this.process = process;
    this.port = port;
    awaitListening();
    sockets = sockets();
  }

  /** How to start a server on a port. */
  interface Command {
    List<String> on(int port) throws IOException;
  }

  /** Starts a server on a port that is free, and returns once it takes connections. */
  static PinnedServer start(Command command) throws IOException, InterruptedException {
    return start(command, ProcessBuilder.Redirect.INHERIT);
  }

  /** Starts the same, whose standard error stream goes elsewhere. */
  static PinnedServer start(Command command, ProcessBuilder.Redirect errors)
      throws IOException, InterruptedException {
    int port = freePort();
    List<String> words = new ArrayList<>(List.of("taskset", "-c", "0"));
    words.addAll(command.on(port));
    Process process =
        new ProcessBuilder(words)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(errors)
            .start();
    try {
      return new PinnedServer(process, port);
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.destroy();
      throw e;
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  int port() {
    return port;
  }

  /** Returns the CPU time that it has used, that of the kernel's workers for it too. */
  long cpuNanos() {
    return ProcessCosts.cpuNanos(process.pid());
  }

  /**
   * Returns how much memory it has in hand, in bytes; what sockets take in the kernel is not in.
   */
  long residentBytes() throws IOException {
    for (String line : Files.readAllLines(proc("status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IllegalStateException("no VmRSS in " + proc("status"));
  }

  /** Returns once it has closed its connections, so that they are not the next arm's to pay for. */
  void awaitNoConnections() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + LIMIT_NANOS;
    while (sockets() > sockets + OWN_SOCKETS_MAX) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("the server keeps connections whose peers are gone");
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  /** Returns how many sockets are open; class files and logs are no connections. */
  private int sockets() throws IOException {
    String[] names = proc("fd").toFile().list();
    if (names == null) {
      throw new IOException("the server has ended");
    }
    int count = 0;
    for (String name : names) {
      try {
        if (Files.readSymbolicLink(proc("fd").resolve(name)).toString().startsWith("socket:")) {
          count++;
        }
      } catch (NoSuchFileException _) {
        // it was closed meanwhile
      }
    }
    return count;
  }

  private Path proc(String name) {
    return Path.of("/proc", Long.toString(process.pid()), name);
  }

  private void awaitListening() throws InterruptedException {
    long deadline = System.nanoTime() + LIMIT_NANOS;
    while (!isListening()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IllegalStateException("the server does not listen on port " + port);
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  private boolean isListening() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", port));
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(LIMIT_NANOS, TimeUnit.NANOSECONDS)) {
      process.destroyForcibly();
    }
  }
}
