package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the agent must say of a program, and what virtual threads print themselves as.
 *
 * @param options the agent's options, or an empty string for a program without it
 * @param errors the standard error stream of the program
 */
record AgentLog(String options, Path errors) {
  /** Checks the agent's lines, once virtual threads have run. */
  void requireGood() throws IOException {
    List<String> lines =
        Files.readAllLines(errors).stream().filter(line -> line.startsWith("ringspun: ")).toList();
    Set<String> kinds = lines.stream().map(AgentLog::kind).collect(Collectors.toSet());
    Set<String> expected =
        Arrays.stream(options.split(","))
            .filter(option -> !option.isEmpty())
            .map(AgentLog::expected)
            .flatMap(List::stream)
            .collect(Collectors.toSet());
    if (!kinds.equals(expected)) {
      throw new IllegalStateException("the agent is not content: " + lines);
    }
  }

  private static String kind(String line) {
    return line.replaceFirst("^ringspun: ", "")
        .replaceFirst("of \\d+ rings?$", "of rings")
        .replaceFirst("in \\[.*] use", "use");
  }

  private static List<String> expected(String option) {
    return switch (option.replaceFirst("=.*", "")) {
      case "threads" -> List.of("virtual threads run on the shared group of rings");
      case "sockets" -> List.of("socket channels use rings", "sockets use rings");
      case "dns" -> List.of("names are resolved by platform threads");
      case "files" -> List.of("files that are opened use rings");
      default -> throw new IllegalArgumentException(option);
    };
  }

  /** Checks on whose carrier a thread ran that has printed itself. */
  void requireCarrier(String thread) {
    boolean carriedByRing = thread.contains("@ring");
    if (!thread.startsWith("VirtualThread[")
        || carriedByRing == options.isEmpty()
        || thread.contains("@ForkJoinPool") == carriedByRing) {
      throw new IllegalStateException("the carrier is not what it should be: " + thread);
    }
  }
}
