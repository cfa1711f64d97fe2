package io.ringspun.testing;

import java.security.SecureRandom;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * Says a property's seed before it runs, so that a run which never ends can be repeated too: {@code
 * -Dio.ringspun.test.seed=SEED}.
 */
public final class PrintedSeed implements AroundPropertyHook {
  @Override
  public PropertyExecutionResult aroundProperty(
      PropertyLifecycleContext context, PropertyExecutor property) {
    String seed = System.getProperty("io.ringspun.test.seed");
    if (seed == null) {
      seed = Long.toString(new SecureRandom().nextLong());
    }
    context.attributes().setSeed(seed);
    System.out.printf("%s: seed %s%n", context.extendedLabel(), seed);
    return property.execute();
  }
}
