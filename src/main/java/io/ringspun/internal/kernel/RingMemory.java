package io.ringspun.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * A ring as it lies in this process's memory: the descriptor, what the kernel granted, and where
 * the two queues are.
 *
 * @param fd the ring's descriptor
 * @param flags the {@code IORING_SETUP_} flags in force
 * @param features the {@code IORING_FEAT_} bits of the kernel
 * @param submission the submission queue's head, tail and flags
 * @param entries the array of {@code struct io_uring_sqe}
 * @param completion the completion queue's head, tail, overflow count and entries
 */
public record RingMemory(
    int fd,
    int flags,
    int features,
    Submission submission,
    MemorySegment entries,
    Completion completion) {

  /**
   * The submission ring, {@code struct io_sqring_offsets} resolved.
   *
   * @param memory the mapping
   * @param head byte offset of the index that the kernel advances
   * @param tail byte offset of the index that Ringspun advances
   * @param flags byte offset of the {@code IORING_SQ_} flags
   * @param array byte offset of the index array, meaningless with {@code IORING_SETUP_NO_SQARRAY}
   * @param count number of entries, a power of two
   */
  public record Submission(
      MemorySegment memory, long head, long tail, long flags, long array, int count) {}

  /**
   * The completion ring, {@code struct io_cqring_offsets} resolved.
   *
   * @param memory the mapping
   * @param head byte offset of the index that Ringspun advances
   * @param tail byte offset of the index that the kernel advances
   * @param overflow byte offset of the count of completions that found no room
   * @param entries byte offset of the array of {@code struct io_uring_cqe}
   * @param count number of entries, a power of two
   */
  public record Completion(
      MemorySegment memory, long head, long tail, long overflow, long entries, int count) {}

  /** Returns the same ring with its completions elsewhere, for a kernel that rewrites them. */
  public RingMemory withCompletion(Completion other) {
    return new RingMemory(fd, flags, features, submission, entries, other);
  }

  /** Returns whether a flag of {@code IORING_SETUP_} is in force. */
  public boolean hasFlag(int flag) {
    return (flags & flag) != 0;
  }

  /** Returns whether the kernel has a feature of {@code IORING_FEAT_}. */
  public boolean hasFeature(int feature) {
    return (features & feature) != 0;
  }
}
