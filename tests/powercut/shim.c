/* Records what a process asks of the file system, below SQLite and below Rust: every write with its
 * bytes, every fsync, every name that is made, changed or removed, in the order in which it happened.
 * Into the same record goes every acknowledgement that leaves over a socket, so that for every moment
 * it is known what was promised.
 *
 *   POWERCUT_DIR  what happens below this folder is recorded
 *   POWERCUT_LOG  where
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096
static char *paths[FDS]; /* of the files that are recorded, by descriptor */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static const char *directory;
static size_t directory_length;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  directory = getenv("POWERCUT_DIR");
  const char *log = getenv("POWERCUT_LOG");
  if (!directory || !log) return;
  directory_length = strlen(directory);
  log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int recorded(const char *path) {
  size_t length = path ? strlen(path) : 0;
  if (log_fd < 0 || length < directory_length) return 0;
  if (strncmp(path, directory, directory_length) != 0) return 0;
  /* The index of the write-ahead log is memory: it is made anew after a cut. */
  return !(length > 4 && strcmp(path + length - 4, "-shm") == 0);
}

/* One record: kind, path, offset, bytes. */
static void record(char kind, const char *path, uint64_t offset, const void *bytes, uint32_t length) {
  uint32_t path_length = strlen(path);
  struct iovec parts[] = {{&kind, 1}, {&path_length, 4}, {(void *)path, path_length},
                          {&offset, 8}, {&length, 4}, {(void *)bytes, length}};
  if (syscall(SYS_writev, log_fd, parts, 6) < 0) abort();
}

static const char *path_of(int fd) { return fd >= 0 && fd < FDS ? paths[fd] : NULL; }

static void opened(int fd, int existed) {
  if (fd < 0 || fd >= FDS || log_fd < 0) return;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  pthread_mutex_lock(&lock);
  free(paths[fd]);
  paths[fd] = recorded(path) ? strdup(path) : NULL;
  if (paths[fd] && !existed) record('C', path, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
}

static int any_open(int at, const char *path, int flags, mode_t mode) {
  struct stat before;
  int existed = fstatat(at, path, &before, 0) == 0;
  int fd = syscall(SYS_openat, at, path, flags, mode);
  if (fd >= 0) {
    opened(fd, existed);
    if (existed && (flags & O_TRUNC) && path_of(fd)) {
      pthread_mutex_lock(&lock);
      record('T', paths[fd], 0, NULL, 0);
      pthread_mutex_unlock(&lock);
    }
  }
  return fd;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags) return any_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return any_open(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return any_open(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return any_open(at, path, flags, mode); }

int close(int fd) {
  pthread_mutex_lock(&lock);
  if (fd >= 0 && fd < FDS) { free(paths[fd]); paths[fd] = NULL; }
  pthread_mutex_unlock(&lock);
  return syscall(SYS_close, fd);
}

/* What leaves over a socket and is an acknowledgement. */
static void sent(const void *bytes, size_t length) {
  if (log_fd < 0 || length > 1 << 20) return;
  if (!memmem(bytes, length, "\"duplicate\":false", 17)) return;
  pthread_mutex_lock(&lock);
  record('A', "", 0, bytes, length);
  pthread_mutex_unlock(&lock);
}

/* The order of the record is the order on the disk: both happen under the lock. */
static ssize_t written(int fd, const void *bytes, size_t length, off_t offset, int at_offset) {
  pthread_mutex_lock(&lock);
  off_t begin = at_offset ? offset : lseek(fd, 0, SEEK_CUR);
  ssize_t done = at_offset ? syscall(SYS_pwrite64, fd, bytes, length, offset)
                           : syscall(SYS_write, fd, bytes, length);
  if (done > 0) record('W', paths[fd], begin, bytes, done);
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (path_of(fd)) return written(fd, bytes, length, 0, 0);
  sent(bytes, length);
  return syscall(SYS_write, fd, bytes, length);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  if (path_of(fd)) return written(fd, bytes, length, offset, 1);
  return syscall(SYS_pwrite64, fd, bytes, length, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) { return pwrite(fd, bytes, length, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (path_of(fd)) return count > 0 ? written(fd, parts[0].iov_base, parts[0].iov_len, 0, 0) : 0;
  for (int i = 0; i < count; i++) sent(parts[i].iov_base, parts[i].iov_len);
  return syscall(SYS_writev, fd, parts, count);
}
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  sent(bytes, length);
  return syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
}
ssize_t copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t length, unsigned flags) {
  (void)in; (void)in_at; (void)out; (void)out_at; (void)length; (void)flags;
  errno = ENOSYS; /* copying falls back to reading and writing, which is recorded */
  return -1;
}
ssize_t sendfile64(int out, int in, off_t *offset, size_t count) {
  (void)out; (void)in; (void)offset; (void)count;
  errno = ENOSYS;
  return -1;
}

static int synced(int fd, long call) {
  int done = syscall(call, fd);
  pthread_mutex_lock(&lock);
  if (done == 0 && path_of(fd)) record('S', paths[fd], 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t length) {
  pthread_mutex_lock(&lock);
  int done = syscall(SYS_ftruncate, fd, length);
  if (done == 0 && path_of(fd)) record('T', paths[fd], length, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

int rename(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  int done = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  if (done == 0 && recorded(to)) record('R', from, 0, to, strlen(to));
  pthread_mutex_unlock(&lock);
  return done;
}
int unlink(const char *path) {
  pthread_mutex_lock(&lock);
  int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (done == 0 && recorded(path)) record('U', path, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}
int mkdir(const char *path, mode_t mode) {
  pthread_mutex_lock(&lock);
  int done = syscall(SYS_mkdirat, AT_FDCWD, path, mode);
  if (done == 0 && recorded(path)) record('M', path, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}
