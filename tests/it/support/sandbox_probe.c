// What a program can do: `probe all READ WRITE TCP UDP UNIX ABSTRACT TARGET` tries each thing in a child of its own and
// prints `NAME yes` or `NAME no ERRNO`, a line each. TARGET is a process outside, of the same user.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *read_file, *write_directory, *unix_path, *abstract_name;
static int tcp_port, udp_port;
static pid_t target;

static const char *below(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", write_directory, name);
    return path;
}
static struct sockaddr_in at(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}
static int opens(const char *path, int flags) {
    int fd = open(path, flags, 0600);
    if (fd >= 0) close(fd);
    return fd;
}

static int p_read(void) { return opens(read_file, O_RDONLY); }
static int p_list(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s", read_file);
    *strrchr(path, '/') = 0;
    return opendir(path) ? 0 : -1;
}
static int p_execute(void) {
    // A readable program that lies beside the file.
    char path[4096];
    snprintf(path, sizeof path, "%s.program", read_file);
    pid_t child = fork();
    if (child == 0) { execl(path, path, (char *)0); _exit(errno); }
    int status; waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
    errno = WEXITSTATUS(status);
    return -1;
}
static int p_create(void) { return opens(below("created"), O_WRONLY | O_CREAT | O_APPEND); }
static int p_append(void) { return opens(below("there"), O_WRONLY | O_APPEND); }
static int p_truncate(void) { return truncate(below("there"), 0); }
static int p_mkdir(void) { int r = mkdir(below("made"), 0700); if (r == 0) rmdir(below("made")); return r; }
static int p_unlink(void) { return unlink(below("goes")); }
static int p_rename(void) { char to[4096]; snprintf(to, sizeof to, "%s", below("renamed")); return rename(below("moves"), to); }
static int p_symlink(void) { return symlink("x", below("link")); }
static int p_fifo(void) { return mkfifo(below("fifo"), 0600); }
static int p_link(void) { return link(read_file, below("hard")) < 0 ? (errno = errno == EXDEV ? EACCES : errno, -1) : 0; }
static int p_through_link(void) {
    const char *path = below("through");
    return symlink(read_file, path) < 0 && errno != EEXIST ? -1 : opens(path, O_RDONLY);
}
static int p_device(void) { return mknod(below("device"), S_IFCHR | 0600, makedev(1, 3)); }
static int p_reopen(void) {
    // What was opened for reading, for writing.
    int fd = open(read_file, O_RDONLY);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return fd < 0 ? fd : opens(path, O_RDWR);
}
static int p_chmod(void) { return chmod(below("there"), 0644); }
static int p_utime(void) { return utimensat(AT_FDCWD, below("there"), NULL, 0); }
static int p_null(void) { return opens("/dev/null", O_WRONLY | O_TRUNC); }
static int p_passwd(void) { return opens("/etc/passwd", O_RDONLY); }
static int p_shell(void) { int s = system("exit 0"); return s == 0 ? 0 : -1; }
static int p_connect(void) { struct sockaddr_in a = at(tcp_port); int s = socket(AF_INET, SOCK_STREAM, 0); return s < 0 ? s : connect(s, (void *)&a, sizeof a); }
static int p_bind(void) { struct sockaddr_in a = at(0); int s = socket(AF_INET, SOCK_STREAM, 0); return s < 0 ? s : bind(s, (void *)&a, sizeof a); }
static int p_listen_at(void) {
    // The port is taken, which is said only if it may be had.
    struct sockaddr_in a = at(tcp_port);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    return s < 0 ? s : bind(s, (void *)&a, sizeof a) < 0 && errno != EADDRINUSE ? -1 : 0;
}
static int p_listen_anywhere(void) { int s = socket(AF_INET, SOCK_STREAM, 0); return s < 0 ? s : listen(s, 1); }
static int p_fast_open(void) {
    struct sockaddr_in a = at(tcp_port);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    return s < 0 ? s : sendto(s, "x", 1, MSG_FASTOPEN, (void *)&a, sizeof a);
}
static int p_fast_open_message(void) {
    struct sockaddr_in a = at(tcp_port);
    struct iovec v = {"x", 1};
    struct msghdr m = {.msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &v, .msg_iovlen = 1};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    return s < 0 ? s : sendmsg(s, &m, MSG_FASTOPEN);
}
static int p_udp(void) { struct sockaddr_in a = at(udp_port); int s = socket(AF_INET, SOCK_DGRAM, 0); return s < 0 ? s : sendto(s, "x", 1, 0, (void *)&a, sizeof a); }
static int p_udp6(void) { return socket(AF_INET6, SOCK_DGRAM, 0); }
static int p_packet(void) { return socket(AF_PACKET, SOCK_RAW, 0); }
static int p_unix(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strncpy(a.sun_path, unix_path, sizeof a.sun_path - 1);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    return s < 0 ? s : connect(s, (void *)&a, sizeof a);
}
static int p_abstract(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strncpy(a.sun_path + 1, abstract_name, sizeof a.sun_path - 2);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    return s < 0 ? s : connect(s, (void *)&a, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract_name));
}
static int p_pair(void) { int p[2]; return socketpair(AF_UNIX, SOCK_STREAM, 0, p); }
static int p_pair_elsewhere(void) { int p[2]; return socketpair(AF_UNIX, SOCK_DGRAM, 0, p); }
static int p_kill_parent(void) { return kill(target, 0); }
static int p_queue(void) { union sigval v = {0}; return sigqueue(target, SIGCONT, v); }
static int p_ptrace(void) { int r = ptrace(PTRACE_ATTACH, target, 0, 0); if (r == 0) { waitpid(target, 0, 0); ptrace(PTRACE_DETACH, target, 0, 0); } return r; }
static int p_vm_read(void) {
    // Unmapped memory of a process that may be read is EFAULT.
    char b; struct iovec l = {&b, 1}, r = {(void *)8, 1};
    return process_vm_readv(target, &l, 1, &r, 1, 0) < 0 && errno != EFAULT ? -1 : 0;
}
static int p_environ(void) { char path[64]; snprintf(path, sizeof path, "/proc/%d/environ", target); return opens(path, O_RDONLY); }
static int p_environ_1(void) { return opens("/proc/1/environ", O_RDONLY); }
static int p_memory(void) { char path[64]; snprintf(path, sizeof path, "/proc/%d/mem", target); return opens(path, O_RDONLY); }
static int p_limit(void) { struct rlimit l = {9, 9}; struct rlimit o; return prlimit(target, RLIMIT_MSGQUEUE, 0, &o) < 0 ? -1 : prlimit(target, RLIMIT_MSGQUEUE, &o, 0) + 0 * (int)l.rlim_cur; }
static int p_uring(void) { char params[256] = {0}; return syscall(SYS_io_uring_setup, 4, params); }
static int p_sti(void) { char c = 'x'; return ioctl(0, TIOCSTI, &c); }
static int p_sti_high_bits(void) { char c = 'x'; return syscall(SYS_ioctl, 0, 0x100000000UL | TIOCSTI, &c); }
static int p_unshare(void) { return unshare(CLONE_NEWUSER); }
static int p_clone_user(void) { pid_t p = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); if (p == 0) _exit(0); if (p > 0) waitpid(p, 0, 0); return p; }
static int p_mount(void) { return mount("none", "/proc", "proc", MS_REMOUNT, 0); }
static int p_key(void) { return syscall(SYS_keyctl, 0, -3, 0) < 0 ? -1 : 0; }
static int p_shared_memory(void) { int s = shmget(IPC_PRIVATE, 4096, 0600); if (s >= 0) shmctl(s, IPC_RMID, 0); return s; }
static int p_bpf(void) { struct { uint32_t type, key, value, most; char rest[100]; } a = {2, 4, 4, 1, {0}}; return syscall(SYS_bpf, 0, &a, 72); }
static int p_userfault(void) { return syscall(SYS_userfaultfd, 1); }
static int p_io_priority(void) { return nice(1) == -1 ? -1 : 0; }
static void *nothing(void *x) { return x; }
static int p_thread(void) { pthread_t t; int e = pthread_create(&t, 0, nothing, 0); if (e) { errno = e; return -1; } return pthread_join(t, 0); }
static int p_memfd(void) { return memfd_create("x", 0); }
static int p_own_limit(void) { struct rlimit l; if (getrlimit(RLIMIT_CORE, &l)) return -1; return setrlimit(RLIMIT_CORE, &l); }
#ifdef __x86_64__
static int p_x32(void) { long r = syscall(0x40000000 | 39); return r < 0 ? -1 : 0; }
static int p_i386(void) { long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "r8", "r9", "r10", "r11", "memory"); return r > 0 ? 0 : -1; }
#endif

