package io.ringspun.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** PostgreSQL on processor 1, with an empty database in a directory of its own. */
final class Postgres implements AutoCloseable {
  private static final Path INSTALLED = Path.of("/usr/lib/postgresql");
  private static final int CONNECTIONS_MAX = 200;
  private static final long LIMIT_NANOS = 30_000_000_000L;
  private static final long PAUSE_MILLIS = 10;

  private final Path directory;
  private final Process process;
  private final int port;

  private Postgres(Path directory, Process process, int port) {
    this.directory = directory;
    this.process = process;
    this.port = port;
  }

  static Postgres start() throws IOException, InterruptedException {
    Path programs;
    try (var versions = Files.list(INSTALLED)) {
      programs =
          versions
              .map(version -> version.resolve("bin"))
              .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
              .max(Comparator.naturalOrder())
              .orElseThrow(() -> new IOException("PostgreSQL is not in " + INSTALLED));
    }
    Path directory = Files.createTempDirectory("postgres");
    Path data = Files.createDirectory(directory.resolve("data"));
    if (isRoot()) { // as whom it refuses to run
      var nobody =
          directory.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
      Files.setOwner(directory, nobody);
      Files.setOwner(data, nobody);
    }
    int port = freePort();
    Process making =
        launch(
            directory,
            "initdb.log",
            List.of(
                programs.resolve("initdb").toString(),
                "--pgdata=" + data,
                "--username=test",
                "--auth=trust",
                "--no-sync",
                "--locale=C"));
    if (making.waitFor() != 0) {
      throw new IOException("initdb failed: see " + directory.resolve("initdb.log"));
    }
    Process process =
        launch(
            directory,
            "postgres.log",
            List.of(
                programs.resolve("postgres").toString(),
                "-D",
                data.toString(),
                "-p",
                "" + port,
                "-k",
                directory.toString(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "max_connections=" + CONNECTIONS_MAX,
                "-c",
                "fsync=off"));
    Postgres server = new Postgres(directory, process, port);
    try {
      server.awaitListening();
      return server;
    } catch (IOException | InterruptedException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static boolean isRoot() {
    return System.getProperty("user.name").equals("root");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Process launch(Path directory, String log, List<String> words) throws IOException {
    List<Object> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"));
    }
    command.addAll(words);
    return new ProcessBuilder(LoadRun.pinned(command.toArray()))
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve(log).toFile())
        .start();
  }

  private void awaitListening() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + LIMIT_NANOS;
    while (!isListening()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IOException("no PostgreSQL: see " + directory.resolve("postgres.log"));
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  private boolean isListening() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /** Returns what to give the driver. */
  String url() {
    return "jdbc:postgresql://localhost:%d/postgres?user=test".formatted(port);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.destroy();
    if (!process.waitFor(LIMIT_NANOS, TimeUnit.NANOSECONDS)) {
      process.destroyForcibly().waitFor();
    }
    delete(directory);
  }

  /** Deletes a directory and what is in it. */
  static void delete(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.delete(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
