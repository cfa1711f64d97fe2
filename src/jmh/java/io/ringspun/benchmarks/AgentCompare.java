package io.ringspun.benchmarks;

import io.ringspun.benchmarks.programs.Content;
import io.ringspun.benchmarks.programs.HelidonServer;
import io.ringspun.benchmarks.programs.JdkServer;
import io.ringspun.benchmarks.programs.JettyServer;
import io.ringspun.benchmarks.programs.SqlClients;
import io.ringspun.benchmarks.programs.TomcatServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Compares programs that know nothing of Ringspun with themselves under its agent. Arms run in
 * turn, and the result is a table, as in {@link EchoCompare}.
 *
 * <pre>AgentCompare [--servers helidon,jetty,tomcat,jdk,h2,pg] [--arms plain,threads,agent]
 *     [--connections 1,100] [--rounds 5] [--seconds 5]</pre>
 *
 * <p>{@code plain} is the program without the agent; {@code threads} has the agent move virtual
 * threads only; {@code agent} has it change sockets too, or, for {@code h2}, the database's files.
 *
 * <p>Web servers run on processor 0 and wrk on processor 1; so do the program with pgjdbc, and
 * PostgreSQL. H2 is embedded, and has both processors. In the rounds for warm-up every response of
 * a web server is compared; each row of a database always is.
 */
public final class AgentCompare {
  private static final int WARMUP_ROUNDS = 2;

  private final Path directory = Path.of("target", "agent-compare").toAbsolutePath();
  private List<Subject> subjects = List.of(Subject.values());
  private List<String> arms = List.of("plain", "agent");
  private List<Integer> connections = List.of(1, 100);
  private int rounds = 5;
  private int seconds = 5;

  private AgentCompare(String[] args) {
    for (int i = 0; i < args.length; i += 2) {
      String value = i + 1 < args.length ? args[i + 1] : "";
      switch (args[i]) {
        case "--servers" -> subjects = words(value).map(Subject::named).toList();
        case "--arms" -> arms = words(value).toList();
        case "--connections" -> connections = words(value).map(Integer::valueOf).toList();
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--seconds" -> seconds = Integer.parseInt(value);
        default -> throw new IllegalArgumentException("unknown option: " + args[i]);
      }
    }
    arms.forEach(Subject.H2::options); // refuses unknown ones
  }

  private static Stream<String> words(String value) {
    return Arrays.stream(value.split(","));
  }

  /** A program. */
  private enum Subject {
    HELIDON(HelidonServer.class, "threads,sockets"),
    JETTY(JettyServer.class, "threads,sockets"),
    TOMCAT(TomcatServer.class, "threads,sockets"),
    JDK(JdkServer.class, "threads,sockets"),
    H2(SqlClients.class, "threads,files=org.h2"),
    PG(SqlClients.class, "threads,sockets");

    final Class<?> main;
    final String options;

    Subject(Class<?> main, String options) {
      this.main = main;
      this.options = options;
    }

    static Subject named(String label) {
      return Arrays.stream(values())
          .filter(subject -> subject.toString().equals(label))
          .findFirst()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(label + " is none of " + Arrays.toString(values())));
    }

