/*
 * liburing's own answers, for OracleTest to compare with.
 *
 *   oracle sqe
 *       reads lines "METHOD ARGUMENT... SQE_FLAGS USER_DATA", the arguments in the order that our
 *       encoder of that name takes them, and answers each with the 64 bytes of the entry in hex,
 *       or with "unknown METHOD".
 *   oracle layout
 *       prints "STRUCT SIZE" and "STRUCT.FIELD OFFSET SIZE" lines.
 *   oracle signals
 *       prints the number of SIGRTMAX.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <linux/futex.h>
#include <linux/openat2.h>

#include <liburing.h>

static int fill(struct io_uring_sqe *sqe, const char *method, const long long *a)
{
	if (!strcmp(method, "nop"))
		io_uring_prep_nop(sqe);
	else if (!strcmp(method, "read"))
		io_uring_prep_read(sqe, a[0], (void *) a[1], a[2], a[3]);
	else if (!strcmp(method, "write"))
		io_uring_prep_write(sqe, a[0], (void *) a[1], a[2], a[3]);
	else if (!strcmp(method, "readFixed"))
		io_uring_prep_read_fixed(sqe, a[0], (void *) a[1], a[2], a[3], a[4]);
	else if (!strcmp(method, "writeFixed"))
		io_uring_prep_write_fixed(sqe, a[0], (void *) a[1], a[2], a[3], a[4]);
	else if (!strcmp(method, "writeDurably")) {
		io_uring_prep_write(sqe, a[0], (void *) a[1], a[2], a[3]);
		sqe->rw_flags = RWF_DSYNC;
	} else if (!strcmp(method, "writeFixedDurably")) {
		io_uring_prep_write_fixed(sqe, a[0], (void *) a[1], a[2], a[3], a[4]);
		sqe->rw_flags = RWF_DSYNC;
	} else if (!strcmp(method, "readv"))
		io_uring_prep_readv(sqe, a[0], (struct iovec *) a[1], a[2], a[3]);
	else if (!strcmp(method, "writev"))
		io_uring_prep_writev(sqe, a[0], (struct iovec *) a[1], a[2], a[3]);
	else if (!strcmp(method, "fsync"))
		io_uring_prep_fsync(sqe, a[0], a[1]);
	else if (!strcmp(method, "syncFileRange"))
		io_uring_prep_sync_file_range(sqe, a[0], a[2], a[1], a[3]);
	else if (!strcmp(method, "fallocate"))
		io_uring_prep_fallocate(sqe, a[0], a[1], a[2], a[3]);
	else if (!strcmp(method, "fadvise"))
		io_uring_prep_fadvise(sqe, a[0], a[1], a[2], a[3]);
	else if (!strcmp(method, "madvise"))
		io_uring_prep_madvise(sqe, (void *) a[0], a[1], a[2]);
	else if (!strcmp(method, "filesUpdate"))
		io_uring_prep_files_update(sqe, (int *) a[0], a[1], a[2]);
	else if (!strcmp(method, "openat"))
		io_uring_prep_openat(sqe, a[0], (const char *) a[1], a[2], a[3]);
	else if (!strcmp(method, "openatRegistered"))
		/* One less, since liburing 2.3 adds one here too. */
		io_uring_prep_openat_direct(sqe, a[0], (const char *) a[1], a[2], a[3],
					    IORING_FILE_INDEX_ALLOC - 1);
	else if (!strcmp(method, "openat2Registered"))
		io_uring_prep_openat2_direct(sqe, a[0], (const char *) a[1],
					     (struct open_how *) a[2],
					     IORING_FILE_INDEX_ALLOC - 1);
	else if (!strcmp(method, "closeRegistered"))
		io_uring_prep_close_direct(sqe, a[0]);
	else if (!strcmp(method, "close"))
		io_uring_prep_close(sqe, a[0]);
	else if (!strcmp(method, "statx"))
		io_uring_prep_statx(sqe, a[0], (const char *) a[1], a[2], a[3], (struct statx *) a[4]);
	else if (!strcmp(method, "unlinkat"))
		io_uring_prep_unlinkat(sqe, a[0], (const char *) a[1], a[2]);
	else if (!strcmp(method, "openat2"))
		io_uring_prep_openat2(sqe, a[0], (const char *) a[1], (struct open_how *) a[2]);
	else if (!strcmp(method, "renameat"))
		io_uring_prep_renameat(sqe, a[0], (const char *) a[1], a[2], (const char *) a[3], a[4]);
	else if (!strcmp(method, "mkdirat"))
		io_uring_prep_mkdirat(sqe, a[0], (const char *) a[1], a[2]);
	else if (!strcmp(method, "symlinkat"))
		io_uring_prep_symlinkat(sqe, (const char *) a[0], a[1], (const char *) a[2]);
	else if (!strcmp(method, "linkat"))
		io_uring_prep_linkat(sqe, a[0], (const char *) a[1], a[2], (const char *) a[3], a[4]);
	else if (!strcmp(method, "fsetxattr"))
		io_uring_prep_fsetxattr(sqe, a[0], (const char *) a[1], (const char *) a[2], a[4], a[3]);
	else if (!strcmp(method, "setxattr"))
		io_uring_prep_setxattr(sqe, (const char *) a[1], (const char *) a[2], (const char *) a[0],
				       a[4], a[3]);
	else if (!strcmp(method, "fgetxattr"))
		io_uring_prep_fgetxattr(sqe, a[0], (const char *) a[1], (char *) a[2], a[3]);
	else if (!strcmp(method, "getxattr"))
		io_uring_prep_getxattr(sqe, (const char *) a[1], (char *) a[2], (const char *) a[0], a[3]);
	else if (!strcmp(method, "splice"))
		io_uring_prep_splice(sqe, a[0], a[1], a[2], a[3], a[4], a[5]);
	else if (!strcmp(method, "tee"))
		io_uring_prep_tee(sqe, a[0], a[1], a[2], a[3]);
	else if (!strcmp(method, "pollUpdate"))
		io_uring_prep_poll_update(sqe, a[0], 0, a[1], a[2]);
	else if (!strcmp(method, "timeout"))
		io_uring_prep_timeout(sqe, (struct __kernel_timespec *) a[0], a[1], a[2]);
	else if (!strcmp(method, "linkTimeout"))
		io_uring_prep_link_timeout(sqe, (struct __kernel_timespec *) a[0], 0);
	else if (!strcmp(method, "timeoutUpdate"))
		io_uring_prep_timeout_update(sqe, (struct __kernel_timespec *) a[1], a[0], a[2]);
	else if (!strcmp(method, "message"))
		io_uring_prep_msg_ring(sqe, a[0], a[1], a[2], 0);
	else if (!strcmp(method, "pollAdd")) {
		io_uring_prep_poll_add(sqe, a[0], a[1]);
		sqe->len = a[2];
	} else if (!strcmp(method, "socket"))
		io_uring_prep_socket(sqe, a[0], a[1], a[2], 0);
	else if (!strcmp(method, "socketRegistered"))
		/* One less, since liburing 2.3 adds one here too. */
		io_uring_prep_socket_direct(sqe, a[0], a[1], a[2], IORING_FILE_INDEX_ALLOC - 1, 0);
	else if (!strcmp(method, "socketInSlot"))
		io_uring_prep_socket_direct(sqe, a[0], a[1], a[2], a[3], 0);
	else if (!strcmp(method, "connect"))
		io_uring_prep_connect(sqe, a[0], (struct sockaddr *) a[1], a[2]);
	else if (!strcmp(method, "accept"))
		io_uring_prep_accept(sqe, a[0], (struct sockaddr *) a[1], (socklen_t *) a[2], a[3]);
	else if (!strcmp(method, "acceptRegistered"))
		io_uring_prep_accept_direct(sqe, a[0], (struct sockaddr *) a[1], (socklen_t *) a[2],
					    a[3], IORING_FILE_INDEX_ALLOC - 1);
	else if (!strcmp(method, "multishotAcceptRegistered"))
		io_uring_prep_multishot_accept_direct(sqe, a[0], NULL, NULL, a[1]);
	else if (!strcmp(method, "multishotAccept"))
		io_uring_prep_multishot_accept(sqe, a[0], NULL, NULL, a[1]);
	else if (!strcmp(method, "recvPolledFirst")) {
		io_uring_prep_recv(sqe, a[0], (void *) a[1], a[2], a[3]);
		sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	} else if (!strcmp(method, "multishotRecv")) {
		io_uring_prep_recv_multishot(sqe, a[0], NULL, 0, a[2]);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = a[1];
	} else if (!strcmp(method, "multishotRecvmsg")) {
		io_uring_prep_recvmsg_multishot(sqe, a[0], (struct msghdr *) a[1], a[3]);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = a[2];
	} else if (!strcmp(method, "sendZc"))
		io_uring_prep_send_zc(sqe, a[0], (void *) a[1], a[2], a[3], 0);
	else if (!strcmp(method, "sendZcFixed"))
		io_uring_prep_send_zc_fixed(sqe, a[0], (void *) a[1], a[2], a[3], 0, a[4]);
	else if (!strcmp(method, "sendmsgZc"))
		io_uring_prep_sendmsg_zc(sqe, a[0], (struct msghdr *) a[1], a[2]);
	else if (!strcmp(method, "send"))
		io_uring_prep_send(sqe, a[0], (void *) a[1], a[2], a[3]);
	else if (!strcmp(method, "recv"))
		io_uring_prep_recv(sqe, a[0], (void *) a[1], a[2], a[3]);
	else if (!strcmp(method, "sendmsg"))
		io_uring_prep_sendmsg(sqe, a[0], (struct msghdr *) a[1], a[2]);
	else if (!strcmp(method, "recvmsg"))
		io_uring_prep_recvmsg(sqe, a[0], (struct msghdr *) a[1], a[2]);
	else if (!strcmp(method, "shutdown"))
		io_uring_prep_shutdown(sqe, a[0], a[1]);
	else if (!strcmp(method, "cancel"))
		io_uring_prep_cancel64(sqe, a[0], 0);
	else if (!strcmp(method, "raw")) {
		io_uring_prep_rw(a[0], sqe, a[3], (void *) a[5], a[6], a[4]);
		sqe->flags = a[1];
		sqe->ioprio = a[2];
		sqe->rw_flags = a[7];
		sqe->buf_index = a[8];
		sqe->personality = a[9];
		sqe->file_index = a[10];
		sqe->addr3 = a[11];
		memcpy((char *) sqe + 56, &a[12], 8);
	} else
		return 0;
	return 1;
}

