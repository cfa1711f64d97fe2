/**
 * File I/O on a ring. Start with {@link io.ringspun.file.RingFile}; {@link
 * io.ringspun.file.RingDirectory} has operations on names. For code that expects the JDK's types
 * there are {@link io.ringspun.file.RingFileChannel}, {@link io.ringspun.file.RingInputStream},
 * {@link io.ringspun.file.RingOutputStream}, and {@link io.ringspun.file.RingFileSystems} for
 * {@link java.nio.file.Path}s. {@link io.ringspun.file.FileSteps} creates steps of chains and
 * batches.
 *
 * <p>All methods throw {@link NullPointerException} if given null.
 */
@NullMarked
package io.ringspun.file;

import org.jspecify.annotations.NullMarked;
