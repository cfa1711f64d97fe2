/**
 * Blocking I/O for virtual threads on Linux io_uring: rings, carried virtual threads, and chains
 * and batches of operations.
 *
 * <p>Start with {@link io.ringspun.Ring}. Files are in {@link io.ringspun.file}, sockets in {@link
 * io.ringspun.net}, buffers that the kernel fills on arrival in {@link io.ringspun.buffer}, timers,
 * pipes and other kernel objects in {@link io.ringspun.os}, and low-level access in {@link
 * io.ringspun.raw}. All methods throw {@link NullPointerException} if given null.
 */
package io.ringspun;
