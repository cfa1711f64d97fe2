package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Why a ring could not be opened, and how to fix it.
 *
 * @param reason a clause that says what is wrong
 * @param remedy a sentence that says how to fix it
 */
record Diagnosis(String reason, String remedy) {

  /** Returns the exception for a caller that tried to open a ring. */
  RingUnavailableException asException(Throwable cause) {
    return new RingUnavailableException(reason, remedy, cause);
  }

  static Diagnosis of(Throwable cause) {
    return switch (cause) {
      case RingUnavailableException told when told.getCause() != null -> of(told.getCause());
      case ErrnoException refused -> of(refused);
      case LinkageError _ -> ofLinkage(cause);
      case IllegalCallerException _ ->
          new Diagnosis(
              "native access is denied",
              "Start Java with --enable-native-access=io.ringspun (or =ALL-UNNAMED on the class"
                  + " path)");
      default -> new Diagnosis(String.valueOf(cause.getMessage()), "See the cause");
    };
  }

  private static Diagnosis ofLinkage(Throwable cause) {
    Throwable root = cause;
    for (Throwable next = root; next != null; next = next.getCause()) {
      root = next;
    }
    String message = String.valueOf(root.getMessage());
    if (root instanceof IllegalCallerException) {
      return of(root);
    }
    if (root instanceof UnsupportedOperationException) {
      return new Diagnosis(message, "Run on x86-64, AArch64 or RISC-V (riscv64)");
    }
    return System.getProperty("os.name", "").equals("Linux")
        ? new Diagnosis("liburing or the C library lacks a function", message)
        : new Diagnosis(
            "this is not Linux", "Run on Linux " + ErrnoException.OLDEST_LINUX + " or newer");
  }

  private static Diagnosis of(ErrnoException refused) {
    return switch (refused.errno()) {
      case Errno.EPERM, Errno.EACCES -> forbidden(refused);
      case Errno.ENOSYS ->
          new Diagnosis(
              "the kernel has no io_uring, or a seccomp profile hides it (ENOSYS)",
              "Use Linux "
                  + ErrnoException.OLDEST_LINUX
                  + " or newer, and a seccomp profile that allows io_uring_setup, io_uring_enter"
                  + " and io_uring_register");
      case Errno.EINVAL ->
          new Diagnosis(
              "the kernel refuses the ring's flags or sizes (" + refused.getMessage() + ")",
              "Use Linux " + refused.since() + " or newer, or other RingOptions");
      case Errno.ENOMEM ->
          new Diagnosis(
              "there is not enough memory for the ring (" + refused.getMessage() + ")",
              "Raise the limit of locked memory (ulimit -l, LimitMEMLOCK=), or open fewer or"
                  + " smaller rings");
      case Errno.EMFILE, Errno.ENFILE ->
          new Diagnosis(
              "the limit of open files is too low (" + refused.getMessage() + ")",
              "Raise the limit of open files (ulimit -n, LimitNOFILE=), which also bounds"
                  + " RingOptions.withRegisteredFiles");
      default -> new Diagnosis(String.valueOf(refused.getMessage()), "See errno(3)");
    };
  }

  private static Diagnosis forbidden(ErrnoException refused) {
    String setting;
    try {
      setting = Files.readString(Path.of("/proc/sys/kernel/io_uring_disabled")).strip();
    } catch (IOException _) {
      setting = "0"; // before Linux 6.6 there is no such setting
    }
    if (!setting.equals("0")) {
      return new Diagnosis(
          "the system forbids io_uring (kernel.io_uring_disabled=" + setting + ")",
          "Run sysctl kernel.io_uring_disabled=0, or with 1 add the user to the group of"
              + " kernel.io_uring_group");
    }
    return new Diagnosis(
        "a seccomp profile or security module forbids io_uring (" + refused.getMessage() + ")",
        "Give the container a profile that allows io_uring_setup, io_uring_enter and"
            + " io_uring_register");
  }
}
