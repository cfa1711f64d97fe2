package io.ringspun.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * Says where the time of everyday file work goes, for each arm: in the kernel, on the way into it,
 * in the clock, or in Java. Needs {@code perf}, Debian's package {@code linux-perf}. Prints a
 * Markdown table of nanoseconds of processor time for each operation.
 *
 * <pre>EverydayProfile [--work A,B,...] [--arms jdk,carried] [--threads 1,32] [--warmups 12]
 *     [--millis 1500] [--symbols 0]</pre>
 *
 * <p>{@code --symbols} lists so many functions with the greatest shares beneath each line.
 */
public final class EverydayProfile {
  /** What a processor was at. */
  private enum Part {
    /** System calls, interrupts, and what the kernel's own threads do for the process. */
    KERNEL("kernel"),
    /** Functions of the C library and the JDK's native ones, and the stubs that call them. */
    CALLS("calls of the kernel"),
    CLOCK("clock"),
    JAVA("Java"),
    /** The collector, the compiler, and what compiled code has the virtual machine do. */
    MACHINE("virtual machine");

    final String title;

    Part(String title) {
      this.title = title;
    }

    static Part of(String library, String symbol) {
      if (library.startsWith("[vdso]") || symbol.contains("clock_gettime")) {
        return CLOCK;
      }
      if (symbol.startsWith("[k]")) {
        return KERNEL;
      }
      if (library.startsWith("libjvm")) {
        return MACHINE;
      }
      boolean isCompiled = library.startsWith("[") || library.startsWith("perf-");
      return isCompiled && !symbol.contains("nep_invoker") ? JAVA : CALLS;
    }
  }

  private static final int TRIES = 5;

  private List<EverydayWork> works = List.of(EverydayWork.values());
  private List<String> arms = List.of("jdk", "carried");
  private List<Integer> threads = List.of(1, 32);
  private int warmups = 12;
  private int millis = 1500;
  private int symbols;
  private boolean child;

