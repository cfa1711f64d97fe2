package io.ringspun.internal.ring;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A report, to the flight recorder, of a spare carrier that was started. */
@Name("io.ringspun.SpareCarrierStarted")
@Label("Spare Carrier Started")
@Category("Ringspun")
@Description(
    "A platform thread was started, which runs virtual threads that would hold a ring of a group"
        + " or closed")
@StackTrace(false)
final class StartedSpare extends Event {
  @Label("Spare Carriers")
  @Description("How many there are now, this one among them")
  int count;
}
