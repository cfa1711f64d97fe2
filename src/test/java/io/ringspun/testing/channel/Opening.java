package io.ringspun.testing.channel;

import java.nio.file.OpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * How a channel is opened.
 *
 * @param options which may contradict each other
 * @param permissions those of a file that is made, or empty for what is usual
 */
public record Opening(Set<OpenOption> options, String permissions) {
  FileAttribute<?>[] attributes() {
    return permissions.isEmpty()
        ? new FileAttribute<?>[0]
        : new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        };
  }

  @Override
  public String toString() {
    return "open" + options + permissions;
  }
}
