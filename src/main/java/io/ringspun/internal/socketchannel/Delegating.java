package io.ringspun.internal.socketchannel;

/** A channel that is backed by a JDK channel, always or since it entered non-blocking mode. */
interface Delegating {
  Delegate<?> delegate();
}
