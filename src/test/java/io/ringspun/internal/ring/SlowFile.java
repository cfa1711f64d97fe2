package io.ringspun.internal.ring;

import io.ringspun.Descriptor;

/** Has a pipe stand for a file on a slow device, whose operations wait for no peer. */
public final class SlowFile {
  private SlowFile() {}

  /** Counts transfers of a pipe against the in-flight limit, and has draining wait for them. */
  public static void imitatedBy(Descriptor pipe) {
    Handle handle = Handle.of(pipe);
    handle.makeBlocking();
    handle.kind = Handle.SEEKABLE;
  }
}
