package io.ringspun.os;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.SigInfo;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/**
 * The end of a child process: its exit status or the signal that killed it.
 *
 * @param pid the number of the process, which may now be reused
 * @param exitStatus the status passed to {@code exit(2)}, 0 to 255, if it exited
 * @param signal the number of the signal that killed it, if any
 * @param dumpedCore whether it left a core dump
 * @since 0.1
 */
public record ProcessEnd(long pid, OptionalInt exitStatus, OptionalInt signal, boolean dumpedCore) {

  /** Decodes the kernel's {@code siginfo_t}. */
  static ProcessEnd of(MemorySegment info) {
    int code = SigInfo.get(info, "si_code");
    OptionalInt status = OptionalInt.of(SigInfo.get(info, "si_status"));
    boolean exited = code == Constants.CLD_EXITED;
    return new ProcessEnd(
        SigInfo.get(info, "si_pid"),
        exited ? status : OptionalInt.empty(),
        exited ? OptionalInt.empty() : status,
        code == Constants.CLD_DUMPED);
  }
}
