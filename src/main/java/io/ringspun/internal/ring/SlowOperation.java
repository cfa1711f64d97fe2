package io.ringspun.internal.ring;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;

/**
 * A report, to the flight recorder, of an operation that took long.
 *
 * <p>One object is begun at each {@link Tick}, and the report of an operation is a copy of the one
 * that was begun first after its submission. So no clock is read for operations that are quick, and
 * none seems slower than it was.
 */
@Name("io.ringspun.SlowOperation")
@Label("Slow Operation")
@Category("Ringspun")
@Description(
    "An operation of a ring was in flight for longer than the threshold. The duration may lack up"
        + " to a tenth of a second at its beginning.")
@Threshold("20 ms")
@StackTrace(false)
final class SlowOperation extends Event implements Cloneable {
  @Label("Operation")
  String operation = "";

  @Label("Descriptor")
  @Description("The number of the descriptor, or of the slot if it is registered; -1 if none")
  int descriptor = -1;

  @Label("Ring")
  String ring = "";

  @Label("Result")
  @Description("The kernel's result, or a negated errno")
  int result;

  @Label("Waiting Thread")
  @Description("Empty if no thread waits for the operation itself")
  String thread = "";

  /** Returns a copy that ends now, to be filled and committed, or null if it lasts too short. */
  @Nullable SlowOperation endIfSlow() {
    SlowOperation event;
    try {
      event = (SlowOperation) clone(); // with the time at which this was begun
    } catch (CloneNotSupportedException e) {
      throw new AssertionError(e);
    }
    event.end();
    return event.shouldCommit() ? event : null;
  }
}
