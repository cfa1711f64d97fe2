package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * An H2 database with one table, ten times as large as its page cache, and a connection for each
 * thread. A row has its own number in every field.
 */
final class H2Database implements AutoCloseable {
  private static final int ROWS = 1 << 17;
  private static final int CACHE_KIB = 8 << 10;
  private static final String FILLING = "-" + "ringspun".repeat(60);

  private final Path directory;
  private final List<Connection> connections = new ArrayList<>();

  private H2Database(Path directory) {
    this.directory = directory;
  }

  /**
   * Makes a database.
   *
   * @param scheme what H2 opens its files through
   */
  static H2Database make(String scheme, int threads) throws Exception {
    H2Database database =
        new H2Database(Files.createTempDirectory(BenchmarkFile.directory(), "h2"));
    String url =
        "jdbc:h2:%s:%s/table;CACHE_SIZE=%d;MAX_COMPACT_TIME=0"
            .formatted(scheme, database.directory.toAbsolutePath(), CACHE_KIB);
    for (int i = 0; i < threads; i++) {
      database.connections.add(DriverManager.getConnection(url));
    }
    database.fill(database.connections.getFirst());
    return database;
  }

  private void fill(Connection connection) throws SQLException {
    connection.createStatement().execute("create table t(id int primary key, n int, s varchar)");
    connection.setAutoCommit(false);
    try (PreparedStatement insert = connection.prepareStatement("insert into t values(?, ?, ?)")) {
      for (int row = 0; row < ROWS; row++) {
        insert.setInt(1, row);
        insert.setInt(2, row);
        insert.setString(3, row + FILLING);
        insert.addBatch();
        if (row % 1000 == 999) {
          insert.executeBatch();
        }
      }
      insert.executeBatch();
    }
    connection.commit();
    connection.setAutoCommit(true);
  }

  /** Looks up random rows, and changes one row for every ten that it looks up. */
  void query(int member, int operations) throws SQLException {
    Connection connection = connections.get(member);
    try (PreparedStatement select = connection.prepareStatement("select n, s from t where id = ?");
        PreparedStatement update = connection.prepareStatement("update t set s = ? where id = ?")) {
      long random = BenchmarkFile.seed(member);
      for (int i = 0; i < operations; i++) {
        random = BenchmarkFile.random(random);
        int row = (int) (random >>> 16 & (ROWS - 1));
        if (i % 11 == 10) {
          update.setString(1, row + FILLING);
          update.setInt(2, row);
          require(update.executeUpdate() == 1, row);
        } else {
          select.setInt(1, row);
          try (ResultSet result = select.executeQuery()) {
            require(result.next() && result.getInt(1) == row, row);
            require(result.getString(2).startsWith(row + "-"), row);
          }
        }
      }
    }
  }

  private static void require(boolean right, int row) {
    if (!right) {
      throw new IllegalStateException("row " + row + " is not what it was");
    }
  }

  @Override
  public void close() throws SQLException, IOException {
    for (Connection connection : connections) {
      connection.close();
    }
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
