package io.ringspun.file;

import io.ringspun.internal.kernel.Constants;
import java.nio.file.OpenOption;
import java.util.Collection;
import java.util.Set;

/**
 * How far the way to a name may lead, checked by the kernel at each step of the way, so that nobody
 * can exchange a directory for a link in between. For {@link RingDirectory#openFile} and {@link
 * RingDirectory#openDirectory}, as in openat2(2); Linux 5.6.
 *
 * @since 0.1
 */
public enum Resolve implements OpenOption {
  /**
   * {@code RESOLVE_BENEATH}: not out of the directory, be it by {@code ..}, by an absolute link or
   * by a magic one.
   */
  BENEATH(Constants.RESOLVE_BENEATH),
  /**
   * {@code RESOLVE_IN_ROOT}: not out of the directory either, for it is taken for the root: {@code
   * ..} stays there, and absolute links start there.
   */
  IN_ROOT(Constants.RESOLVE_IN_ROOT),
  /** {@code RESOLVE_NO_SYMLINKS}: through no symbolic link at all, nor a magic one. */
  NO_SYMLINKS(Constants.RESOLVE_NO_SYMLINKS),
  /** {@code RESOLVE_NO_MAGICLINKS}: through no magic link, as those in {@code /proc/self/fd}. */
  NO_MAGICLINKS(Constants.RESOLVE_NO_MAGICLINKS),
  /** {@code RESOLVE_NO_XDEV}: not into another mount. */
  NO_XDEV(Constants.RESOLVE_NO_XDEV);

  private final int bit;

  Resolve(int bit) {
    this.bit = bit;
  }

  /**
   * Returns the flags of those options that are of this kind.
   *
   * @param others gets the rest
   * @throws IllegalArgumentException if they contradict each other
   */
  static int bits(Collection<? extends OpenOption> options, Set<OpenOption> others) {
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
