package io.ringspun.internal.agent;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.net.InetAddress;
import java.net.spi.InetAddressResolver;

/**
 * Puts an {@link OffloadingResolver} before the resolver of the process. A service provider would
 * replace that of the program, or not be found; so the field of {@link InetAddress} is changed.
 */
final class ResolverInstaller {
  private ResolverInstaller() {}

  /**
   * Installs the resolver.
   *
   * @throws ReflectiveOperationException if this JDK keeps its resolver elsewhere
   */
  static void install() throws ReflectiveOperationException {
    MethodHandles.Lookup lookup =
        MethodHandles.privateLookupIn(InetAddress.class, MethodHandles.lookup());
    VarHandle field =
        lookup.findStaticVarHandle(InetAddress.class, "resolver", InetAddressResolver.class);
    InetAddressResolver present;
    try {
      present =
          (InetAddressResolver)
              lookup
                  .findStatic(
                      InetAddress.class,
                      "resolver",
                      MethodType.methodType(InetAddressResolver.class))
                  .invokeExact();
    } catch (ReflectiveOperationException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("InetAddress.resolver throws nothing else", e);
    }
    if (!(present instanceof OffloadingResolver)) {
      field.setVolatile(new OffloadingResolver(present));
    }
    AgentOutput.detail("names are resolved by platform threads");
  }
}
