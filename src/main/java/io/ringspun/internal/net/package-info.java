/**
 * What sockets of all kinds are made of: addresses and options as the kernel has them, opening,
 * connecting and accepting, messages, and the transfer of bytes. The sockets of {@link
 * io.ringspun.net} and those that stand in for the JDK's share it. {@link
 * io.ringspun.internal.net.SocketHandle} is the door.
 */
package io.ringspun.internal.net;
