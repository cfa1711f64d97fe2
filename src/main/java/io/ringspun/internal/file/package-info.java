/**
 * What files are made of: names relative to a directory, options and errors as the kernel has them,
 * transfers and copies. The types of {@link io.ringspun.file} and the internal packages for
 * channels and for the file system share it. {@link io.ringspun.internal.file.OpenFile} is the
 * door.
 */
package io.ringspun.internal.file;
