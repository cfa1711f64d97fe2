/**
 * Sockets whose blocking calls go through a ring.
 *
 * <p>Start with {@link io.ringspun.net.RingSocket} and {@link io.ringspun.net.RingListener}; {@link
 * io.ringspun.net.RingDatagramSocket} is for datagrams.
 *
 * <p>All methods throw {@link NullPointerException} if given null, except those of the socket
 * factories, which accept null where the factories of the JDK do.
 */
@NullMarked
package io.ringspun.net;

import org.jspecify.annotations.NullMarked;
