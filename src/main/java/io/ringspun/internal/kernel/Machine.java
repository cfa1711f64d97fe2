package io.ringspun.internal.kernel;

/**
 * The kinds of processors whose system calls and flags are known here. On any other one a number
 * might mean something else, so there is no ring.
 */
enum Machine {
  X86_64,
  AARCH64,
  RISCV64,
  UNKNOWN;

  /** The one that the JVM runs on. */
  static final Machine CURRENT = of(System.getProperty("os.arch", ""));

  private static Machine of(String arch) {
    return switch (arch) {
      case "amd64" -> X86_64;
      case "aarch64" -> AARCH64;
      case "riscv64" -> RISCV64;
      default -> UNKNOWN;
    };
  }

  /**
   * Checks that the machine is known.
   *
   * @throws UnsupportedOperationException if not
   */
  static void requireKnown() {
    if (CURRENT == UNKNOWN) {
      throw new UnsupportedOperationException(
          "the system calls of this machine are not known: os.arch is "
              + System.getProperty("os.arch"));
    }
  }
}
