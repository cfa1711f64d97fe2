package io.ringspun.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import net.jqwik.api.lifecycle.AroundContainerHook;
import net.jqwik.api.lifecycle.ContainerLifecycleContext;

/** {@link LeakCheck} for classes of properties, which Jupiter's extensions do not reach. */
public final class PropertyLeakCheck implements AroundContainerHook {
  private LeakCheck.State before;

  @Override
  public void beforeContainer(ContainerLifecycleContext context) {
    try {
      before = LeakCheck.begin();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void afterContainer(ContainerLifecycleContext context) {
    LeakCheck.end(context.label(), before);
  }

  /** Further out than the methods of the class, which open and close what is checked. */
  @Override
  public int proximity() {
    return -20;
  }
}
