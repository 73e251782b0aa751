/* Records the operations of a process on the files below one folder. It is preloaded between the process
 * (including SQLite) and the C library. Every call is passed on unchanged; a call that changed something, or
 * made it durable, is written to the trace file.
 *
 * RECORD_BELOW  the folder whose files are recorded, with a slash at its end
 * RECORD_TO     the trace file, outside of it
 *
 * A record: kind (1 byte), handle (4), number (8), length (4), then that many bytes; little-endian.
 *   O  a file was opened: handle, flags (1 created if absent, 2 emptied), path
 *   W  bytes were written: handle, offset, bytes
 *   T  a file was truncated or extended: handle, size
 *   S  a file or folder was synced: handle
 *   C  a handle was closed
 *   U  a path was unlinked;  R, L  a path was renamed or linked: both paths, a zero byte between them
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define HANDLES 4096
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char watched[HANDLES]; /* whether a descriptor is of a file below the folder */
static int trace = -1;
static const char *below;

static void raw(const void *data, size_t size)
{
    while (size > 0) {
        ssize_t done = syscall(SYS_write, trace, data, size);
        if (done <= 0)
            abort(); /* an incomplete trace would prove nothing */
        data = (const char *)data + done;
        size -= (size_t)done;
    }
}

static void record(char kind, uint32_t handle, uint64_t number, const void *data, uint32_t length)
{
    char head[17];
    head[0] = kind;
    memcpy(head + 1, &handle, 4);
    memcpy(head + 5, &number, 8);
    memcpy(head + 13, &length, 4);
    pthread_mutex_lock(&lock);
    raw(head, sizeof head);
    raw(data, length);
    pthread_mutex_unlock(&lock);
}

static int wanted(const char *path)
{
    if (trace < 0) {
        const char *to = getenv("RECORD_TO");
        below = getenv("RECORD_BELOW");
        if (!to || !below)
            return 0;
        trace = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (trace < 0)
            abort();
    }
    size_t size = strlen(below);
    return strncmp(path, below, size) == 0 || (strncmp(path, below, size - 1) == 0 && path[size - 1] == 0);
}

static int tell_open(int fd, const char *path, int flags)
{
    if (fd >= 0 && fd < HANDLES) {
        watched[fd] = (char)wanted(path);
        if (watched[fd])
            record('O', (uint32_t)fd, (flags & O_CREAT ? 1 : 0) | (flags & O_TRUNC ? 2 : 0), path,
                   (uint32_t)strlen(path));
    }
    return fd;
}

static int is_watched(int fd) { return fd >= 0 && fd < HANDLES && watched[fd]; }

#define MODE(flags, last) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list arguments; \
        va_start(arguments, last); \
        mode = va_arg(arguments, mode_t); \
        va_end(arguments); \
    }

int open(const char *path, int flags, ...)
{
    MODE(flags, flags)
    return tell_open(REAL(open)(path, flags, mode), path, flags);
}

int open64(const char *path, int flags, ...)
{
    MODE(flags, flags)
    return tell_open(REAL(open64)(path, flags, mode), path, flags);
}

int openat(int folder, const char *path, int flags, ...)
{
    MODE(flags, flags)
    return tell_open(REAL(openat)(folder, path, flags, mode), path, flags);
}

int openat64(int folder, const char *path, int flags, ...)
{
    MODE(flags, flags)
    return tell_open(REAL(openat64)(folder, path, flags, mode), path, flags);
}

int close(int fd)
{
    if (is_watched(fd)) {
        watched[fd] = 0;
        record('C', (uint32_t)fd, 0, "", 0);
    }
    return REAL(close)(fd);
}

static ssize_t tell_write(ssize_t done, int fd, const void *data, off64_t at)
{
    if (done > 0 && is_watched(fd))
        record('W', (uint32_t)fd, (uint64_t)at, data, (uint32_t)done);
    return done;
}

ssize_t write(int fd, const void *data, size_t size)
{
    off64_t at = is_watched(fd) ? lseek64(fd, 0, SEEK_CUR) : 0;
    return tell_write(REAL(write)(fd, data, size), fd, data, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return tell_write(REAL(pwrite)(fd, data, size, at), fd, data, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return tell_write(REAL(pwrite64)(fd, data, size, at), fd, data, at);
}

static int tell_truncate(int done, int fd, off64_t size)
{
    if (done == 0 && is_watched(fd))
        record('T', (uint32_t)fd, (uint64_t)size, "", 0);
    return done;
}

int ftruncate(int fd, off_t size) { return tell_truncate(REAL(ftruncate)(fd, size), fd, size); }

int ftruncate64(int fd, off64_t size) { return tell_truncate(REAL(ftruncate64)(fd, size), fd, size); }

static int tell_sync(int done, int fd)
{
    if (done == 0 && is_watched(fd))
        record('S', (uint32_t)fd, 0, "", 0);
    return done;
}

int fsync(int fd) { return tell_sync(REAL(fsync)(fd), fd); }

int fdatasync(int fd) { return tell_sync(REAL(fdatasync)(fd), fd); }

int unlink(const char *path)
{
    int done = REAL(unlink)(path);
    if (done == 0 && wanted(path))
        record('U', 0, 0, path, (uint32_t)strlen(path));
    return done;
}

static int tell_two(int done, char kind, const char *from, const char *to)
{
    if (done == 0 && (wanted(from) || wanted(to))) {
        size_t first = strlen(from) + 1, second = strlen(to);
        char both[8192];
        if (first + second > sizeof both)
            abort();
        memcpy(both, from, first);
        memcpy(both + first, to, second);
        record(kind, 0, 0, both, (uint32_t)(first + second));
    }
    return done;
}

int rename(const char *from, const char *to) { return tell_two(REAL(rename)(from, to), 'R', from, to); }

int link(const char *from, const char *to) { return tell_two(REAL(link)(from, to), 'L', from, to); }
