/**
 * Low-level access to io_uring: operations for which Ringspun has no method, and settings that
 * require knowledge of the kernel's interface.
 *
 * <p>Start with {@link io.ringspun.raw.Raw#of}, which takes a {@link io.ringspun.Ring}. {@link
 * io.ringspun.raw.RawOperation} describes any operation field by field, {@link
 * io.ringspun.raw.TableSlot} is a slot in the ring's table for a file or socket that a chain opens,
 * and {@link io.ringspun.raw.KernelOption} is a socket option given by its numbers. {@link
 * io.ringspun.raw.SetupFlag} and {@link io.ringspun.raw.RingRestriction} are for {@link
 * io.ringspun.RingOptions}.
 *
 * <p>All methods throw {@link NullPointerException} if given null.
 */
@NullMarked
package io.ringspun.raw;

import org.jspecify.annotations.NullMarked;
