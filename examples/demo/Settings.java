package demo;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * The settings of the main job.
 *
 * @param file the file to read
 * @param parent the directory in which to create the one for the copy and the log
 * @param plan the durations
 */
record Settings(Path file, Path parent, Contest.Plan plan) {
  static final String USAGE =
      """
      usage: MainJob [--quick] [FILE]
      Reads FILE (by default the JDK's lib/modules), writes small files, looks names up, copies FILE
      and commits a log, through Ringspun and through FileChannel, and compares. Takes about a
      minute; --quick, a few seconds. The copy, the log and the small files go to a directory below
      -Dwork=DIR (by default java.io.tmpdir).\
      """;

  /** Reads the command line and makes sure that there are a file and a place to work in. */
  static Settings parse(String[] args) throws RefusedException {
    List<String> words = List.of(args);
    boolean quick = words.contains("--quick");
    List<String> files = words.stream().filter(word -> !word.equals("--quick")).toList();
    if (files.size() > 1) {
      throw RefusedException.usage("one file at most, please, not " + files.size());
    }
    if (!files.isEmpty() && files.getFirst().startsWith("-")) {
      throw RefusedException.usage("unknown option " + files.getFirst() + "; try --help");
    }
    Path modules = Path.of(System.getProperty("java.home"), "lib", "modules");
    Path file = path(files.isEmpty() ? property("file", modules.toString()) : files.getFirst());
    Path parent = path(property("work", System.getProperty("java.io.tmpdir")));
    check(file, parent);
    return new Settings(file, parent, quick ? Contest.Plan.QUICK : Contest.Plan.NORMAL);
  }

  /** The build passes an empty property for one that it was not given. */
  private static String property(String name, String otherwise) {
    String value = System.getProperty(name, "");
    return value.isEmpty() ? otherwise : value;
  }

  private static Path path(String name) throws RefusedException {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw RefusedException.usage("this is no path: " + e.getMessage());
    }
  }

  private static void check(Path file, Path parent) throws RefusedException {
    if (!Files.exists(file)) {
      throw RefusedException.because(file + ": no such file");
    }
    if (Files.isDirectory(file)) {
      throw RefusedException.because(file + ": is a directory; name a file");
    }
    if (!Files.isRegularFile(file)) {
      throw RefusedException.because(file + ": is not a regular file");
    }
    if (!Files.isReadable(file)) {
      throw RefusedException.because(file + ": permission denied");
    }
    if (!Files.isDirectory(parent) || !Files.isWritable(parent)) {
      throw RefusedException.because(
          parent + ": is not a directory to write to; choose another with -Dwork=DIR");
    }
  }
}
