// Load for echo servers: connections that each send a message, wait until all of it has come back,
// and send the next. One thread.
//
//   echo-load PORT CONNECTIONS BYTES WARMUP_SECONDS SECONDS
//
// prints "start" when the warm-up is over, and in the end "REQUESTS NANOSECONDS P50_NANOSECONDS
// P99_NANOSECONDS". Every byte is checked. Exits with 1 if anything fails.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 512, SUB_BITS = 5, BUCKETS = 64 << SUB_BITS };

struct connection {
  int fd;
  int sent;
  int received;
  unsigned char seed;
  long long start;
};

static int bytes;
static unsigned char *pattern; // a message for seed S starts at pattern + S
static unsigned char *scratch;
static long long histogram[BUCKETS];
static long long requests;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// 32 buckets for each power of two: an error of 3 % at most.
static int bucket(unsigned long long nanos) {
  if (nanos < 1 << SUB_BITS)
    return nanos;
  int shift = 63 - __builtin_clzll(nanos) - SUB_BITS;
  return ((shift + 1) << SUB_BITS) + (nanos >> shift) - (1 << SUB_BITS);
}

static long long lowest(int index) {
  int shift = (index >> SUB_BITS) - 1;
  return shift < 0 ? index : (long long)((index & ((1 << SUB_BITS) - 1)) + (1 << SUB_BITS)) << shift;
}

static long long percentile(double part) {
  long long left = requests * part;
  for (int i = 0; i < BUCKETS; i++)
    if ((left -= histogram[i]) < 0)
      return lowest(i);
  return 0;
}

static void send_rest(struct connection *c) {
  while (c->sent < bytes) {
    ssize_t n = send(c->fd, pattern + c->seed + c->sent, bytes - c->sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN)
      return;
    if (n < 0)
      fail("send");
    c->sent += n;
  }
}

static void begin(struct connection *c) {
  c->seed++;
  c->sent = c->received = 0;
  c->start = now();
  send_rest(c);
}

static void ready(struct connection *c, int counts) {
  while (1) {
    ssize_t n = recv(c->fd, scratch, bytes - c->received, 0);
    if (n < 0 && errno == EAGAIN)
      break;
    if (n <= 0)
      fail("recv");
    if (memcmp(scratch, pattern + c->seed + c->received, n)) {
      fprintf(stderr, "other bytes came back than were sent\n");
      exit(1);
    }
    c->received += n;
    if (c->received == bytes) {
      if (counts) {
        histogram[bucket(now() - c->start)]++;
        requests++;
      }
      begin(c);
      return; // what comes back next is announced
    }
  }
  send_rest(c);
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: echo-load PORT CONNECTIONS BYTES WARMUP_SECONDS SECONDS\n");
    return 2;
  }
  int count = atoi(argv[2]);
  bytes = atoi(argv[3]);
  pattern = malloc(bytes + 256);
  scratch = malloc(bytes);
  for (int i = 0; i < bytes + 256; i++)
    pattern[i] = i * 31 + (i >> 8);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct connection *connections = calloc(count, sizeof(*connections));
  int epoll = epoll_create1(0);
  int on = 1;
  for (int i = 0; i < count; i++) {
    struct connection *c = &connections[i];
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)))
      fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->seed = i;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event))
      fail("epoll_ctl");
  }
  for (int i = 0; i < count; i++)
    begin(&connections[i]);
  long long start = now() + atoi(argv[4]) * 1000000000LL;
  long long end = start + atoi(argv[5]) * 1000000000LL;
  long long time;
  int counts = 0;
  struct epoll_event events[EVENTS];
  while ((time = now()) < end) {
    if (!counts && time >= start) {
      counts = 1;
      puts("start");
      fflush(stdout);
    }
    int n = epoll_wait(epoll, events, EVENTS, 1000);
    if (n < 0)
      fail("epoll_wait");
    if (n == 0) {
      fprintf(stderr, "nothing came back for a second\n");
      return 1;
    }
    for (int i = 0; i < n; i++)
      ready(events[i].data.ptr, counts);
  }
  printf("%lld %lld %lld %lld\n", requests, time - start, percentile(0.5), percentile(0.99));
  return 0;
}