    /** Returns the agent's options in an arm. */
    String options(String arm) {
      return switch (arm) {
        case "plain" -> "";
        case "threads" -> "threads";
        case "agent" -> options;
        default -> throw new IllegalArgumentException("no arm is named " + arm);
      };
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A program that runs. */
  private interface Running extends AutoCloseable {
    /** Measures once, and returns figures in the order of {@link Wrk#COLUMNS}. */
    double[] measure(int connections, boolean warmup) throws IOException, InterruptedException;

    @Override
    void close() throws IOException, InterruptedException;
  }

  /**
   * Compares.
   *
   * @param args see the class comment
   */
  public static void main(String[] args) throws Exception {
    AgentCompare compare;
    try {
      compare = new AgentCompare(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    compare.run();
  }

  private void run() throws IOException, InterruptedException {
    Files.createDirectories(directory);
    Files.writeString(checkScript(), CHECK.formatted(Content.text()));
    AgentFlag flag = AgentFlag.take(directory);
    System.out.println(Figures.environment());
    System.out.println();
    System.out.printf(
        "Programs under the agent: medians of %d runs of %d s of each arm in turn, least and most"
            + " in brackets; × is the ratio to `%s` within a round.%n%n",
        rounds, seconds, arms.getFirst());
    TurnTable table = new TurnTable(Wrk.COLUMNS);
    table.begin("Program | Connections");
    for (Subject subject : subjects) {
      compare(subject, flag, table);
    }
  }

  private void compare(Subject subject, AgentFlag flag, TurnTable table)
      throws IOException, InterruptedException {
    try (Database database = Database.of(subject, directory)) {
      Map<String, Running> programs = new LinkedHashMap<>();
      try {
        for (String arm : arms) {
          programs.put(arm, start(subject, arm, flag, database));
        }
        for (int count : connections) {
          for (int round = -WARMUP_ROUNDS; round < rounds; round++) {
            for (Map.Entry<String, Running> program : programs.entrySet()) {
              double[] figures = program.getValue().measure(count, round < 0);
              if (round >= 0) {
                table.add(program.getKey(), figures);
              }
            }
          }
          table.print("%s | %,d".formatted(subject, count));
        }
      } finally {
        for (Running program : programs.values()) {
          program.close();
        }
      }
    }
  }

  private Running start(Subject subject, String arm, AgentFlag flag, Database database)
      throws IOException, InterruptedException {
    String options = subject.options(arm);
    AgentLog log = new AgentLog(options, directory.resolve(subject + "-" + arm + ".err"));
    ProcessBuilder.Redirect errors = ProcessBuilder.Redirect.to(log.errors().toFile());
    List<String> java = flag.java(options);
    java.add(subject.main.getName());
    if (subject.main != SqlClients.class) {
      PinnedServer server =
          PinnedServer.start(
              port -> {
                List<String> command = new ArrayList<>(java);
                command.add("" + port);
                return command;
              },
              errors);
      return new WebServer(server, log);
    }
    List<String> command =
        new ArrayList<>(subject == Subject.PG ? List.of("taskset", "-c", "0") : List.of());
    command.addAll(java);
    command.add(database.url(arm));
    command.add(arm);
    return new Clients(SqlProgram.start(command, errors), log);
  }

  private Path checkScript() {
    return directory.resolve("check.lua");
  }

  /** A script for wrk that compares each response. */
  private static final String CHECK =
      """
      local expected = "%s"
      local threads = {}
      wrong = 0
      function setup(thread) table.insert(threads, thread) end
      function response(status, headers, body)
        if status ~= 200 or body ~= expected then wrong = wrong + 1 end
      end
      function done(summary, latency, requests)
        for _, thread in ipairs(threads) do
          if thread:get("wrong") > 0 then print("wrong responses") end
        end
      end
      """;

  private final class WebServer implements Running {
    private final PinnedServer server;
    private final AgentLog log;

    WebServer(PinnedServer server, AgentLog log) {
      this.server = server;
      this.log = log;
    }

    @Override
    public double[] measure(int connections, boolean warmup)
        throws IOException, InterruptedException {
      if (!warmup) {
        return Wrk.run(server, Content.TEXT_PATH, connections, seconds);
      }
      double[] figures =
          Wrk.run(server, Content.TEXT_PATH, connections, seconds, "-s", checkScript().toString());
      log.requireCarrier(get(Content.THREAD_PATH));
      log.requireGood();
      return figures;
    }

    private String get(String path) throws IOException {
      URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
      try (InputStream in = connection.getInputStream()) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      } finally {
        connection.disconnect();
      }
    }

    @Override
    public void close() throws InterruptedException {
      server.close();
    }
  }

  private final class Clients implements Running {
    private final SqlProgram program;
    private final AgentLog log;

    Clients(SqlProgram program, AgentLog log) {
      this.program = program;
      this.log = log;
    }

    @Override
    public double[] measure(int connections, boolean warmup) throws IOException {
      SqlProgram.Result result = program.run(connections, seconds);
      log.requireCarrier(result.thread());
      log.requireGood();
      return result.figures();
    }

    @Override
    public void close() throws IOException, InterruptedException {
      program.close();
    }
  }

  /** Where the rows of a program are: files for each arm, or a table for each in PostgreSQL. */
  private interface Database extends AutoCloseable {
    String url(String arm);

    @Override
    void close() throws IOException, InterruptedException;

    static Database of(Subject subject, Path directory) throws IOException, InterruptedException {
      return switch (subject) {
        case H2 -> new H2Files(Files.createTempDirectory(directory, "h2"));
        case PG -> new PostgresTable(Postgres.start());
        default -> new None();
      };
    }
  }

  private record H2Files(Path directory) implements Database {
    @Override
    public String url(String arm) {
      return "jdbc:h2:file:" + directory.resolve(arm) + ";CACHE_SIZE=8192;MAX_COMPACT_TIME=0";
    }

    @Override
    public void close() throws IOException {
      Postgres.delete(directory);
    }
  }

  private record PostgresTable(Postgres server) implements Database {
    @Override
    public String url(String arm) {
      return server.url();
    }

    @Override
    public void close() throws IOException, InterruptedException {
      server.close();
    }
  }

  private record None() implements Database {
    @Override
    public String url(String arm) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }
}
