package io.ringspun.internal.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What follows {@code -javaagent:ringspun.jar=}: options separated by commas.
 *
 * @param threads whether rings carry all virtual threads of the program
 * @param sockets whether sockets and socket channels use rings
 * @param dns whether names are resolved away from the rings
 * @param packages the packages, with their subpackages, whose calls that open files use rings
 * @param rings how many rings the shared group has, or 0 for one for each processor
 * @param verbose whether the agent says what it has done
 */
record AgentOptions(
    boolean threads,
    boolean sockets,
    boolean dns,
    List<String> packages,
    int rings,
    boolean verbose) {
  private static final int RINGS_MAX = 256;

  /**
   * Parses the options. Without any of {@code threads}, {@code sockets}, {@code dns} and {@code
   * files} the agent does what {@code threads} says. What means nothing is left out and reported.
   */
  static AgentOptions parse(@Nullable String text, Consumer<String> problems) {
    boolean threads = false;
    boolean sockets = false;
    boolean dns = false;
    List<String> packages = new ArrayList<>();
    int rings = 0;
    boolean verbose = false;
    for (String option : text == null ? new String[0] : text.split(",", -1)) {
      int equals = option.indexOf('=');
      String name = (equals < 0 ? option : option.substring(0, equals)).strip();
      String value = equals < 0 ? "" : option.substring(equals + 1).strip();
      if (equals >= 0 && !name.equals("files") && !name.equals("rings")) {
        problems.accept("the option " + option.strip() + " is not known");
        continue;
      }
      switch (name) {
        case "" -> {}
        case "threads" -> threads = true;
        case "sockets" -> sockets = true;
        case "dns" -> dns = true;
        case "verbose" -> verbose = true;
        case "files" -> addPackages(value, packages, problems);
        case "rings" -> rings = parseRings(value, problems);
        default -> problems.accept("the option " + name + " is not known");
      }
    }
    if (!sockets && !dns && packages.isEmpty()) {
      threads = true;
    }
    return new AgentOptions(threads, sockets, dns, List.copyOf(packages), rings, verbose);
  }

  private static void addPackages(String value, List<String> packages, Consumer<String> problems) {
    int before = packages.size();
    for (String name : value.split(":", -1)) {
      if (!name.isBlank()) {
        packages.add(name.strip());
      }
    }
    if (packages.size() == before) {
      problems.accept("the option files needs packages: files=com.example:org.example");
    }
  }

  private static int parseRings(String value, Consumer<String> problems) {
    try {
      int rings = Integer.parseInt(value);
      if (rings >= 1 && rings <= RINGS_MAX) {
        return rings;
      }
    } catch (NumberFormatException _) {
      // reported below
    }
    problems.accept("the option rings needs a number from 1 to " + RINGS_MAX + ": " + value);
    return 0;
  }
}
