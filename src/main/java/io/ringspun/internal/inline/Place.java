package io.ringspun.internal.inline;

/**
 * Where an open file is.
 *
 * @param locality whether calls on it end soon, most of the time
 * @param device the file system's {@code st_dev}, by which the paces of its files are told apart
 */
public record Place(Locality locality, long device) {}
