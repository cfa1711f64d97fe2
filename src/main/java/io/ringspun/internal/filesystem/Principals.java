package io.ringspun.internal.filesystem;

import java.io.IOException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The JDK's users and groups by number. The JDK has no such lookup, but returns both number and
 * name of a file's owner; each is looked up once.
 */
final class Principals {
  private static final UserPrincipalLookupService LOOKUP =
      RingFileSystem.SHARED.getUserPrincipalLookupService();

  private static final Map<Integer, UserPrincipal> USERS = new ConcurrentHashMap<>();
  private static final Map<Integer, GroupPrincipal> GROUPS = new ConcurrentHashMap<>();

  private Principals() {}

  /**
   * Returns a user.
   *
   * @param file a file that had this owner just now
   */
  static UserPrincipal user(int uid, Path file, LinkOption... options) throws IOException {
    if (!USERS.containsKey(uid)) {
      learn(file, options);
    }
    UserPrincipal user = USERS.get(uid);
    return user != null ? user : LOOKUP.lookupPrincipalByName(Integer.toString(uid));
  }

  /**
   * Returns a group.
   *
   * @param file a file that had this group just now
   */
  static GroupPrincipal group(int gid, Path file, LinkOption... options) throws IOException {
    if (!GROUPS.containsKey(gid)) {
      learn(file, options);
    }
    GroupPrincipal group = GROUPS.get(gid);
    return group != null ? group : LOOKUP.lookupPrincipalByGroupName(Integer.toString(gid));
  }

  private static void learn(Path file, LinkOption... options) throws IOException {
    Map<String, Object> known =
        RingFileSystem.JDK_PROVIDER.readAttributes(file, "unix:uid,gid,owner,group", options);
    USERS.put((Integer) known.get("uid"), (UserPrincipal) known.get("owner"));
    GROUPS.put((Integer) known.get("gid"), (GroupPrincipal) known.get("group"));
  }
}
