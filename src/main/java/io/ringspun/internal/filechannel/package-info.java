/**
 * The implementations of {@link io.ringspun.file.RingFileChannel}: channels on a ring, and JDK
 * channels as a fallback without io_uring.
 */
package io.ringspun.internal.filechannel;
