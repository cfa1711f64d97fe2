/**
 * What the operating system has besides files and sockets, with blocking calls that go through a
 * ring.
 *
 * <p>{@link io.ringspun.os.RingDescriptor} is any descriptor that there is, {@link
 * io.ringspun.os.RingPipe} two that belong together.
 */
@NullMarked
package io.ringspun.os;

import org.jspecify.annotations.NullMarked;
