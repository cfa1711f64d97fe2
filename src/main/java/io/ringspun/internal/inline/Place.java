package io.ringspun.internal.inline;

import org.jspecify.annotations.Nullable;

/**
 * Where an open file is.
 *
 * @param locality whether calls on it end soon, most of the time
 * @param device the file system's {@code st_dev}, by which the paces of its files are told apart
 */
public record Place(Locality locality, long device) {
  /** Of a file that the kernel has not been asked about; see {@link Locality#UNASKED}. */
  public static final Place UNASKED = new Place(Locality.UNASKED, 0);

  /** Returns whether a place is told, and not {@link #UNASKED}. */
  public static boolean isKnown(@Nullable Place place) {
    return place != null && place.locality != Locality.UNASKED;
  }
}
