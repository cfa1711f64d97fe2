package io.ringspun.internal.ring;

/** A request to end an operation, and to learn when it has ended. For the ring's thread. */
interface Claim {
  /** Notes the operation's end. */
  void ended(boolean wasCancelled);
}
