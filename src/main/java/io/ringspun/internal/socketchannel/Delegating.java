package io.ringspun.internal.socketchannel;

/** A channel whose work a channel of the JDK does: always, or once it was in non-blocking mode. */
interface Delegating {
  Delegate<?> delegate();
}
