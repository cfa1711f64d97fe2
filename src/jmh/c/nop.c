// What IORING_OP_NOP costs where nothing is in the way: one thread, one ring, batches.
//
//   nop BATCH OPERATIONS
//
// prints "OPERATIONS NANOSECONDS CPU_NANOSECONDS". Exits with 1 if the kernel refuses anything.
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long nanos(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void require(const char *what, int result) {
  if (result < 0) {
    fprintf(stderr, "%s: %s\n", what, strerror(-result));
    exit(1);
  }
}

static void run(struct io_uring *ring, int batch, long operations) {
  for (long done = 0; done < operations; done += batch) {
    for (int i = 0; i < batch; i++) {
      struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
      io_uring_prep_nop(sqe);
      sqe->user_data = i + 1;
    }
    require("io_uring_submit_and_wait", io_uring_submit_and_wait(ring, batch));
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(ring, head, cqe) {
      require("nop", cqe->user_data == 0 ? -1 : cqe->res);
      seen++;
    }
    io_uring_cq_advance(ring, seen);
    if (seen != (unsigned)batch) {
      fprintf(stderr, "%u completions for %d operations\n", seen, batch);
      exit(1);
    }
  }
}

int main(int argc, char **argv) {
  int batch = argc == 3 ? atoi(argv[1]) : 0;
  long operations = argc == 3 ? atol(argv[2]) : 0;
  if (batch < 1 || batch > 256 || operations < batch) {
    fprintf(stderr, "usage: nop BATCH OPERATIONS\n");
    return 2;
  }
  // The flags that a ring of Ringspun has, as far as an old liburing's header knows them.
  struct io_uring ring;
  struct io_uring_params params = {0};
  params.flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP;
#if defined(IORING_SETUP_SINGLE_ISSUER) && defined(IORING_SETUP_DEFER_TASKRUN)
  params.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
#endif
  require("io_uring_queue_init_params", io_uring_queue_init_params(256, &ring, &params));
  run(&ring, batch, operations / 10 + batch); // warm-up
  long long cpu = nanos(CLOCK_PROCESS_CPUTIME_ID);
  long long start = nanos(CLOCK_MONOTONIC);
  run(&ring, batch, operations);
  long long end = nanos(CLOCK_MONOTONIC);
  printf("%ld %lld %lld\n", operations, end - start, nanos(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  io_uring_queue_exit(&ring);
  return 0;
}
