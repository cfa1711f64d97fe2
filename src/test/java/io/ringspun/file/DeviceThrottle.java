package io.ringspun.file;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Lets this process read from a device only so often, by a control group of version 1. */
final class DeviceThrottle implements AutoCloseable {
  private static final Path ROOT = Path.of("/sys/fs/cgroup/blkio");

  private final Path group;
  private final Path before;

  private DeviceThrottle(Path group, Path before) {
    this.group = group;
    this.before = before;
  }

  /** Begins, for the device that a directory is on. */
  static DeviceThrottle startOrSkip(Path directory, int readsPerSecond) throws IOException {
    long device = ((Number) Files.getAttribute(directory, "unix:dev")).longValue();
    long major = device >>> 8 & 0xfff;
    long minor = device & 0xff | device >>> 12 & 0xfff00;
    Path group = ROOT.resolve("ringspun-test-" + ProcessHandle.current().pid());
    boolean isPossible =
        Files.isWritable(ROOT)
            && Files.exists(Path.of("/sys/dev/block/%d:%d".formatted(major, minor)));
    assumeTrue(isPossible, "needs root, the blkio controller of cgroup v1, and a block device");
    Files.createDirectory(group);
    DeviceThrottle throttle = new DeviceThrottle(group, current());
    try {
      Files.writeString(
          group.resolve("blkio.throttle.read_iops_device"),
          "%d:%d %d".formatted(major, minor, readsPerSecond));
      move(group);
    } catch (IOException e) {
      throttle.close();
      throw e;
    }
    return throttle;
  }

  private static Path current() throws IOException {
    String controller = ":blkio:";
    return Files.readAllLines(Path.of("/proc/self/cgroup")).stream()
        .filter(line -> line.contains(controller))
        .map(line -> line.substring(line.indexOf(controller) + controller.length() + 1))
        .map(ROOT::resolve)
        .findFirst()
        .orElse(ROOT);
  }

  private static void move(Path group) throws IOException {
    Files.writeString(group.resolve("cgroup.procs"), Long.toString(ProcessHandle.current().pid()));
  }

  @Override
  public void close() throws IOException {
    move(before);
    Files.delete(group);
  }
}
