/*
 * Records every call that changes a file below a folder, in the order in which they took effect, over all processes that
 * it is preloaded into. Environment: RECORD_UNDER folder; RECORD_TO a file that is there, for one record a call:
 *   call, offset, size, length of the path, length of the second path, in decimal, and a newline;
 *   then both paths and the bytes that were written.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *under, *record;

__attribute__((constructor)) static void begin(void) {
  under = getenv("RECORD_UNDER");
  record = getenv("RECORD_TO");
  if (record == NULL) under = NULL;
}

/* The folder itself, too: its names are synced. */
static int isBelow(const char *path) {
  if (under == NULL || strncmp(path, under, strlen(under)) != 0) return 0;
  char next = path[strlen(under)];
  return next == 0 || next == '/';
}

/* All calls that are recorded wait for each other, so that the records are in order. */
static int take(void) {
  int saved = errno;
  int file = syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0 || flock(file, LOCK_EX) != 0) abort();
  errno = saved;
  return file;
}

static void put(int file, const void *bytes, size_t size) {
  for (const char *at = bytes; size > 0;) {
    long done = syscall(SYS_write, file, at, size);
    if (done <= 0) abort();
    at += done;
    size -= done;
  }
}

static void tell(int file, const char *call, long at, const char *path, const char *to, const void *bytes, size_t size) {
  char head[128];
  int length = snprintf(head, sizeof head, "%s %ld %zu %zu %zu\n", call, at, size, strlen(path), strlen(to));
  put(file, head, length);
  put(file, path, strlen(path));
  put(file, to, strlen(to));
  put(file, bytes, size);
}

static void leave(int file) { syscall(SYS_close, file); }

/* The path of an open file; empty for one that is none below the folder, and for one that has lost its name. */
static const char *pathOf(int file, char *path) {
  char link[64];
  path[0] = 0;
  if (under == NULL) return path;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, 4095);
  path[length < 0 ? 0 : length] = 0;
  static const char lost[] = " (deleted)";
  size_t end = strlen(path), tail = sizeof lost - 1;
  if (!isBelow(path) || (end > tail && strcmp(path + end - tail, lost) == 0)) path[0] = 0;
  return path;
}

