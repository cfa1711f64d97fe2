/**
 * Blocking calls through a ring for kernel objects other than files and sockets.
 *
 * <p>{@link io.ringspun.os.RingFd} wraps any descriptor, {@link io.ringspun.os.RingPipe} is a pipe,
 * and {@link io.ringspun.os.Poll} waits until a descriptor is ready. {@link
 * io.ringspun.os.EventFd}, {@link io.ringspun.os.Inotify}, {@link io.ringspun.os.Epoll} and {@link
 * io.ringspun.os.ChildProcess} are descriptors of particular kinds. {@link
 * io.ringspun.os.RingTimer} and {@link io.ringspun.os.Ticker} wait for time to pass, {@link
 * io.ringspun.os.FutexWord} for memory to change, {@link io.ringspun.os.RingMailbox} for messages
 * of other rings, and {@link io.ringspun.os.MappedMemory} for pages of mapped files.
 *
 * <p>Each method that says so blocks until the kernel reports the operation complete. A virtual
 * thread parks meanwhile and gives up its carrier; a platform thread waits. An operation runs on
 * the ring that carries the calling thread, or otherwise on the ring with which the descriptor was
 * opened.
 *
 * <p>All classes are safe for use by multiple concurrent threads.
 *
 * <p>An interrupt cancels the operation and leaves the descriptor open; see {@link
 * io.ringspun.Ring}. Every blocking method throws
 *
 * <ul>
 *   <li>{@link java.nio.channels.ClosedChannelException} if the descriptor is closed, and {@link
 *       java.nio.channels.AsynchronousCloseException} if it is closed during the call;
 *   <li>{@link java.io.InterruptedIOException} if the thread is interrupted, unless the operation
 *       has already succeeded;
 *   <li>{@link io.ringspun.OperationTimeoutException} if a time limit is exceeded;
 *   <li>{@link io.ringspun.RingClosedException} and {@link io.ringspun.RingFailedException} if the
 *       ring is closed or has failed;
 *   <li>{@link io.ringspun.OperationException} with the kernel's error number if the operation
 *       fails.
 * </ul>
 *
 * <p>All methods throw {@link NullPointerException} if given null.
 */
@NullMarked
package io.ringspun.os;

import org.jspecify.annotations.NullMarked;
