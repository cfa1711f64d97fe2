package io.ringspun.testing;

import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;

/** A program that knows nothing of rings but a URI. */
public final class PathUser {
  private PathUser() {}

  /** Writes and reads below a directory given by its URI, and tells who did it. */
  public static void main(String[] args) throws Exception {
    Path directory = Path.of(URI.create(args[0]));
    Path file = Files.writeString(directory.resolve("by a child"), "content");
    boolean same =
        file.getFileSystem().provider()
            == FileSystems.getFileSystem(URI.create("ring:///")).provider();
    System.out.println(
        "%s %s %s in %s"
            .formatted(
                Files.readString(file),
                Files.newByteChannel(file).getClass().getModule().getName(),
                same,
                file.toUri()));
  }
}
