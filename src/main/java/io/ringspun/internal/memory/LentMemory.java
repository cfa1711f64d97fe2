package io.ringspun.internal.memory;

/**
 * Native memory of this library that is lent to operations and reused or freed afterwards. The
 * memory itself records whether it may be reused: when an operation is ended without a completion,
 * its memory is marked as lost before the caller is woken. The ring is not consulted, because a
 * thread may not know which ring used the memory.
 */
public interface LentMemory {
  /**
   * Marks the memory as lost: the kernel may still access it, so it must neither be reused nor
   * freed. This leaks it instead of risking corruption.
   */
  void markLost();
}
