/**
 * Sockets whose blocking calls go through a ring.
 *
 * <p>Start with {@link io.ringspun.net.RingSocket} and {@link io.ringspun.net.RingListener}; {@link
 * io.ringspun.net.RingDatagramSocket} is for datagrams. For code that expects the JDK's types there
 * are {@link io.ringspun.net.RingSocketChannel} and {@link
 * io.ringspun.net.RingServerSocketChannel}, {@link io.ringspun.net.RingSocketFactory} and {@link
 * io.ringspun.net.RingServerSocketFactory}; {@link io.ringspun.net.RingSelectorProvider} and {@link
 * io.ringspun.net.RingSocketImplFactory} put all channels or sockets of a program on rings.
 *
 * <p>All methods throw {@link NullPointerException} if given null, except those of the socket
 * factories, which accept null where the factories of the JDK do.
 */
@NullMarked
package io.ringspun.net;

import org.jspecify.annotations.NullMarked;
