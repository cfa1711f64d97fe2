package io.ringspun.internal.ring;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A report, to the flight recorder, of threads that one ring of a group took from another. */
@Name("io.ringspun.ThreadsStolen")
@Label("Threads Stolen")
@Category("Ringspun")
@Description("A ring without work took virtual threads that were ready on another of its group")
@StackTrace(false)
final class StolenThreads extends Event {
  @Label("From Ring")
  String from = "";

  @Label("To Ring")
  String to = "";

  @Label("Count")
  int count;
}
