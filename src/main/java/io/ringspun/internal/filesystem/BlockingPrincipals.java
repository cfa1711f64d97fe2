package io.ringspun.internal.filesystem;

import io.ringspun.internal.ring.BlockingTask;
import java.io.IOException;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;

/**
 * The JDK's service for users and groups, which may ask another machine; see {@link BlockingTask}.
 */
final class BlockingPrincipals extends UserPrincipalLookupService {
  private final UserPrincipalLookupService jdk;

  BlockingPrincipals(UserPrincipalLookupService jdk) {
    this.jdk = jdk;
  }

  @Override
  public UserPrincipal lookupPrincipalByName(String name) throws IOException {
    return BlockingTask.run(() -> jdk.lookupPrincipalByName(name));
  }

  @Override
  public GroupPrincipal lookupPrincipalByGroupName(String group) throws IOException {
    return BlockingTask.run(() -> jdk.lookupPrincipalByGroupName(group));
  }
}
