/**
 * Which operations are done on the calling thread, by a plain system call: what the kernel can
 * answer without a device. {@link io.ringspun.internal.inline.InlineRule} says it for each
 * operation.
 */
package io.ringspun.internal.inline;
