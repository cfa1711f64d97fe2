package io.ringspun.testing;

import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.SkipExecutionHook;

/**
 * The long form of the tests: {@code -Dio.ringspun.test.long=true} has them repeat more often, with
 * more threads, connections and seeds. As a hook of jqwik, skips a property in the usual run.
 */
public final class LongRun implements SkipExecutionHook {
  private static final String PROPERTY = "io.ringspun.test.long";
  private static final boolean IS_ON = Boolean.getBoolean(PROPERTY);

  /** Returns whether this is the long run. */
  public static boolean isOn() {
    return IS_ON;
  }

  /** Returns how often to do something. */
  public static int count(int usually, int inLongRun) {
    return IS_ON ? inLongRun : usually;
  }

  @Override
  public SkipResult shouldBeSkipped(LifecycleContext context) {
    return IS_ON ? SkipResult.doNotSkip() : SkipResult.skip("only with -D" + PROPERTY + "=true");
  }
}
