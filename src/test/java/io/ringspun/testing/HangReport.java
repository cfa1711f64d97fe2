package io.ringspun.testing;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import io.ringspun.internal.ring.Leaks;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.PreInterruptCallback;
import org.junit.jupiter.api.extension.PreInterruptContext;

/**
 * Prints where a test hangs whose time is up: the stacks of all threads, virtual ones too, what the
 * rings have in flight, what the descriptors refer to, and what the threads wait for in the kernel.
 * Registered for every class.
 */
public final class HangReport implements PreInterruptCallback {
  private static final Path PROCESS = Path.of("/proc/self");

  @Override
  public void beforeThreadInterrupt(PreInterruptContext late, ExtensionContext test) {
    StringBuilder report = new StringBuilder();
    report.append(test.getUniqueId()).append(" hangs in ").append(late.getThreadToInterrupt());
    for (StackTraceElement frame : late.getThreadToInterrupt().getStackTrace()) {
      report.append("\n  at ").append(frame);
    }
    report.append("\nrings and what they have in flight: ").append(Leaks.liveRings());
    appendDescriptors(report);
    appendTasks(report);
    report.append('\n').append(threads());
    System.out.println(report);
  }

  private static String threads() {
    try {
      Path dump = Files.createTempDirectory("hang").resolve("threads");
      ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
          .dumpThreads(dump.toString(), ThreadDumpFormat.TEXT_PLAIN);
      String threads = Files.readString(dump);
      Files.delete(dump);
      Files.delete(dump.getParent());
      return threads;
    } catch (IOException e) {
      return "no stacks: " + e;
    }
  }

  private static void appendDescriptors(StringBuilder report) {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(PROCESS.resolve("fd"))) {
      for (Path each : descriptors) {
        String target = target(each);
        if (target.endsWith(".jar")) {
          continue;
        }
        report.append('\n').append(each).append(" -> ").append(target);
        if (target.contains("io_uring")) {
          append(report, PROCESS.resolve("fdinfo").resolve(each.getFileName()));
        }
      }
    } catch (IOException e) {
      report.append("\nno descriptors: ").append(e);
    }
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return "closed meanwhile";
    }
  }

  private static void appendTasks(StringBuilder report) {
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(PROCESS.resolve("task"))) {
      for (Path task : tasks) {
        append(report, task.resolve("comm"));
        append(report, task.resolve("stack")); // for root alone
      }
    } catch (IOException e) {
      report.append("\nno tasks: ").append(e);
    }
  }

  private static void append(StringBuilder report, Path file) {
    try {
      report.append('\n').append(file).append(": ").append(Files.readString(file).strip());
    } catch (IOException e) {
      report.append('\n').append(file).append(": ").append(e);
    }
  }
}
