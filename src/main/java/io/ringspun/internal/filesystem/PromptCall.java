package io.ringspun.internal.filesystem;

import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.internal.inline.InlineRule;
import io.ringspun.internal.inline.Mounts;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.ring.BlockingTask;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A call of the JDK that looks a name up and opens nothing, such as {@code access} or {@code
 * readlink}: on a local file system it ends in microseconds. The calling thread makes it while such
 * calls are quick, as {@link InlineRule} says; otherwise it is a {@link BlockingTask}.
 *
 * <p>The memory that is held meanwhile only tells the watchdog of the call, so that the thread may
 * leave its carrier: others that find the memory taken do without it.
 */
final class PromptCall {
  private PromptCall() {}

  /** Makes a call on the name of a file; see {@link BlockingTask#run(BlockingTask.Action)}. */
  static <T extends @Nullable Object> T run(RingPath file, BlockingTask.Action<T> call)
      throws IOException {
    if (!Thread.currentThread().isVirtual() || file.isDelegated()) {
      return BlockingTask.run(call);
    }
    Engine engine = EngineAccess.of(file.fileSystem().ring());
    InlineMemory memory = isAllowed(engine, file.jdk()) ? InlineMemory.take(call) : null;
    if (memory == null) {
      return BlockingTask.run(call);
    }
    boolean begins = false;
    try {
      Kernel kernel = engine.kernel();
      begins = memory.begins(InlineRule.JDK_NAME.pace(file.toString()), kernel);
      if (begins) {
        try {
          return call.run();
        } finally {
          memory.ended(kernel);
        }
      }
    } finally {
      memory.close();
      engine.countInline(begins); // others may run here, and use the same memory
    }
    return BlockingTask.run(call);
  }

  /** Makes a call that has no result; see {@link #run(RingPath, BlockingTask.Action)}. */
  static void run(RingPath file, BlockingTask.Step call) throws IOException {
    run(
        file,
        () -> {
          call.run();
          return true;
        });
  }

  private static boolean isAllowed(Engine engine, Path name) {
    return engine.config().inlineAttempts() && !Mounts.isRemote(name);
  }
}
