package io.ringspun.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.LongRun;
import io.ringspun.testing.Once;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import libraries.H2RingFilePath;
import org.h2.api.ErrorCode;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.store.fs.FileUtils;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A database that knows nothing of rings runs on {@link RingFileChannel}: what it has stored is
 * compared with a model, its transactions keep their totals, and what it has committed outlives the
 * process.
 */
@ExtendWith(LeakCheck.class)
@Once
class H2Test {
  private static final int ROUNDS = LongRun.count(3, 8);
  private static final int STEPS = 1_500;
  private static final int KEYS = 4_000;

  private static final int ACCOUNTS = 20;
  private static final int START = 1_000;
  private static final int CLIENTS = 32;
  private static final int TRANSFERS = 25;

  private static final int CRASHES = LongRun.count(3, 4);

  @TempDir Path directory;

  @BeforeAll
  static void register() {
    H2RingFilePath.register();
  }

  @ParameterizedTest
  @EachCaller
  void open_givesOurChannel(Caller caller) throws Exception {
    Path file = directory.resolve("file");
    try (Ring ring = Ring.open();
        FileChannel channel = caller.call(ring, () -> FileUtils.open("ring:" + file, "rw"))) {
      assertInstanceOf(RingFileChannel.class, channel);
    }
    assertTrue(Files.exists(file));
  }

  // ---- the store -----------------------------------------------------------------------------

  /** The makes of a store. */
  enum Form {
    PLAIN("ring:"),
    COMPRESSED("ring:"),
    ENCRYPTED("ring:"),
    SPLIT("split:16:ring:"); // files of 64 KiB

    final String prefix;

    Form(String prefix) {
      this.prefix = prefix;
    }

    /** Commits nothing by itself, so that the model knows what a rollback leads to. */
    MVStore open(Path file) {
      MVStore.Builder builder =
          new MVStore.Builder()
              .fileName(prefix + file)
              .autoCommitDisabled()
              .autoCommitBufferSize(0)
              .cacheSize(1);
      switch (this) {
        case PLAIN, SPLIT -> {}
        case COMPRESSED -> builder.compress();
        case ENCRYPTED -> builder.encryptionKey("key".toCharArray());
      }
      return builder.open();
    }
  }

  static Stream<Arguments> stores() {
    return Caller.inThisRun().stream()
        .flatMap(caller -> Stream.of(Form.values()).map(form -> Arguments.of(caller, form)));
  }

  @ParameterizedTest
  @MethodSource("stores")
  void store_agreesWithAModel(Caller caller, Form form) throws Exception {
    try (Ring ring = Ring.open()) {
      long seed = 31L * caller.ordinal() + form.ordinal();
      caller.run(ring, () -> runAgainstModel(form, seed));
    }
    if (form == Form.ENCRYPTED) {
      byte[] start = Files.readAllBytes(directory.resolve("store"));
      assertFalse(new String(start, StandardCharsets.ISO_8859_1).contains("value of"));
    }
  }

  private void runAgainstModel(Form form, long seed) {
    Random random = new Random(seed);
    TreeMap<Integer, String> model = new TreeMap<>();
    TreeMap<Integer, String> committed = new TreeMap<>();
    MVStore store = form.open(directory.resolve("store"));
    try {
      for (int round = 0; round < ROUNDS; round++) {
        MVMap<Integer, String> map = store.openMap("map");
        for (int step = 0; step < STEPS; step++) {
          int key = random.nextInt(KEYS);
          switch (random.nextInt(10)) {
            case 0, 1, 2 -> assertEquals(model.remove(key), map.remove(key));
            case 3 -> assertEquals(model.get(key), map.get(key));
            case 4 -> assertEquals(model.ceilingKey(key), map.ceilingKey(key));
            default -> {
              String value = "value of %d, ".formatted(key).repeat(random.nextInt(20));
              assertEquals(model.put(key, value), map.put(key, value));
            }
          }
          if (random.nextInt(200) == 0) {
            store.commit();
            committed = new TreeMap<>(model);
          }
        }
        String what = "seed %d, round %d".formatted(seed, round);
        switch (random.nextInt(5)) {
          case 0 -> {
            store.rollback();
            model = new TreeMap<>(committed);
          }
          case 1 -> {
            store.commit();
            store.compactFile(50);
            committed = new TreeMap<>(model);
          }
          case 2 -> {
            store.close();
            store = form.open(directory.resolve("store"));
            committed = new TreeMap<>(model);
          }
          default -> { // as if the process had died
            store.closeImmediately();
            store = form.open(directory.resolve("store"));
            model = new TreeMap<>(committed);
          }
        }
        assertSame(model, store.openMap("map"), what);
      }
    } finally {
      store.close();
    }
    try (MVStore again = form.open(directory.resolve("store"))) {
      assertSame(model, again.openMap("map"), "seed %d, at the end".formatted(seed));
    }
  }

