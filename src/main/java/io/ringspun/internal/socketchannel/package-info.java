/**
 * Socket channels of the JDK's types. {@link io.ringspun.net.RingSocketChannel} and {@link
 * io.ringspun.net.RingServerSocketChannel} open channels that are backed by a ring in blocking mode
 * and by a JDK channel in non-blocking mode. {@link io.ringspun.net.RingSelectorProvider} also
 * opens selectors, pipes and datagram channels that wrap the JDK's.
 */
package io.ringspun.internal.socketchannel;
