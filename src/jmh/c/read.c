// What it costs that a read must not wait: threads that read blocks of 4 KiB at random from a file
// in the page cache, by pread, and by preadv2 with RWF_NOWAIT.
//
//   read FILE THREADS ROUNDS
//
// prints "PREAD_PER_SECOND PREADV2_PER_SECOND RATIO" for each round. Exits with 1 if a read fails.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, WARM_UP = 1 << 20, THREADS_MAX = 64, RUN_MICROS = 400000 };

static int file;
static long blocks;
static int nowait;
static atomic_int stop;
static atomic_long reads;

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static void require(const char *what, int holds) {
  if (!holds) {
    perror(what);
    exit(1);
  }
}

static void *read_blocks(void *seed) {
  unsigned long random = (unsigned long)seed;
  char *block = aligned_alloc(BLOCK, BLOCK);
  require("aligned_alloc", block != NULL);
  struct iovec vector = {block, BLOCK};
  long count = 0;
  for (; !stop; count++) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    off_t at = (off_t)(random % blocks) * BLOCK;
    ssize_t n = nowait ? preadv2(file, &vector, 1, at, RWF_NOWAIT) : -1;
    if (n != BLOCK) { // or not in the page cache just now
      n = pread(file, block, BLOCK, at);
    }
    require("pread", n == BLOCK);
  }
  free(block);
  reads += count;
  return NULL;
}

static double rate(int threads) {
  pthread_t started[THREADS_MAX];
  stop = 0;
  reads = 0;
  double start = seconds();
  for (long i = 0; i < threads; i++) {
    require("pthread_create", !pthread_create(&started[i], NULL, read_blocks, (void *)(i + 1)));
  }
  usleep(RUN_MICROS);
  stop = 1;
  for (int i = 0; i < threads; i++) {
    pthread_join(started[i], NULL);
  }
  return reads / (seconds() - start);
}

int main(int count, char **arguments) {
  if (count != 4 || atoi(arguments[2]) < 1 || atoi(arguments[2]) > THREADS_MAX) {
    fprintf(stderr, "usage: read FILE THREADS ROUNDS, with at most %d threads\n", THREADS_MAX);
    return 2;
  }
  file = open(arguments[1], O_RDONLY);
  require(arguments[1], file >= 0);
  blocks = lseek(file, 0, SEEK_END) / BLOCK;
  require("at least one block", blocks > 0 && lseek(file, 0, SEEK_SET) == 0);
  char *warm = malloc(WARM_UP);
  require("malloc", warm != NULL);
  while (read(file, warm, WARM_UP) > 0) {
  }
  free(warm);
  for (int round = atoi(arguments[3]); round > 0; round--) {
    nowait = 0;
    double plain = rate(atoi(arguments[2]));
    nowait = 1;
    double prompt = rate(atoi(arguments[2]));
    printf("%.0f %.0f %.3f\n", plain, prompt, prompt / plain);
  }
  return 0;
}
