/**
 * The implementation of {@link java.net.Socket}s and {@link java.net.ServerSocket}s that go through
 * a ring. {@link io.ringspun.net.RingSocketFactory}, {@link
 * io.ringspun.net.RingServerSocketFactory} and {@link io.ringspun.net.RingSocketImplFactory} create
 * them.
 */
package io.ringspun.internal.socketimpl;
