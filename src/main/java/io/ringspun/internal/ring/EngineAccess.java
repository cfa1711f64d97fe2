package io.ringspun.internal.ring;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The way from a public ring to its engine for the module's other packages, without a public method
 * that users would see. The class {@code io.ringspun.Ring} hands in the key when it is loaded.
 */
public final class EngineAccess {
  private static volatile @Nullable Function<Object, Engine> key;

  private EngineAccess() {}

  /** Called once, by the class whose instances have engines. */
  public static void set(Function<Object, Engine> engineOf) {
    key = engineOf;
  }

  /** Returns the engine behind a ring. */
  public static Engine of(Object ring) {
    Function<Object, Engine> engineOf = key;
    assert engineOf != null : "there is a ring, so its class is loaded";
    return engineOf.apply(ring);
  }
}
