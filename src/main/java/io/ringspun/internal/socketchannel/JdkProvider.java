package io.ringspun.internal.socketchannel;

import io.ringspun.net.RingSelectorProvider;
import java.nio.channels.spi.SelectorProvider;
import javax.management.JMException;
import javax.management.MBeanServerFactory;

/** The JDK's default provider of channels and selectors. */
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
   * Creates an instance: if our provider is installed, no public method returns the JDK's. But its
   * package is exported to {@code java.management}, which can instantiate classes by name.
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
