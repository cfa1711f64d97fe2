package demo;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * One of the two contenders of the main job. {@link RingspunArm} and {@link FileChannelArm} do the
 * same work, each in its own way; read them side by side.
 */
interface Arm {

  /** Makes a virtual thread, not started. Workers are numbered from 0. */
  Thread newThread(int worker, Runnable task);

  /** Opens a file for reading, through the page cache or past it. */
  Source open(Path file, boolean direct) throws IOException;

  /** Returns a path whose operations, by {@link java.nio.file.Files}, this arm does. */
  Path path(int worker, Path file);

  /** Copies the first bytes of a file. Called on the thread of worker 0. */
  void copy(Path from, Path to, long byteCount) throws IOException;

  /** Makes an empty log. */
  Log createLog(Path file) throws IOException;

  /** A file that is read by several workers at once. */
  interface Source extends Closeable {

    /**
     * Reads into a block from some offset of it on.
     *
     * @return the bytes read, perhaps fewer than fit, or -1 at the end of the file
     */
    int read(Block block, int offset, long position) throws IOException;
  }

  /** A file that several workers commit records to. */
  interface Log extends Closeable {

    /** Writes a record and returns when it is safe on the device. */
    void commit(int worker, Block entry, long position) throws IOException;
  }
}
