// An echo server with nothing in the way: one thread, one ring, a recv and a send for each message.
//
//   echo PORT
//
// prints "listening on port PORT" and serves until it is killed.
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 16 << 10, ENTRIES = 4096, COMPLETIONS = 65536 };

struct connection {
  int fd;
  int sending;
  int length;
  int sent;
  char buffer[BUFFER_BYTES];
};

static struct io_uring ring;

static void require(const char *what, int result) {
  if (result < 0) {
    fprintf(stderr, "%s: %s\n", what, strerror(-result));
    exit(1);
  }
}

static struct io_uring_sqe *entry(void *data) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
  if (!sqe) {
    require("io_uring_submit", io_uring_submit(&ring));
    sqe = io_uring_get_sqe(&ring);
  }
  sqe->user_data = (unsigned long)data;
  return sqe;
}

static void receive(struct connection *c) {
  struct io_uring_sqe *sqe = entry(c);
  io_uring_prep_recv(sqe, c->fd, c->buffer, BUFFER_BYTES, 0);
  sqe->user_data = (unsigned long)c;
  c->sending = 0;
}

static void send_rest(struct connection *c) {
  struct io_uring_sqe *sqe = entry(c);
  io_uring_prep_send(sqe, c->fd, c->buffer + c->sent, c->length - c->sent, MSG_NOSIGNAL);
  sqe->user_data = (unsigned long)c;
  c->sending = 1;
}

static void accept_next(int listener) {
  struct io_uring_sqe *sqe = entry(NULL);
  io_uring_prep_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
  sqe->user_data = 0;
}

static void completed(struct connection *c, int result) {
  if (result <= 0) {
    close(c->fd);
    free(c);
  } else if (!c->sending) {
    c->length = result;
    c->sent = 0;
    send_rest(c);
  } else if ((c->sent += result) < c->length) {
    send_rest(c);
  } else {
    receive(c);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: echo PORT\n");
    return 2;
  }
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[1]))};
  int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 4096)) {
    perror("listen");
    return 1;
  }
  struct io_uring_params params = {0};
  params.flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
  params.cq_entries = COMPLETIONS;
#if defined(IORING_SETUP_SINGLE_ISSUER) && defined(IORING_SETUP_DEFER_TASKRUN)
  params.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
#endif
  require("io_uring_queue_init_params", io_uring_queue_init_params(ENTRIES, &ring, &params));
  accept_next(listener);
  printf("listening on port %s\n", argv[1]);
  fflush(stdout);
  while (1) {
    require("io_uring_submit_and_wait", io_uring_submit_and_wait(&ring, 1));
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(&ring, head, cqe) {
      seen++;
      if (cqe->user_data) {
        completed((struct connection *)(unsigned long)cqe->user_data, cqe->res);
      } else {
        require("accept", cqe->res);
        struct connection *c = malloc(sizeof(*c));
        c->fd = cqe->res;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        receive(c);
        accept_next(listener);
      }
    }
    io_uring_cq_advance(&ring, seen);
  }
}
