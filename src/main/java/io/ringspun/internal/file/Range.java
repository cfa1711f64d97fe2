package io.ringspun.internal.file;

import java.io.IOException;

/** Ranges of a file for operations whose length has only 32 bits. */
public final class Range {
  private static final int STEP_BYTES = 1 << 30;

  private Range() {}

  /** Something to do with a part of a file. */
  public interface Action {
    void accept(long position, int length) throws IOException;
  }

  /** Goes through a range in steps; a length of 0, to the end of the file, is one step of 0. */
  public static void inSteps(long position, long length, Action action) throws IOException {
    long done = 0;
    do {
      int step = (int) Math.min(length - done, STEP_BYTES);
      action.accept(position + done, step);
      done += step;
    } while (done < length);
  }
}
