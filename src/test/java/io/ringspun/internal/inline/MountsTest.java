package io.ringspun.internal.inline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Goal: remote file systems are known by their type. */
class MountsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "36 35 0:40 / /mnt/a rw,noatime master:1 - nfs4 host:/x rw|/mnt/a/",
        "36 35 0:40 / /mnt/b\\040c rw - cifs //host/x rw|/mnt/b c/",
        "36 35 0:40 / / rw - fuse.sshfs host: rw|/",
        "36 35 0:40 / /mnt/v rw - virtiofs tag rw|/mnt/v/",
        "36 35 98:0 / /mnt/d rw - ext4 /dev/sda rw|''",
        "36 35 0:40 / /tmp rw - tmpfs tmpfs rw|''",
        "no line of the table|''"
      })
  void remotePoint(String line, String point) {
    assertEquals(point, Mounts.remotePoint(line));
  }

  @Test
  void proc_isNotRemote() {
    assertFalse(Mounts.isRemote(Path.of("/proc/self")));
  }
}
