package io.ringspun.net;

/** A channel whose work a channel of the JDK always does. */
interface Delegating {
  Delegate<?> delegate();
}
