/**
 * Files on a ring: {@link io.ringspun.file.RingFile} for code written for it, {@link
 * io.ringspun.file.RingFileChannel} for code that knows {@link java.nio.channels.FileChannel},
 * {@link io.ringspun.file.RingInputStream} and {@link io.ringspun.file.RingOutputStream} for
 * streams, {@link io.ringspun.file.RingDirectory} for names, and {@link
 * io.ringspun.file.RingFileSystems} for code that knows {@link java.nio.file.Path}. {@link
 * io.ringspun.file.FileSteps} describes steps of chains and batches.
 *
 * <p>All methods throw {@link NullPointerException} if given null.
 */
package io.ringspun.file;
