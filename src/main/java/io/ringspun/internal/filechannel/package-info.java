/**
 * What {@link io.ringspun.file.RingFileChannel} opens: channels on a ring, and channels of the JDK
 * where there can be no ring.
 */
package io.ringspun.internal.filechannel;
