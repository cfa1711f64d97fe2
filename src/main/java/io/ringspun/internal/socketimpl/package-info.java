/**
 * What is behind a {@link java.net.Socket} or a {@link java.net.ServerSocket} that goes through a
 * ring. {@link io.ringspun.net.RingSocketFactory}, {@link io.ringspun.net.RingServerSocketFactory}
 * and {@link io.ringspun.net.RingSocketImplFactory} make them.
 */
package io.ringspun.internal.socketimpl;
