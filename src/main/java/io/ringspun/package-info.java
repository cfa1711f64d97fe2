/**
 * Blocking I/O for virtual threads on Linux io_uring: rings, carried virtual threads, and chains
 * and batches of operations.
 *
 * <p>Start with {@link io.ringspun.Ring}; files are in {@link io.ringspun.file}. All methods throw
 * {@link NullPointerException} if given null.
 */
package io.ringspun;
