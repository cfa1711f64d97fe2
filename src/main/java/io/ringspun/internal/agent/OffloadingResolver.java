package io.ringspun.internal.agent;

import io.ringspun.internal.ring.BlockingTask;
import io.ringspun.internal.ring.Engine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.util.List;
import java.util.stream.Stream;

/**
 * Has a platform thread resolve what a carried virtual thread asks for: a resolver waits in the
 * kernel, and would hold the ring meanwhile. All other threads resolve for themselves.
 */
record OffloadingResolver(InetAddressResolver resolver) implements InetAddressResolver {
  @Override
  public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
      throws UnknownHostException {
    if (!Engine.isCurrentThreadOfRings()) {
      return resolver.lookupByName(host, policy);
    }
    // A stream may look the addresses up when it is read.
    List<InetAddress> addresses = offload(() -> resolver.lookupByName(host, policy).toList());
    return addresses.stream();
  }

  @Override
  public String lookupByAddress(byte[] address) throws UnknownHostException {
    return Engine.isCurrentThreadOfRings()
        ? offload(() -> resolver.lookupByAddress(address))
        : resolver.lookupByAddress(address);
  }

  private static <T> T offload(BlockingTask.Action<T> lookup) throws UnknownHostException {
    try {
      return BlockingTask.run(lookup);
    } catch (UnknownHostException e) {
      throw e;
    } catch (IOException e) {
      throw new AssertionError("a resolver throws no other checked exception", e);
    }
  }
}
