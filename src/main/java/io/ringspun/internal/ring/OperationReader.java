package io.ringspun.internal.ring;

import org.jspecify.annotations.Nullable;

/**
 * Takes what is known of an operation in flight, and returns it as a value whose type this package
 * must not know.
 *
 * @param <T> the type of the value
 */
@FunctionalInterface
public interface OperationReader<T> {

  /** Takes the components of {@code InFlightOperation}. */
  T read(
      String name,
      int descriptor,
      boolean registered,
      long ageNanos,
      @Nullable Thread waiter,
      boolean cancelled);
}