static const struct { const char *name; int (*run)(void); } probes[] = {
    {"read", p_read}, {"list", p_list}, {"execute", p_execute},
    {"create", p_create}, {"append", p_append}, {"truncate", p_truncate}, {"mkdir", p_mkdir}, {"unlink", p_unlink},
    {"rename", p_rename}, {"symlink", p_symlink}, {"fifo", p_fifo}, {"link", p_link}, {"through_link", p_through_link}, {"device", p_device}, {"reopen", p_reopen}, {"chmod", p_chmod}, {"utime", p_utime},
    {"null", p_null}, {"passwd", p_passwd}, {"shell", p_shell},
    {"connect", p_connect}, {"bind", p_bind}, {"listen_at", p_listen_at}, {"listen_anywhere", p_listen_anywhere}, {"fast_open", p_fast_open}, {"fast_open_message", p_fast_open_message},
    {"udp", p_udp}, {"udp6", p_udp6}, {"packet", p_packet},
    {"unix", p_unix}, {"abstract", p_abstract}, {"pair", p_pair}, {"pair_elsewhere", p_pair_elsewhere},
    {"kill_parent", p_kill_parent}, {"queue", p_queue}, {"ptrace", p_ptrace}, {"vm_read", p_vm_read},
    {"environ", p_environ}, {"environ_1", p_environ_1}, {"memory", p_memory}, {"limit", p_limit},
    {"uring", p_uring}, {"sti", p_sti}, {"sti_high_bits", p_sti_high_bits},
    {"unshare", p_unshare}, {"clone_user", p_clone_user}, {"mount", p_mount}, {"key", p_key},
    {"shared_memory", p_shared_memory}, {"bpf", p_bpf}, {"userfault", p_userfault},
    {"nice", p_io_priority}, {"thread", p_thread}, {"memfd", p_memfd}, {"own_limit", p_own_limit},
#ifdef __x86_64__
    {"x32", p_x32}, {"i386", p_i386},
#endif
};

int main(int argc, char **argv) {
    if (argc == 1) { puts("it runs"); return 0; }
    read_file = argv[1]; write_directory = argv[2];
    tcp_port = atoi(argv[3]); udp_port = atoi(argv[4]);
    unix_path = argv[5]; abstract_name = argv[6]; target = atoi(argv[7]);
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            errno = 0;
            _exit(probes[i].run() >= 0 ? 0 : errno ? errno : 255);
        }
        int status;
        if (child < 0 || waitpid(child, &status, 0) < 0) { printf("%s fork\n", probes[i].name); continue; }
        if (WIFSIGNALED(status)) printf("%s killed %d\n", probes[i].name, WTERMSIG(status));
        else if (WEXITSTATUS(status) == 0) printf("%s yes\n", probes[i].name);
        else printf("%s no %s\n", probes[i].name, strerrorname_np(WEXITSTATUS(status)));
    }
    for (char **v = argv + 8; *v; v++) printf("variable:%s %s\n", *v, getenv(*v) ? "yes" : "no");
    return 0;
}
