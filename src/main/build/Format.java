import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;

/**
 * Runs google-java-format on every Java file under the directories given. The build starts this
 * file from its source, since the formatter takes files only and needs the JDK whose syntax we use.
 *
 * <p>{@code Format.java check DIRECTORY...} fails and names the files that are not formatted;
 * {@code Format.java write DIRECTORY...} rewrites them. A directory that does not exist is empty.
 */
public final class Format {
  private Format() {}

  public static void main(String[] args) throws IOException {
    boolean check = args[0].equals("check");
    List<String> command = new ArrayList<>();
    command.addAll(check ? List.of("--dry-run", "--set-exit-if-changed") : List.of("--replace"));
    int options = command.size();
    for (String directory : List.of(args).subList(1, args.length)) {
      command.addAll(javaFiles(Path.of(directory)));
    }
    if (command.size() == options) {
      return;
    }

    ToolProvider formatter = ToolProvider.findFirst("google-java-format").orElseThrow();
    int status = formatter.run(System.out, System.err, command.toArray(String[]::new));
    if (status != 0 && check) {
      System.err.println(
          "These files are not formatted. To format them: mvn -q initialize"
              + " dependency:copy@fetch-formatter exec:exec@format -Dformat=write");
    }
    System.exit(status);
  }

  private static List<String> javaFiles(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (var files = Files.walk(directory)) {
      return files.map(Path::toString).filter(name -> name.endsWith(".java")).sorted().toList();
    }
  }
}
