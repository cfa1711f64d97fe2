package io.ringspun.benchmarks;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Resolves names below {@code slow.invalid} after two seconds in a native call, as {@code
 * getaddrinfo(3)} does if a name server does not answer. Every other name goes to the JDK's
 * resolver.
 */
public final class SlowResolverProvider extends InetAddressResolverProvider {
  private static final String SLOW = ".slow.invalid";
  private static final int MICROS = 2_000_000;
  private static final AtomicInteger NEXT = new AtomicInteger();

  /** For the service loader. */
  public SlowResolverProvider() {}

  /** Returns a slow name that the JDK has no answer for in its cache. */
  static String newName() {
    return "host" + NEXT.getAndIncrement() + SLOW;
  }

  @Override
  public InetAddressResolver get(Configuration configuration) {
    InetAddressResolver jdk = configuration.builtinResolver();
    return new InetAddressResolver() {
      @Override
      public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
          throws UnknownHostException {
        if (!host.endsWith(SLOW)) {
          return jdk.lookupByName(host, policy);
        }
        NativeSleep.sleep(MICROS);
        return Stream.of(InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1}));
      }

      @Override
      public String lookupByAddress(byte[] address) throws UnknownHostException {
        return jdk.lookupByAddress(address);
      }
    };
  }

  @Override
  public String name() {
    return "slow names of a benchmark";
  }
}
