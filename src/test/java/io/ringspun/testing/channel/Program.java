package io.ringspun.testing.channel;

import java.util.List;

/**
 * What is done with a channel, from its opening on.
 *
 * @param start what there is before
 * @param size that of the file, if there is one
 * @param opening how the channel is opened first
 * @param calls what comes then
 */
public record Program(Start start, int size, Opening opening, List<Call> calls) {
  /** What the name leads to. */
  public enum Start {
    FILE,
    NOTHING,
    LINK_TO_FILE,
    LINK_TO_NOTHING
  }

  /** One call to a line, to be read by people. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("%s of %d bytes".formatted(start, size));
    text.append("\n  ").append(opening);
    calls.forEach(call -> text.append("\n  ").append(call));
    return text.append('\n').toString();
  }
}
