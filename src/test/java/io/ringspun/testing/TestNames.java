package io.ringspun.testing;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Names that tests make up, below {@code .ringspun.test}; all others are looked up as ever. The JDK
 * finds this class as a service.
 */
public final class TestNames extends InetAddressResolverProvider {
  private static final Map<String, Callable<InetAddress[]>> NAMES = new ConcurrentHashMap<>();

  /** Gives a name addresses; the lookup may take as long as the callable does. */
  public static void put(String name, Callable<InetAddress[]> addresses) {
    NAMES.put(name, addresses);
  }

  @Override
  public String name() {
    return "names of tests";
  }

  @Override
  public InetAddressResolver get(Configuration configuration) {
    InetAddressResolver system = configuration.builtinResolver();
    return new InetAddressResolver() {
      @Override
      public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
          throws UnknownHostException {
        Callable<InetAddress[]> addresses = NAMES.get(host);
        if (addresses == null) {
          return system.lookupByName(host, policy);
        }
        try {
          return Stream.of(addresses.call());
        } catch (Exception e) {
          throw new AssertionError(e);
        }
      }

      @Override
      public String lookupByAddress(byte[] address) throws UnknownHostException {
        return system.lookupByAddress(address);
      }
    };
  }
}
