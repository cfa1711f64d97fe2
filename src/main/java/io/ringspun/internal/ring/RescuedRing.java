package io.ringspun.internal.ring;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A report, to the flight recorder, of a ring that the watchdog served while it was held. */
@Name("io.ringspun.RingRescued")
@Label("Ring Rescued")
@Category("Ringspun")
@Description(
    "A carried virtual thread held a ring's thread, and another thread served the ring: from the"
        + " first time that there was something to do until the ring was found to be free")
@StackTrace(false)
final class RescuedRing extends Event {
  @Label("Ring")
  String ring = "";

  @Label("Submitted")
  @Description("Operations submitted in place of the ring's thread")
  long submitted;

  @Label("Completed")
  @Description("Operations whose completions were reaped in place of the ring's thread")
  long completed;

  @Label("Threads Moved")
  @Description("Virtual threads that were ready there and now run elsewhere")
  long moved;
}
