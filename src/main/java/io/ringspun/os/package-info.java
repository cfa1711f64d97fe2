/**
 * What the operating system has besides files and sockets, with blocking calls that go through a
 * ring.
 *
 * <p>{@link io.ringspun.os.RingDescriptor} is any descriptor that there is, {@link
 * io.ringspun.os.RingPipe} two that belong together, {@link io.ringspun.os.Poll} waits for any kind
 * to be ready. {@link io.ringspun.os.EventFd}, {@link io.ringspun.os.Inotify}, {@link
 * io.ringspun.os.Epoll} and {@link io.ringspun.os.ChildProcess} are special ones. {@link
 * io.ringspun.os.RingTimer} and {@link io.ringspun.os.Ticker} wait for time to pass, {@link
 * io.ringspun.os.FutexWord} for memory to change, {@link io.ringspun.os.RingMailbox} for messages
 * of other rings, {@link io.ringspun.os.MappedMemory} for pages of mapped files. {@link
 * io.ringspun.os.SystemSteps} describes steps of chains and batches.
 */
@NullMarked
package io.ringspun.os;

import org.jspecify.annotations.NullMarked;
