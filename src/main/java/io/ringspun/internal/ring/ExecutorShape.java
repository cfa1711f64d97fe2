package io.ringspun.internal.ring;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Executor;

/**
 * The shape of the JDKs 21 to 25: a scheduler is an {@link Executor}, and the builder of virtual
 * threads has a constructor that takes one.
 */
record ExecutorShape(MethodHandle newBuilder) implements SchedulerShape {
  /**
   * Finds the constructor.
   *
   * @throws ReflectiveOperationException if the JDK has another shape
   */
  static ExecutorShape of(MethodHandles.Lookup lookup, Class<?> builder)
      throws ReflectiveOperationException {
    return new ExecutorShape(
        lookup
            .findConstructor(builder, MethodType.methodType(void.class, Executor.class))
            .asType(MethodType.methodType(Object.class, Executor.class)));
  }

  @Override
  public Object builder(Executor executor) throws Throwable {
    return (Object) newBuilder.invokeExact(executor);
  }

  @Override
  public Object scheduler(Executor executor) {
    return executor;
  }

  @Override
  public boolean isInherited() {
    return true;
  }
}
