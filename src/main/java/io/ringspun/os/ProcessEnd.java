package io.ringspun.os;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.SigInfo;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/**
 * How a child process has ended: by itself, or by a signal.
 *
 * @param pid its number, which is free now
 * @param exitStatus what it passed to {@code exit(2)}, 0 to 255, if it ended by itself
 * @param signal the number of the signal that ended it, if one did
 * @param dumpedCore whether it left a core dump
 * @since 0.1
 */
public record ProcessEnd(long pid, OptionalInt exitStatus, OptionalInt signal, boolean dumpedCore) {

  /** Takes apart what the kernel wrote. */
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