static const char *absolute(const char *name, char *path) {
  if (name[0] == '/' || getcwd(path, 4096) == NULL) path[0] = 0;
  else strcat(path, "/");
  return strncat(path, name, 4000);
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, #name))

/* What was written begins where the file's position was, or the end was, before. */
#define ON_WRITE(name, parameters, arguments, place)                          \
  ssize_t name parameters {                                                   \
    static ssize_t(*real) parameters;                                         \
    if (real == NULL) real = REAL(name, ssize_t(*) parameters);               \
    char path[8192];                                                          \
    if (pathOf(file, path)[0] == 0) return real arguments;                    \
    int to = take();                                                          \
    ssize_t done = real arguments;                                            \
    int saved = errno;                                                        \
    if (done > 0) tell(to, "write", place, path, "", bytes, done);            \
    leave(to);                                                                \
    errno = saved;                                                            \
    return done;                                                              \
  }
ON_WRITE(write, (int file, const void *bytes, size_t size), (file, bytes, size), lseek(file, 0, SEEK_CUR) - done)
ON_WRITE(pwrite, (int file, const void *bytes, size_t size, off_t at), (file, bytes, size, at), at)
ON_WRITE(pwrite64, (int file, const void *bytes, size_t size, off64_t at), (file, bytes, size, at), at)

static ssize_t gathered(int file, const struct iovec *parts, int count, off_t at) {
  ssize_t all = 0;
  for (int part = 0; part < count; part++) {
    ssize_t done = at < 0 ? write(file, parts[part].iov_base, parts[part].iov_len)
                          : pwrite(file, parts[part].iov_base, parts[part].iov_len, at + all);
    if (done < 0) return all > 0 ? all : -1;
    all += done;
    if ((size_t)done < parts[part].iov_len) break;
  }
  return all;
}

#define ON_PARTS(name, parameters, arguments, place)                          \
  ssize_t name parameters {                                                   \
    static ssize_t(*real) parameters;                                         \
    if (real == NULL) real = REAL(name, ssize_t(*) parameters);               \
    char path[8192];                                                          \
    if (pathOf(file, path)[0] == 0) return real arguments;                    \
    return gathered(file, parts, count, place);                               \
  }
ON_PARTS(writev, (int file, const struct iovec *parts, int count), (file, parts, count), -1)
ON_PARTS(pwritev, (int file, const struct iovec *parts, int count, off_t at), (file, parts, count, at), at)
ON_PARTS(pwritev64, (int file, const struct iovec *parts, int count, off64_t at), (file, parts, count, at), at)

#define ON_FILE(name, as, parameters, arguments, size)                        \
  int name parameters {                                                       \
    static int(*real) parameters;                                             \
    if (real == NULL) real = REAL(name, int(*) parameters);                   \
    char path[8192];                                                          \
    if (pathOf(file, path)[0] == 0) return real arguments;                    \
    int to = take();                                                          \
    int result = real arguments;                                              \
    int saved = errno;                                                        \
    if (result == 0) tell(to, as, size, path, "", "", 0);                     \
    leave(to);                                                                \
    errno = saved;                                                            \
    return result;                                                            \
  }
ON_FILE(fsync, "sync", (int file), (file), 0)
ON_FILE(fdatasync, "sync", (int file), (file), 0)
ON_FILE(ftruncate, "truncate", (int file, off_t length), (file, length), length)
ON_FILE(ftruncate64, "truncate", (int file, off64_t length), (file, length), length)

#define ON_NAME(name, parameters, arguments, second)                          \
  int name parameters {                                                       \
    static int(*real) parameters;                                             \
    if (real == NULL) real = REAL(name, int(*) parameters);                   \
    char path[8192], other[8192];                                             \
    if (under == NULL || !isBelow(absolute(one, path))) return real arguments; \
    int to = take();                                                          \
    int result = real arguments;                                              \
    int saved = errno;                                                        \
    if (result == 0) tell(to, #name, 0, path, absolute(second, other), "", 0); \
    leave(to);                                                                \
    errno = saved;                                                            \
    return result;                                                            \
  }
ON_NAME(rename, (const char *one, const char *two), (one, two), two)
ON_NAME(link, (const char *one, const char *two), (one, two), two)
ON_NAME(mkdir, (const char *one, mode_t mode), (one, mode), "/")
ON_NAME(unlink, (const char *one), (one), "/")
ON_NAME(rmdir, (const char *one), (one), "/")

static int opened(int (*real)(const char *, int, ...), const char *name, int flags, mode_t mode) {
  char path[8192];
  int changes = (flags & (O_CREAT | O_TRUNC)) != 0 && (flags & O_ACCMODE) != O_RDONLY;
  if (under == NULL || !changes || !isBelow(absolute(name, path))) return real(name, flags, mode);
  int to = take();
  struct stat before;
  int isNew = stat(path, &before) != 0;
  int file = real(name, flags, mode);
  int saved = errno;
  if (file >= 0 && isNew) tell(to, "create", 0, path, "", "", 0);
  else if (file >= 0 && (flags & O_TRUNC) != 0) tell(to, "truncate", 0, path, "", "", 0);
  leave(to);
  errno = saved;
  return file;
}

#define ON_OPEN(name)                                                         \
  int name(const char *path, int flags, ...) {                                \
    va_list more;                                                             \
    va_start(more, flags);                                                    \
    mode_t mode = va_arg(more, mode_t);                                       \
    va_end(more);                                                             \
    return opened(REAL(name, int (*)(const char *, int, ...)), path, flags, mode); \
  }
ON_OPEN(open)
ON_OPEN(open64)
