package io.ringspun.internal.agent;

/**
 * Lines on the standard error stream: the agent starts before the program has set up its logging.
 */
final class AgentOutput {
  private static volatile boolean verbose; // set once, when the options are known

  private AgentOutput() {}

  static void setVerbose(boolean on) {
    verbose = on;
  }

  /** Says what was not done, and why. */
  static void problem(String message) {
    print(message);
  }

  /** Says what was not done, and the reason. */
  static void problem(String message, Throwable reason) {
    print(message + ": " + describe(reason));
  }

  /** Says what was done, if that is asked for. */
  static void detail(String message) {
    if (verbose) {
      print(message);
    }
  }

  private static void print(String message) {
    System.err.println("ringspun: " + message.replace('\n', ' '));
  }

  /** Returns the message of an exception, with its name where the message alone says little. */
  private static String describe(Throwable reason) {
    String message = reason.getMessage();
    if (message == null) {
      return reason.getClass().getName();
    }
    return reason instanceof LinkageError || reason instanceof RuntimeException
        ? reason.getClass().getSimpleName() + ": " + message
        : message;
  }
}