static void answer(char *line)
{
	struct io_uring_sqe sqe;
	unsigned char bytes[sizeof(sqe)];
	long long a[16];
	char *method = strtok(line, " \n");
	int n = 0;

	memset(&sqe, 0, sizeof(sqe));
	memset(a, 0, sizeof(a));
	for (char *word; (word = strtok(NULL, " \n")) && n < 16; n++)
		a[n] = strtoll(word, NULL, 10);
	if (n < 2 || !fill(&sqe, method, a)) {
		printf("unknown %s\n", method);
		return;
	}
	io_uring_sqe_set_flags(&sqe, sqe.flags | a[n - 2]);
	io_uring_sqe_set_data64(&sqe, a[n - 1]);
	memcpy(bytes, &sqe, sizeof(sqe));
	for (size_t i = 0; i < sizeof(bytes); i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

#define STRUCT(type) printf("%s %zu\n", #type, sizeof(struct type))
/* Where the header has a union, the second name is the one of our layout. */
#define RENAMED(type, field, name) \
	printf("%s.%s %zu %zu\n", #type, #name, offsetof(struct type, field), \
	       sizeof(((struct type *) 0)->field))
#define FIELD(type, field) RENAMED(type, field, field)

static void layouts(void)
{
	STRUCT(io_uring_sqe);
	FIELD(io_uring_sqe, opcode);
	FIELD(io_uring_sqe, flags);
	FIELD(io_uring_sqe, ioprio);
	FIELD(io_uring_sqe, fd);
	FIELD(io_uring_sqe, off);
	FIELD(io_uring_sqe, addr);
	FIELD(io_uring_sqe, len);
	RENAMED(io_uring_sqe, rw_flags, op_flags);
	FIELD(io_uring_sqe, user_data);
	FIELD(io_uring_sqe, buf_index);
	FIELD(io_uring_sqe, personality);
	FIELD(io_uring_sqe, file_index);
	FIELD(io_uring_sqe, addr3);

	STRUCT(io_uring_cqe);
	FIELD(io_uring_cqe, user_data);
	FIELD(io_uring_cqe, res);
	FIELD(io_uring_cqe, flags);

	STRUCT(io_uring_params);
	FIELD(io_uring_params, sq_entries);
	FIELD(io_uring_params, cq_entries);
	FIELD(io_uring_params, flags);
	FIELD(io_uring_params, sq_thread_cpu);
	FIELD(io_uring_params, sq_thread_idle);
	FIELD(io_uring_params, features);
	FIELD(io_uring_params, wq_fd);
	FIELD(io_uring_params, resv);
	FIELD(io_uring_params, sq_off);
	FIELD(io_uring_params, cq_off);

	STRUCT(io_sqring_offsets);
	FIELD(io_sqring_offsets, head);
	FIELD(io_sqring_offsets, tail);
	FIELD(io_sqring_offsets, ring_mask);
	FIELD(io_sqring_offsets, ring_entries);
	FIELD(io_sqring_offsets, flags);
	FIELD(io_sqring_offsets, dropped);
	FIELD(io_sqring_offsets, array);
	FIELD(io_sqring_offsets, resv1);
	FIELD(io_sqring_offsets, resv2);

	STRUCT(io_cqring_offsets);
	FIELD(io_cqring_offsets, head);
	FIELD(io_cqring_offsets, tail);
	FIELD(io_cqring_offsets, ring_mask);
	FIELD(io_cqring_offsets, ring_entries);
	FIELD(io_cqring_offsets, overflow);
	FIELD(io_cqring_offsets, cqes);
	FIELD(io_cqring_offsets, flags);
	FIELD(io_cqring_offsets, resv1);
	FIELD(io_cqring_offsets, resv2);

	STRUCT(io_uring_rsrc_register);
	FIELD(io_uring_rsrc_register, nr);
	FIELD(io_uring_rsrc_register, flags);
	FIELD(io_uring_rsrc_register, resv2);
	FIELD(io_uring_rsrc_register, data);
	FIELD(io_uring_rsrc_register, tags);

	STRUCT(io_uring_restriction);
	FIELD(io_uring_restriction, opcode);
	FIELD(io_uring_restriction, sqe_op);
	FIELD(io_uring_restriction, resv);

	STRUCT(io_uring_rsrc_update);
	FIELD(io_uring_rsrc_update, offset);
	FIELD(io_uring_rsrc_update, resv);
	FIELD(io_uring_rsrc_update, data);

	STRUCT(io_uring_file_index_range);
	FIELD(io_uring_file_index_range, off);
	FIELD(io_uring_file_index_range, len);
	FIELD(io_uring_file_index_range, resv);

	STRUCT(io_uring_rsrc_update2);
	FIELD(io_uring_rsrc_update2, offset);
	FIELD(io_uring_rsrc_update2, resv);
	FIELD(io_uring_rsrc_update2, data);
	FIELD(io_uring_rsrc_update2, tags);
	FIELD(io_uring_rsrc_update2, nr);
	FIELD(io_uring_rsrc_update2, resv2);

	STRUCT(io_uring_buf);
	FIELD(io_uring_buf, addr);
	FIELD(io_uring_buf, len);
	FIELD(io_uring_buf, bid);
	FIELD(io_uring_buf, resv);

	STRUCT(io_uring_buf_reg);
	FIELD(io_uring_buf_reg, ring_addr);
	FIELD(io_uring_buf_reg, ring_entries);
	FIELD(io_uring_buf_reg, bgid);
	/* Older headers call it pad. */
	printf("io_uring_buf_reg.flags %zu 2\n", offsetof(struct io_uring_buf_reg, bgid) + 2);

	STRUCT(io_uring_recvmsg_out);
	FIELD(io_uring_recvmsg_out, namelen);
	FIELD(io_uring_recvmsg_out, controllen);
	FIELD(io_uring_recvmsg_out, payloadlen);
	FIELD(io_uring_recvmsg_out, flags);

	STRUCT(msghdr);
	FIELD(msghdr, msg_name);
	FIELD(msghdr, msg_namelen);
	FIELD(msghdr, msg_iov);
	FIELD(msghdr, msg_iovlen);
	FIELD(msghdr, msg_control);
	FIELD(msghdr, msg_controllen);
	FIELD(msghdr, msg_flags);

	STRUCT(cmsghdr);
	FIELD(cmsghdr, cmsg_len);
	FIELD(cmsghdr, cmsg_level);
	FIELD(cmsghdr, cmsg_type);

	STRUCT(statx);
	FIELD(statx, stx_mask);
	FIELD(statx, stx_blksize);
	FIELD(statx, stx_attributes);
	FIELD(statx, stx_nlink);
	FIELD(statx, stx_uid);
	FIELD(statx, stx_gid);
	FIELD(statx, stx_mode);
	FIELD(statx, stx_ino);
	FIELD(statx, stx_size);
	FIELD(statx, stx_blocks);
	FIELD(statx, stx_attributes_mask);
	FIELD(statx, stx_atime);
	FIELD(statx, stx_btime);
	FIELD(statx, stx_ctime);
	FIELD(statx, stx_mtime);
	FIELD(statx, stx_rdev_major);
	FIELD(statx, stx_rdev_minor);
	FIELD(statx, stx_dev_major);
	FIELD(statx, stx_dev_minor);
	FIELD(statx, stx_mnt_id);
#ifdef STATX_DIOALIGN
	FIELD(statx, stx_dio_mem_align);
	FIELD(statx, stx_dio_offset_align);
#endif

	STRUCT(statx_timestamp);
	FIELD(statx_timestamp, tv_sec);
	FIELD(statx_timestamp, tv_nsec);

	STRUCT(__kernel_timespec);
	FIELD(__kernel_timespec, tv_sec);
	FIELD(__kernel_timespec, tv_nsec);

	STRUCT(futex_waitv);
	FIELD(futex_waitv, val);
	FIELD(futex_waitv, uaddr);
	FIELD(futex_waitv, flags);
	FIELD(futex_waitv, __reserved);

	printf("siginfo_t %zu\n", sizeof(siginfo_t));
#define SIGINFO(field) \
	printf("siginfo_t.%s %zu %zu\n", #field, offsetof(siginfo_t, field), \
	       sizeof(((siginfo_t *) 0)->field))
	SIGINFO(si_signo);
	SIGINFO(si_errno);
	SIGINFO(si_code);
	SIGINFO(si_pid);
	SIGINFO(si_uid);
	SIGINFO(si_status);

	STRUCT(sigaction);
	RENAMED(sigaction, sa_handler, sa_handler);
	FIELD(sigaction, sa_mask);
	FIELD(sigaction, sa_flags);
	FIELD(sigaction, sa_restorer);

	STRUCT(pollfd);
	FIELD(pollfd, fd);
	FIELD(pollfd, events);
	FIELD(pollfd, revents);

	STRUCT(epoll_event);
	FIELD(epoll_event, events);
	FIELD(epoll_event, data);

	STRUCT(open_how);
	FIELD(open_how, flags);
	FIELD(open_how, mode);
	FIELD(open_how, resolve);

	STRUCT(iovec);
	FIELD(iovec, iov_base);
	FIELD(iovec, iov_len);
}

int main(int argc, char **argv)
{
	char line[1024];

	if (argc == 2 && !strcmp(argv[1], "layout")) {
		layouts();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "sqe")) {
		while (fgets(line, sizeof(line), stdin))
			answer(line);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "signals")) {
		printf("%d\n", SIGRTMAX);
		return 0;
	}
	fprintf(stderr, "usage: %s sqe | layout | signals\n", argv[0]);
	return 2;
}
