/**
 * The JDK's socket channels on a ring. {@link io.ringspun.net.RingSocketChannel} and {@link
 * io.ringspun.net.RingServerSocketChannel} open them, and {@link
 * io.ringspun.net.RingSelectorProvider} also makes selectors, pipes and datagram channels of the
 * JDK's own, which work with them. In non-blocking mode a channel of the JDK does the work.
 */
package io.ringspun.internal.socketchannel;
