package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.InstalledServer;
import io.ringspun.testing.Once;
import io.ringspun.testing.RingWork;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** PostgreSQL's JDBC driver on our sockets, named by class, against a real server. */
@Once
class PostgresTest {
  private static final boolean ROOT = System.getProperty("user.name").equals("root");

  private static InstalledServer postgres;
  private static Path certificate;

  @TempDir static Path directory;

  @BeforeAll
  static void start() throws Exception {
    Path initdb = InstalledServer.findOrSkip("initdb", "postgresql");
    int port = InstalledServer.freePort();
    Path data = Files.createDirectory(directory.resolve("data"));
    Path key = directory.resolve("server.key");
    certificate = directory.resolve("server.crt");
    Tls.writePem(directory, key, certificate);
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    if (ROOT) { // as whom the server refuses to run
      UserPrincipal nobody =
          directory.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
      for (Path path : List.of(directory, data, key, certificate)) {
        Files.setOwner(path, nobody);
      }
    }
    InstalledServer.run(
        directory.resolve("initdb.log"),
        asUser(initdb, "-D", data, "-U", "test", "-A", "trust", "--no-sync", "--locale=C"));
    postgres =
        InstalledServer.start(
            port,
            directory.resolve("postgres.log"),
            asUser(
                initdb.resolveSibling("postgres"),
                "-D",
                data,
                "-p",
                port,
                "-k",
                directory,
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "fsync=off",
                "-c",
                "ssl=on",
                "-c",
                "ssl_key_file=" + key,
                "-c",
                "ssl_cert_file=" + certificate));
  }

  private static List<String> asUser(Path program, Object... arguments) {
    Stream<String> user =
        ROOT
            ? Stream.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
            : Stream.empty();
    return Stream.concat(
            user, Stream.concat(Stream.of(program), Stream.of(arguments)).map(Object::toString))
        .collect(Collectors.toList());
  }

  @AfterAll
  static void stop() {
    if (postgres != null) {
      postgres.close();
    }
  }

  private static Connection connect(String... options) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", "test");
    properties.setProperty("socketFactory", RingSocketFactory.class.getName());
    properties.setProperty("connectTimeout", "20");
    for (String option : options) {
      String[] parts = option.split("=", 2);
      properties.setProperty(parts[0], parts[1]);
    }
    return DriverManager.getConnection(
        "jdbc:postgresql://localhost:%d/postgres".formatted(postgres.port()), properties);
  }

  private static long completed() throws IOException {
    return RingWork.of(Ring.shared());
  }

  @ParameterizedTest
  @EachCaller
  void plain(Caller caller) throws Exception {
    exchange(caller, "sslmode=disable");
  }

  @ParameterizedTest
  @EachCaller({Caller.PLATFORM, Caller.CARRIED})
  void overTls(Caller caller) throws Exception {
    exchange(caller, "sslmode=verify-full", "sslrootcert=" + certificate);
  }

  /** Rows in batches and by cursor, a copy, a large value, from several threads. */
  private static void exchange(Caller caller, String... options) throws Exception {
    long before = completed();
    List<Caller.Begun<Object>> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int client = i;
      clients.add(
          caller.begin(
              Ring.shared(),
              () -> {
                try (Connection connection = connect(options)) {
                  use(connection, client);
                }
                return null;
              }));
    }
    for (Caller.Begun<Object> each : clients) {
      each.result();
    }
    assertTrue(completed() - before > 4 * 10, "the ring must have done it");
  }

  private static void use(Connection connection, int client) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("create temp table t (id int primary key, name text, data bytea)");
    }
    connection.setAutoCommit(false);
    byte[] large = Bytes.of(client, 0, 2_000_000);
    try (PreparedStatement insert = connection.prepareStatement("insert into t values (?, ?, ?)")) {
      for (int id = 0; id < 1_000; id++) {
        insert.setInt(1, id);
        insert.setString(2, "row " + id);
        insert.setBytes(3, id == 500 ? large : null);
        insert.addBatch();
      }
      insert.executeBatch();
    }
    String lines =
        IntStream.range(1_000, 20_000)
            .mapToObj(id -> "%d\trow %d\t\\N\n".formatted(id, id))
            .collect(Collectors.joining());
    long copied =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn("copy t from stdin", new StringReader(lines));
    assertEquals(19_000, copied);
    try (PreparedStatement select =
        connection.prepareStatement("select id, name, data from t order by id")) {
      select.setFetchSize(700);
      try (ResultSet rows = select.executeQuery()) {
        int expected = 0;
        while (rows.next()) {
          assertEquals(expected, rows.getInt(1));
          assertEquals("row " + expected, rows.getString(2));
          if (expected == 500) {
            assertArrayEquals(large, rows.getBytes(3));
          }
          expected++;
        }
        assertEquals(20_000, expected);
      }
    }
    connection.commit();
  }

  @Test
  void notifications_awaitedWithTimeLimit() throws Exception {
    try (Connection listener = connect();
        Connection sender = connect();
        Statement listen = listener.createStatement();
        Statement notify = sender.createStatement()) {
      listen.execute("listen news");
      PGConnection notified = listener.unwrap(PGConnection.class);
      PGNotification[] none = notified.getNotifications(20);
      assertTrue(none == null || none.length == 0);
      notify.execute("notify news, 'hello'");
      assertEquals("hello", notified.getNotifications(20_000)[0].getParameter());
    }
  }

  @Test
  void slowQuery_cancelledOverAnotherConnection() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      SQLException e =
          assertThrows(SQLException.class, () -> statement.execute("select pg_sleep(60)"));
      assertEquals("57014", e.getSQLState());
      try (ResultSet one = statement.executeQuery("select 1")) {
        assertTrue(one.next(), "the connection goes on");
      }
    }
  }

  @Test
  void socketTimeLimit_breaksConnection() throws Exception {
    try (Connection connection = connect("socketTimeout=1");
        Statement statement = connection.createStatement()) {
      SQLException e =
          assertThrows(SQLException.class, () -> statement.execute("select pg_sleep(60)"));
      assertEquals("Read timed out", e.getCause().getMessage());
    }
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      // The server would not notice, and not end before its sleeper does.
      statement.execute(
          "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%'"
              + " and pid <> pg_backend_pid()");
    }
  }
}
