/**
 * The implementation of sockets: the kernel's addresses and options, opening, connecting and
 * accepting, messages, and transfers. The sockets of {@link io.ringspun.net} and the
 * implementations of the JDK's types share it. Start with {@link
 * io.ringspun.internal.net.SocketHandle}.
 */
package io.ringspun.internal.net;
