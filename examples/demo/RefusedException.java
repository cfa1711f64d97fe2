package demo;

/** Thrown when the main job cannot run as requested; the message is for the user. */
final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;
  private static final int FAILED = 1;
  private static final int USAGE = 2;

  /** The exit status. */
  private final int status;

  private RefusedException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** Returns an exception for a job that cannot run in this environment. */
  static RefusedException because(String message) {
    return new RefusedException(FAILED, message);
  }

  /** Returns an exception for wrong arguments. */
  static RefusedException usage(String message) {
    return new RefusedException(USAGE, message);
  }

  int status() {
    return status;
  }
}
