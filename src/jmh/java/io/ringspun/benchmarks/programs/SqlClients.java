package io.ringspun.benchmarks.programs;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Virtual threads that query a database by JDBC, each on a connection of its own: random rows, and
 * a change of one row for every ten that are looked up.
 *
 * <pre>SqlClients URL TABLE</pre>
 *
 * <p>Makes the table and says {@code ready}. For each line {@code THREADS MILLIS} of its input it
 * says {@code start} once all threads are connected, {@code end} once they are done, and then how
 * many statements they ran, in how many nanoseconds, the median and the 99th percentile of a
 * statement's nanoseconds, and as what one of the threads prints itself.
 */
public final class SqlClients {
  private static final int ROWS = 1 << 16;
  private static final String FILLING = "-" + "ringspun".repeat(60);

  private final String url;
  private final String table;

  private SqlClients(String url, String table) {
    this.url = url;
    this.table = table;
  }

  /** What a thread did. */
  private record Work(long[] nanos, String thread) {}

  /**
   * Queries.
   *
   * @param args see the class comment
   */
  public static void main(String[] args) throws Exception {
    SqlClients clients = new SqlClients(args[0], args[1]);
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    try (Connection connection = DriverManager.getConnection(clients.url)) { // keeps H2 open
      clients.fill(connection);
      System.out.println("ready");
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ");
        clients.run(Integer.parseInt(words[0]), Integer.parseInt(words[1]));
      }
    }
  }

  private void fill(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("drop table if exists " + table);
      statement.execute("create table " + table + "(id int primary key, n int, s varchar)");
    }
    connection.setAutoCommit(false);
    try (PreparedStatement insert =
        connection.prepareStatement("insert into " + table + " values(?, ?, ?)")) {
      for (int row = 0; row < ROWS; row++) {
        insert.setInt(1, row);
        insert.setInt(2, row);
        insert.setString(3, row + FILLING);
        insert.addBatch();
        if (row % 1024 == 1023) {
          insert.executeBatch();
        }
      }
    }
    connection.commit();
    connection.setAutoCommit(true);
  }

  private void run(int threads, int millis) throws Exception {
    CountDownLatch connected = new CountDownLatch(threads);
    CountDownLatch started = new CountDownLatch(1);
    List<Work> works = new ArrayList<>();
    long nanos;
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Work>> futures = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        long seed = i + 1;
        Callable<Work> client =
            () -> {
              try (Connection connection = DriverManager.getConnection(url)) {
                connected.countDown();
                started.await();
                return query(connection, seed, millis * 1_000_000L);
              } finally {
                connected.countDown(); // lets a failed run end
              }
            };
        futures.add(executor.submit(client));
      }
      connected.await();
      System.out.println("start");
      long start = System.nanoTime();
      started.countDown();
      for (Future<Work> future : futures) {
        works.add(future.get());
      }
      nanos = System.nanoTime() - start;
      System.out.println("end");
    }
    long[] all = works.stream().flatMapToLong(work -> Arrays.stream(work.nanos)).sorted().toArray();
    System.out.printf(
        "%d %d %d %d %s%n",
        all.length,
        nanos,
        all[all.length / 2],
        all[all.length / 100 * 99],
        works.getFirst().thread);
  }

  private Work query(Connection connection, long seed, long limitNanos) throws SQLException {
    long[] nanos = new long[1 << 12];
    int count = 0;
    try (PreparedStatement select =
            connection.prepareStatement("select n, s from " + table + " where id = ?");
        PreparedStatement update =
            connection.prepareStatement("update " + table + " set s = ? where id = ?")) {
      long random = seed * 0x9E3779B97F4A7C15L;
      long start = System.nanoTime();
      for (long now = start; now - start < limitNanos; ) {
        random = random * 6364136223846793005L + 1442695040888963407L;
        int row = (int) (random >>> 33 & (ROWS - 1));
        if (count % 11 == 10) {
          update.setString(1, row + FILLING);
          update.setInt(2, row);
          require(update.executeUpdate() == 1, row);
        } else {
          select.setInt(1, row);
          try (ResultSet result = select.executeQuery()) {
            require(result.next() && result.getInt(1) == row, row);
            require(result.getString(2).equals(row + FILLING), row);
          }
        }
        long before = now;
        now = System.nanoTime();
        if (count == nanos.length) {
          nanos = Arrays.copyOf(nanos, 2 * count);
        }
        nanos[count++] = now - before;
      }
    }
    return new Work(Arrays.copyOf(nanos, count), Thread.currentThread().toString());
  }

  private static void require(boolean right, int row) {
    if (!right) {
      throw new IllegalStateException("row " + row + " is not what it was");
    }
  }
}
