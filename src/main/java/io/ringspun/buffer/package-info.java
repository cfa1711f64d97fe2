/**
 * Buffers that the kernel takes when data arrives, shared by many sockets and other descriptors.
 *
 * <p>Start at {@link io.ringspun.buffer.BufferRing}. A {@link io.ringspun.buffer.ReceiveStream}
 * hands out what arrives as {@linkplain io.ringspun.buffer.Chunk chunks}.
 *
 * <p>All methods throw {@link NullPointerException} if given null.
 */
@NullMarked
package io.ringspun.buffer;

import org.jspecify.annotations.NullMarked;
