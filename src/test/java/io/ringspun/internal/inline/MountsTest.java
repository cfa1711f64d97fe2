package io.ringspun.internal.inline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Goal: remote file systems are known by their type, and so is that there are none. */
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
    assertEquals(point, Mounts.Mount.of(line).remotePoint());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "36 35 0:40 / /mnt/a rw - nfs4 host:/x rw|false",
        "36 35 0:40 / /mnt/a rw - vboxsf host rw|false",
        "36 35 0:40 / /run/user/1/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw|false",
        "36 35 98:0 / /mnt/d rw - ext4 /dev/sda rw|true",
        "36 35 0:40 /root /home rw - btrfs /dev/sda rw|true",
        "36 35 98:0 / /mnt/d rw - fuseblk /dev/sda rw|false",
        "36 35 0:40 / /tmp rw - tmpfs tmpfs rw|true",
        "36 35 0:40 / /proc rw - proc proc rw|true",
        "36 35 0:40 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw|true",
        "36 35 0:40 / /sys/fs/fuse/connections rw - fusectl fusectl rw|true",
        "36 35 0:40 / /processes rw - 9p host rw|false",
        "no line of the table|false"
      })
  void isLocal(String line, boolean isLocal) {
    assertEquals(isLocal, Mounts.Mount.of(line).isLocal());
  }

  @Test
  void devices_areNotSurelyLocal() {
    assertFalse(Mounts.isSurelyLocal(Path.of("/dev/st0")));
    assertFalse(Mounts.isSurelyLocal(Path.of("/proc/self/fd/3")));
  }

  @Test
  void proc_isNotRemote() {
    assertFalse(Mounts.isRemote(Path.of("/proc/self")));
  }
}
