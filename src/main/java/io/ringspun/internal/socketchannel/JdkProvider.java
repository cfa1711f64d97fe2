package io.ringspun.internal.socketchannel;

import io.ringspun.net.RingSelectorProvider;
import java.nio.channels.spi.SelectorProvider;
import javax.management.JMException;
import javax.management.MBeanServerFactory;

/** The provider of channels and selectors that the JDK itself has. */
public final class JdkProvider {
  private static final String NAME = "sun.nio.ch.EPollSelectorProvider";

  private JdkProvider() {}

  private static final class Holder {
    static final SelectorProvider INSTANCE = find();
  }

  public static SelectorProvider get() {
    return Holder.INSTANCE;
  }

  private static SelectorProvider find() {
    SelectorProvider installed = SelectorProvider.provider();
    return installed instanceof RingSelectorProvider ? make() : installed;
  }

  /**
   * Makes another one: where ours is installed, nothing public leads to the JDK's. Its package is
   * exported to {@code java.management} though, which makes objects by name.
   */
  private static SelectorProvider make() {
    try {
      return (SelectorProvider) MBeanServerFactory.newMBeanServer().instantiate(NAME);
    } catch (JMException | RuntimeException e) {
      throw new IllegalStateException(
          "this JDK gives no access to " + NAME + ", to which non-blocking channels are left", e);
    }
  }
}
