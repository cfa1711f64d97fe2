package io.ringspun.internal.ring;

/** Where the completions of an operation go that completes many times. For the ring's thread. */
interface CompletionSink {
  /** Keeps what a completion brought; returns whether the operation must end. */
  boolean arrived(int result, int flags);

  /** Reports that the operation has ended, and that the kernel has released its memory. */
  void disarmed();
}
