/**
 * Blocking I/O for virtual threads on Linux io_uring: rings, carried virtual threads, and chains
 * and batches of operations.
 *
 * <p>Requires Linux 6.1 or newer. Start Java with {@code --enable-native-access=io.ringspun}
 * ({@code =ALL-UNNAMED} on the class path), which lets the library call the kernel; {@link
 * io.ringspun.Ring} describes a second, optional flag.
 *
 * <p>Start with {@link io.ringspun.Ring}. Files are in {@link io.ringspun.file}, sockets in {@link
 * io.ringspun.net}, buffers that many sockets share in {@link io.ringspun.buffer}, timers, pipes
 * and other kernel objects in {@link io.ringspun.os}, and low-level access in {@link
 * io.ringspun.raw}. All methods throw {@link NullPointerException} if given null.
 */
@NullMarked
package io.ringspun;

import org.jspecify.annotations.NullMarked;
