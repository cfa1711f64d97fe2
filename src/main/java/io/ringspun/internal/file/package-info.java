/**
 * The implementation of files: names relative to a directory, the kernel's options and errors,
 * transfers and copies. The types of {@link io.ringspun.file} and the internal packages for
 * channels and for the file system share it. Start with {@link io.ringspun.internal.file.OpenFile}.
 */
package io.ringspun.internal.file;
