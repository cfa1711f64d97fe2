/**
 * Buffers that many sockets and other descriptors share, and from which the kernel picks one when
 * data arrives.
 *
 * <p>Start with {@link io.ringspun.buffer.BufferRing}. A {@link io.ringspun.buffer.ReceiveStream}
 * delivers the data that arrives as {@linkplain io.ringspun.buffer.Chunk chunks}.
 *
 * <p>All methods throw {@link NullPointerException} if given null.
 */
@NullMarked
package io.ringspun.buffer;

import org.jspecify.annotations.NullMarked;