  private EverydayProfile(String[] args) {
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--work" ->
            works = Arrays.stream(args[++i].split(",")).map(EverydayWork::named).toList();
        case "--arms" -> arms = List.of(args[++i].split(","));
        case "--threads" ->
            threads = Arrays.stream(args[++i].split(",")).map(Integer::valueOf).toList();
        case "--warmups" -> warmups = Integer.parseInt(args[++i]);
        case "--millis" -> millis = Integer.parseInt(args[++i]);
        case "--symbols" -> symbols = Integer.parseInt(args[++i]);
        case "--child" -> child = true;
        default -> throw new IllegalArgumentException("unknown option: " + args[i]);
      }
    }
  }

  /**
   * Profiles.
   *
   * @param args see the class comment
   */
  public static void main(String[] args) throws Exception {
    EverydayProfile profile;
    try {
      profile = new EverydayProfile(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    if (profile.child) {
      profile.sample(profile.works.getFirst(), profile.threads.getFirst());
    } else {
      profile.run();
    }
  }

  private void run() throws IOException, InterruptedException {
    System.out.println(Figures.environment());
    System.out.println();
    String head = "| Work | Threads | Arm | ns for each operation |";
    for (Part part : Part.values()) {
      head += " " + part.title + " |";
    }
    System.out.println(head);
    System.out.println(head.replaceAll("[^|]+", "---"));
    for (EverydayWork work : works) {
      for (int count : threads) {
        List<String> arguments = new ArrayList<>(List.of("--child", "--work", work.name()));
        arguments.addAll(List.of("--arms", String.join(",", arms), "--threads", "" + count));
        arguments.addAll(List.of("--warmups", "" + warmups, "--millis", "" + millis));
        arguments.addAll(List.of("--symbols", "" + symbols));
        SampleFork.run(
            EverydayProfile.class,
            arguments,
            (arm, figures) ->
                System.out.printf(
                    "| %s | %,d | %s |%s%n",
                    work.title(), count, arm, figures.replace(" / ", "\n    ")));
      }
    }
  }

  // ---- in a fork -----------------------------------------------------------------------------

  private void sample(EverydayWork work, int count) throws Exception {
    Map<String, Arm> opened = new LinkedHashMap<>();
    Map<String, Integer> operations = new LinkedHashMap<>();
    for (String name : arms) {
      opened.put(name, EverydayArm.open(work, name, count));
    }
    for (int i = 0; i < warmups; i++) {
      for (Map.Entry<String, Arm> arm : opened.entrySet()) {
        int many = operations.getOrDefault(arm.getKey(), 16 * count);
        Sample sample = arm.getValue().measure(many);
        double rate = Math.min(sample.rate(), 4.0 * many * 1000 / millis);
        operations.put(arm.getKey(), (int) (rate * millis / 1000 / count + 1) * count);
      }
    }
    for (Map.Entry<String, Arm> arm : opened.entrySet()) {
      System.gc();
      String figures = null;
      for (int i = 0; i < TRIES && figures == null; i++) { // now and then perf has no samples
        figures = profiled(arm.getValue(), operations.get(arm.getKey()));
      }
      if (figures == null) {
        throw new IllegalStateException("perf took no samples");
      }
      SampleFork.print(arm.getKey(), figures);
    }
    for (Arm arm : opened.values()) {
      arm.close();
    }
  }

  /** Runs an arm, and returns its figures, or null if there are none. */
  private @Nullable String profiled(Arm arm, int operations) throws Exception {
    Path data = Files.createTempFile("everyday", ".perf");
    String pid = "" + ProcessHandle.current().pid();
    Process perf =
        new ProcessBuilder("perf", "record", "-q", "-F", "1999", "-p", pid, "-o", data + "")
            .inheritIO()
            .start();
    while (Files.size(data) == 0) { // it writes a header when it has begun
      if (!perf.isAlive()) {
        throw new IllegalStateException("perf ended with status " + perf.exitValue());
      }
      Thread.onSpinWait();
    }
    Sample sample = arm.measure(operations);
    perf.destroy();
    perf.waitFor();
    nameCompiledCode();
    String figures = figures(sample, data);
    Files.delete(data);
    return figures;
  }

  /** Writes the file by which {@code perf} knows compiled methods. */
  private static void nameCompiledCode() throws JMException {
    ManagementFactory.getPlatformMBeanServer()
        .invoke(
            new ObjectName("com.sun.management:type=DiagnosticCommand"),
            "compilerPerfmap",
            new Object[] {new String[0]},
            new String[] {String[].class.getName()});
  }

  private @Nullable String figures(Sample sample, Path data) throws IOException {
    Map<Part, Double> parts = new EnumMap<>(Part.class);
    Map<String, Double> functions = new TreeMap<>();
    Process report =
        new ProcessBuilder(
                List.of(
                    ("perf report -q --stdio -g none -F overhead,dso,sym -t | -i " + data)
                        .split(" ")))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    double nanos = sample.cpuMicros() * 1000;
    for (String line : report.inputReader().lines().toList()) {
      String[] fields = line.split("\\|", 3);
      if (fields.length == 3) {
        double share = Double.parseDouble(fields[0].strip().replace("%", "")) / 100;
        String symbol = fields[2].strip();
        parts.merge(Part.of(fields[1].strip(), symbol), share * nanos, Double::sum);
        functions.merge(fields[1].strip() + " " + symbol, share * nanos, Double::sum);
      }
    }
    if (parts.isEmpty()) {
      return null;
    }
    String row =
        Arrays.stream(Part.values())
            .map(part -> " %,.0f |".formatted(parts.getOrDefault(part, 0.0)))
            .collect(Collectors.joining());
    String most =
        functions.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .limit(symbols)
            .map(entry -> " / %,.0f %s".formatted(entry.getValue(), entry.getKey()))
            .collect(Collectors.joining());
    return " %,.0f |%s%s".formatted(nanos, row, most);
  }
}