  private static void assertSame(
      TreeMap<Integer, String> model, MVMap<Integer, String> map, String what) {
    assertEquals(model.size(), map.size(), what);
    Iterator<Map.Entry<Integer, String>> entries = map.entrySet().iterator();
    for (Map.Entry<Integer, String> expected : model.entrySet()) {
      assertEquals(expected, entries.next(), what);
    }
    assertFalse(entries.hasNext(), what);
  }

  // ---- the database --------------------------------------------------------------------------

  private static String url(String prefix, Path directory) {
    return "jdbc:h2:" + prefix + directory.resolve("db");
  }

  private static Connection connect(Path directory, String... settings) throws SQLException {
    String url = url("ring:", directory);
    return DriverManager.getConnection(String.join(";", url, String.join(";", settings)));
  }

  private static long number(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      assertTrue(rows.next());
      return rows.getLong(1);
    }
  }

  private static void execute(Connection connection, String... commands) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String command : commands) {
        statement.execute(command);
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void sql_transfersKeepTheTotal(Caller caller) throws Exception {
    long[] expected = new long[ACCOUNTS];
    try (Ring ring = Ring.open()) {
      caller.run(ring, this::createAccounts);
      List<Caller.Begun<long[]>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        int seed = i;
        clients.add(caller.begin(ring, () -> transferAtRandom(seed)));
      }
      for (Caller.Begun<long[]> client : clients) {
        long[] moved = client.result();
        for (int i = 0; i < ACCOUNTS; i++) {
          expected[i] += moved[i];
        }
      }
      caller.run(ring, () -> checkAccounts(expected)); // by now closed and opened again
    }
  }

  private void createAccounts() throws SQLException {
    try (Connection connection = connect(directory)) {
      execute(
          connection,
          "create table account (id int primary key, balance int not null)",
          "create table receipt (client int, n int, proof blob, primary key (client, n))");
      for (int i = 0; i < ACCOUNTS; i++) {
        execute(connection, "insert into account values (%d, %d)".formatted(i, START));
      }
    }
  }

  /** Returns what it has added to each account. */
  private long[] transferAtRandom(int seed) throws SQLException {
    Random random = new Random(seed);
    long[] moved = new long[ACCOUNTS];
    try (Connection connection = connect(directory, "LOCK_TIMEOUT=30000");
        PreparedStatement add =
            connection.prepareStatement("update account set balance = balance + ? where id = ?");
        PreparedStatement note =
            connection.prepareStatement("insert into receipt values (?, ?, ?)")) {
      connection.setAutoCommit(false);
      for (int n = 0; n < TRANSFERS; n++) {
        int low = random.nextInt(ACCOUNTS - 1);
        int high = low + 1 + random.nextInt(ACCOUNTS - low - 1); // in this order: no deadlock
        int amount = random.nextInt(-100, 100);
        add(add, -amount, low);
        add(add, amount, high);
        note.setInt(1, seed);
        note.setInt(2, n);
        note.setBinaryStream(3, new ByteArrayInputStream(proof(seed, n)));
        assertEquals(1, note.executeUpdate());
        if (random.nextInt(4) == 0) {
          connection.rollback();
        } else {
          connection.commit();
          moved[low] -= amount;
          moved[high] += amount;
        }
        assertEquals(ACCOUNTS * START, number(connection, "select sum(balance) from account"));
        connection.commit();
      }
    }
    return moved;
  }

  private static void add(PreparedStatement add, int amount, int account) throws SQLException {
    add.setInt(1, amount);
    add.setInt(2, account);
    assertEquals(1, add.executeUpdate());
  }

  private static byte[] proof(int client, int n) {
    byte[] bytes = new byte[(client * TRANSFERS + n) % 17 * 700];
    new Random(client * 1_000L + n).nextBytes(bytes);
    return bytes;
  }

  private void checkAccounts(long[] moved) throws SQLException {
    try (Connection connection = connect(directory);
        Statement statement = connection.createStatement()) {
      for (int i = 0; i < ACCOUNTS; i++) {
        long balance = number(connection, "select balance from account where id = " + i);
        assertEquals(START + moved[i], balance, "account " + i);
      }
      try (ResultSet rows = statement.executeQuery("select * from receipt")) {
        while (rows.next()) {
          int client = rows.getInt(1);
          int n = rows.getInt(2);
          assertArrayEquals(proof(client, n), rows.getBytes(3), client + ", " + n);
        }
      }
    }
  }

  // ---- other processes -----------------------------------------------------------------------

  /** Opens databases, and says of each whether another process has it. */
  static final class Opener {
    public static void main(String[] urls) throws SQLException {
      H2RingFilePath.register();
      for (String url : urls) {
        try (Connection connection = DriverManager.getConnection(url)) {
          System.out.println("opened " + number(connection, "select 1"));
        } catch (SQLException e) {
          System.out.println("refused " + e.getErrorCode());
        }
      }
    }
  }

  /** Each caller has a database of its own, so that one child can try them all. */
  @Test
  void lock_keepsOtherProcessesOut() throws Exception {
    List<Connection> held = new ArrayList<>();
    List<String> urls = new ArrayList<>();
    try (Ring ring = Ring.open()) {
      try {
        for (Caller caller : Caller.values()) {
          Path own = Files.createDirectory(directory.resolve(caller.name()));
          held.add(caller.call(ring, () -> connect(own)));
          urls.add(url("ring:", own));
          urls.add(url("", own));
        }
        String refused = "refused " + ErrorCode.DATABASE_ALREADY_OPEN_1 + "\n";
        assertEquals(refused.repeat(6), child(urls), "with and without a ring");
      } finally {
        for (Connection connection : held) {
          connection.close();
        }
      }
    }
    assertEquals("opened 1\n".repeat(6), child(urls));
  }

  private static String child(List<String> urls) throws Exception {
    return new ChildJvm().withFlagsOfThisOne().run(Opener.class, urls.toArray(String[]::new));
  }

  @ParameterizedTest
  @EachCaller
  void lock_ofAnotherChannelKeepsUsOut(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Connection _ = DriverManager.getConnection(url("", directory))) {
      MVStore.Builder builder = new MVStore.Builder().fileName("ring:" + directory + "/db.mv.db");
      caller.run(ring, () -> assertThrows(RuntimeException.class, builder::open));
    }
  }

  /** Commits rows and says so, until it is killed. */
  static final class Committer {
    public static void main(String[] arguments) throws Exception {
      H2RingFilePath.register();
      Path directory = Path.of(arguments[0]);
      int first = Integer.parseInt(arguments[1]);
      Caller caller = Caller.valueOf(arguments[2]);
      try (Ring ring = Ring.open()) {
        caller.run(ring, () -> commit(directory, first));
      }
    }

    private static void commit(Path directory, int first) throws SQLException {
      try (Connection connection = connect(directory, "WRITE_DELAY=0");
          PreparedStatement insert = connection.prepareStatement("insert into log values (?, ?)")) {
        connection.setAutoCommit(false);
        for (int n = first; ; n++) {
          insert.setInt(1, n);
          insert.setString(2, text(n));
          insert.executeUpdate();
          connection.commit();
          System.out.println(n);
        }
      }
    }
  }

  private static String text(int n) {
    return "row %d ".formatted(n).repeat(n % 100);
  }

  /** What a killed process has said to be committed is there. */
  @Test
  void crash_losesNothingCommitted() throws Exception {
    try (Connection connection = connect(directory)) {
      execute(connection, "create table log (n int primary key, words varchar)");
    }
    Random random = new Random(5);
    int there = 0; // rows 1 to this
    for (int crash = 0; crash < CRASHES; crash++) {
      Caller caller = Caller.values()[crash % Caller.values().length];
      int acknowledged = killAfter(there + 1, 1 + random.nextInt(150), caller);
      try (Connection connection = connect(directory)) {
        int count = (int) number(connection, "select count(*) from log");
        assertTrue(
            count == acknowledged || count == acknowledged + 1, // the last was not printed any more
            "%s: %d rows were committed, %d are there".formatted(caller, acknowledged, count));
        checkRows(connection, count);
        there = count;
      }
    }
  }

  private static void checkRows(Connection connection, int count) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select n, words from log order by n")) {
      for (int n = 1; n <= count; n++) {
        assertTrue(rows.next());
        assertEquals(n, rows.getInt(1));
        assertEquals(text(n), rows.getString(2));
      }
    }
  }

  /** Has a process commit rows, kills it after some, and returns the last it has printed. */
  private int killAfter(int first, int rows, Caller caller) throws IOException {
    ChildJvm jvm = new ChildJvm().withFlagsOfThisOne();
    String[] arguments = {directory.toString(), "" + first, caller.name()};
    int last = first - 1;
    for (String line : jvm.killAfter(rows, Committer.class, arguments)) {
      last++;
      assertEquals(last, Integer.parseInt(line));
    }
    return last;
  }
}
