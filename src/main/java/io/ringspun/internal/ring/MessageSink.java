package io.ringspun.internal.ring;

/** Where the messages go that other rings send to a ring under a tag. For the ring's thread. */
interface MessageSink {
  /** Keeps a message, which the two parts of its completion carry. */
  void arrived(long userData, int result);
}
