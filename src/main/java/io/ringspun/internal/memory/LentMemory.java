package io.ringspun.internal.memory;

/**
 * Native memory of this library's own that operations are lent, and that is used again or freed
 * afterwards. Whether it may be is a fact of the memory: whoever ends an operation without the
 * kernel's answer marks what the operation was lent, before the caller is woken. Nobody asks a ring
 * afterwards, since a thread may not know which ring had the memory.
 */
public interface LentMemory {
  /**
   * Notes that the kernel may keep the memory for ever: it must neither be used again nor freed. A
   * leak instead of a corruption.
   */
  void markLost();
}
