package io.ringspun.internal.ring;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A ring whose thread is occupied. */
@Name("io.ringspun.RingHeld")
@Label("Ring Held")
@Category("Ringspun")
@Description("A carried virtual thread kept a ring's thread from serving the others")
@StackTrace(false)
final class HeldRing extends Event {
  @Label("Ring")
  String ring = "";

  @Label("Held By")
  String thread = "";

  @Label("Held For Milliseconds")
  long heldMillis;

  @Label("Stack")
  String stack = "";
}
