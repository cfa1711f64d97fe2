// Load for echo servers: connections that are opened, echo one byte, and are closed. One thread,
// some dozens at once.
//
//   accept-load PORT WARMUP_SECONDS SECONDS
//
// prints "start" when the warm-up is over, and in the end "CONNECTIONS NANOSECONDS". Exits with 1
// if anything fails.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 64, PORTS_PER_ADDRESS = 16384, ADDRESSES = 250 };

static struct sockaddr_in server;
static long long connections;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// A closed connection keeps its port for a minute, so clients come from one address after another.
static int open_one(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  struct sockaddr_in client = {.sin_family = AF_INET};
  unsigned turn = connections / PORTS_PER_ADDRESS % ADDRESSES;
  client.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + turn);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  if (fd < 0 || bind(fd, (struct sockaddr *)&client, sizeof(client)))
    fail("bind");
  if (connect(fd, (struct sockaddr *)&server, sizeof(server)))
    fail("connect");
  connections++;
  return fd;
}

static void round_trip(void) {
  int fds[AT_ONCE];
  for (int i = 0; i < AT_ONCE; i++) {
    char byte = i;
    fds[i] = open_one();
    if (send(fds[i], &byte, 1, MSG_NOSIGNAL) != 1)
      fail("send");
  }
  for (int i = 0; i < AT_ONCE; i++) {
    char byte;
    if (recv(fds[i], &byte, 1, 0) != 1 || byte != i)
      fail("recv");
    close(fds[i]);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: accept-load PORT WARMUP_SECONDS SECONDS\n");
    return 2;
  }
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  long long start = now() + atoi(argv[2]) * 1000000000LL;
  while (now() < start)
    round_trip();
  puts("start");
  fflush(stdout);
  start = now();
  long long before = connections;
  long long end = start + atoi(argv[3]) * 1000000000LL;
  long long time;
  while ((time = now()) < end)
    round_trip();
  printf("%lld %lld\n", connections - before, time - start);
  return 0;
}
