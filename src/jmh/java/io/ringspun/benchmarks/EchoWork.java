package io.ringspun.benchmarks;

import io.ringspun.benchmarks.TurnTable.Column;
import java.util.List;

/** Something that echo servers can be asked to do, and what it costs. */
interface EchoWork {
  /** A place in the table: how much of it, and how to measure that once. */
  record Point(String name, Measure measure) {}

  /** One run against a server that has no connections. */
  interface Measure {
    /** Returns a figure for each column. */
    double[] of(PinnedServer server) throws Exception;
  }

  /** Returns what the points differ in. */
  String pointName();

  List<Point> points();

  List<Column> columns();

  /** Returns whether a run needs a server that has not run before. */
  default boolean needsFreshServer() {
    return false;
  }
}
