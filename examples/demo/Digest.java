package demo;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * A digest of blocks and their positions that does not depend on their order, so that many threads
 * can each digest what they read. Used by one thread; the sums of several threads are added.
 */
final class Digest {
  private final CRC32C crc = new CRC32C();
  private long sum;

  /** Adds the bytes of a buffer from 0 to {@code length}, read at a position of the file. */
  void add(ByteBuffer bytes, int length, long position) {
    crc.reset();
    crc.update(bytes.limit(length).position(0));
    sum += mix(mix(position) + crc.getValue());
  }

  long sum() {
    return sum;
  }

  /** Spreads a number's bits over all of a long (the finalizer of MurmurHash 3). */
  static long mix(long value) {
    long z = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
    z = (z ^ (z >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return z ^ (z >>> 33);
  }
}
