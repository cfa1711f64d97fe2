package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;
import java.nio.file.OpenOption;
import java.util.Collection;

/**
 * A restriction on path resolution, as in openat2(2), Linux 5.6. The kernel checks it at each
 * component, so it holds even if a directory is concurrently replaced by a link. It is an option of
 * {@link RingDirectory#openFile}, {@link RingDirectory#openDirectory} and the steps of {@link
 * FileSteps} that open a file of a directory.
 *
 * @since 0.1
 */
public enum Resolve implements OpenOption {
  /**
   * {@code RESOLVE_BENEATH}: the path must not leave the directory by {@code ..}, an absolute link
   * or a magic link.
   */
  BENEATH(Constants.RESOLVE_BENEATH),
  /**
   * {@code RESOLVE_IN_ROOT}: the directory is treated as the root: {@code ..} does not leave it,
   * and absolute links start there.
   */
  IN_ROOT(Constants.RESOLVE_IN_ROOT),
  /** {@code RESOLVE_NO_SYMLINKS}: no symbolic links, including magic links. */
  NO_SYMLINKS(Constants.RESOLVE_NO_SYMLINKS),
  /** {@code RESOLVE_NO_MAGICLINKS}: no magic links, such as those in {@code /proc/self/fd}. */
  NO_MAGICLINKS(Constants.RESOLVE_NO_MAGICLINKS),
  /** {@code RESOLVE_NO_XDEV}: no crossing of mount points. */
  NO_XDEV(Constants.RESOLVE_NO_XDEV);

  private final int bit;

  Resolve(int bit) {
    this.bit = bit;
  }

  /**
   * Returns the flags of the options of this type.
   *
   * @param others receives the remaining options
   * @throws IllegalArgumentException if they contradict each other
   */
  static int bits(Collection<? extends OpenOption> options, Collection<OpenOption> others) {
    int bits = 0;
    for (OpenOption option : options) {
      if (option instanceof Resolve bound) {
        bits |= bound.bit;
      } else {
        others.add(option);
      }
    }
    int both = BENEATH.bit | IN_ROOT.bit;
    if ((bits & both) == both) {
      throw new IllegalArgumentException("BENEATH and IN_ROOT exclude each other");
    }
    return bits;
  }
}
