/**
 * Memory lent to operations: segments that may be lent without a copy, pooled copies of others, and
 * memory that is lost because the kernel may still access it. This package does not depend on
 * rings.
 */
package io.ringspun.internal.memory;
