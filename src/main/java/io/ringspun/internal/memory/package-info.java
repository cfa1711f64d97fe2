/**
 * Memory that operations are lent: what may go to the kernel as it is, pooled copies of what may
 * not, and what becomes of memory that the kernel never answered for. It knows nothing of rings.
 */
package io.ringspun.internal.memory;
