/**
 * What the operating system has besides files and sockets, with blocking calls that go through a
 * ring.
 *
 * <p>{@link io.ringspun.os.RingFd} is any descriptor that there is, {@link io.ringspun.os.RingPipe}
 * two that belong together, {@link io.ringspun.os.Poll} waits for any kind to be ready. {@link
 * io.ringspun.os.EventFd}, {@link io.ringspun.os.Inotify}, {@link io.ringspun.os.Epoll} and {@link
 * io.ringspun.os.ChildProcess} are special ones. {@link io.ringspun.os.RingTimer} and {@link
 * io.ringspun.os.Ticker} wait for time to pass, {@link io.ringspun.os.FutexWord} for memory to
 * change, {@link io.ringspun.os.RingMailbox} for messages of other rings, {@link
 * io.ringspun.os.MappedMemory} for pages of mapped files. {@link io.ringspun.os.SystemSteps}
 * describes steps of chains and batches.
 *
 * <p>Each method that says so blocks until the kernel reports the operation complete. A virtual
 * thread parks meanwhile and gives up its carrier; a platform thread waits. An operation goes to
 * the ring that carries the calling thread, else to the ring that the descriptor was made with.
 *
 * <p>Safe for use by many threads.
 *
 * <p>An interrupt cancels the operation and leaves the descriptor open; see {@link
 * io.ringspun.Ring}. Every blocking method throws
 *
 * <ul>
 *   <li>{@link java.nio.channels.ClosedChannelException} if the descriptor is closed already, and
 *       {@link java.nio.channels.AsynchronousCloseException} if it is closed meanwhile;
 *   <li>{@link java.io.InterruptedIOException} if the thread is interrupted, unless the operation
 *       had succeeded by then;
 *   <li>{@link io.ringspun.OperationTimeoutException} if a time limit ends it;
 *   <li>{@link io.ringspun.RingClosedException} and {@link io.ringspun.RingFailedException} if its
 *       ring is gone;
 *   <li>{@link io.ringspun.OperationException} with the kernel's error number if the kernel
 *       refuses.
 * </ul>
 */
@NullMarked
package io.ringspun.os;

import org.jspecify.annotations.NullMarked;
