"""A FUSE file system that does not answer: it holds every request until it is told to refuse.

Mounts itself at argv[1] and prints "mounted". A line "hold" on standard input has it hold what
comes; it prints "held" for each. "refuse" has it refuse what it holds and what comes, with EIO.
The mount ends with this process.
"""
import ctypes
import os
import select
import struct
import sys

FORGET, INIT, INTERRUPT, BATCH_FORGET = 2, 26, 36, 42
EIO = 5

libc = ctypes.CDLL(None, use_errno=True)
fd = os.open("/dev/fuse", os.O_RDWR)
options = "fd=%d,rootmode=40000,user_id=%d,group_id=%d" % (fd, os.getuid(), os.getgid())
if libc.mount(b"silent", sys.argv[1].encode(), b"fuse", 0, options.encode()) != 0:
    sys.exit("mount: " + os.strerror(ctypes.get_errno()))
print("mounted", flush=True)


def answer(unique, error, body=b""):
    try:
        os.write(fd, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)
    except FileNotFoundError:
        pass  # who asked is gone


holding = False
held = []
try:
    while True:
        ready, _, _ = select.select([fd, sys.stdin], [], [])
        if sys.stdin in ready:
            line = os.read(0, 100).decode()
            if not line:
                break
            holding = line.strip() == "hold"
            if not holding:
                for unique in held:
                    answer(unique, EIO)
                held = []
                print("refused", flush=True)
        if fd in ready:
            request = os.read(fd, 1 << 20)
            opcode, unique = struct.unpack_from("<IQ", request, 4)
            if opcode == INIT:
                answer(unique, 0, struct.pack("<IIIIHHIIHHI7I", 7, 31, 65536, 0, 16, 12, 4096, 1, 0, 0, 0, *[0] * 7))
            elif opcode in (FORGET, BATCH_FORGET, INTERRUPT):
                pass
            elif holding:
                held.append(unique)
                print("held", flush=True)
            else:
                answer(unique, EIO)
finally:
    os.close(fd)  # which ends whatever waits
    libc.umount2(sys.argv[1].encode(), 2)
