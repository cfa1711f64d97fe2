package demo;

/** Thrown when the main job cannot be done as asked; the message is for the user. */
final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;
  private static final int FAILED = 1;
  private static final int USAGE = 2;

  /** The exit status that says so. */
  private final int status;

  private RefusedException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** The circumstances do not allow it. */
  static RefusedException because(String message) {
    return new RefusedException(FAILED, message);
  }

  /** The question makes no sense. */
  static RefusedException usage(String message) {
    return new RefusedException(USAGE, message);
  }

  int status() {
    return status;
  }
}
