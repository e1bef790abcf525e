/*
 * Lets the n-th call that changes a file below a folder fail, over all processes that it is preloaded into.
 * Environment: FAIL_UNDER folder; FAIL_AT number of the call, from 1, or 0 for none; FAIL_ERRNO number;
 * FAIL_FOREVER=1 lets all later ones fail, too; FAIL_COUNTER a file of 8 bytes; FAIL_LOG a file for one line a call:
 * number, FAILS or passes, milliseconds of the monotonic clock, call, path. SLOW_SYNC seconds makes each sync of a file
 * wait whose path ends with SLOW_FILE.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static _Atomic long *counter;
static const char *under, *logPath;
static long failAt, failErrno, slowSync;
static const char *slowFile;
static int forever;

__attribute__((constructor)) static void begin(void) {
  under = getenv("FAIL_UNDER");
  logPath = getenv("FAIL_LOG");
  const char *path = getenv("FAIL_COUNTER");
  if (under == NULL || path == NULL) return;
  failAt = atol(getenv("FAIL_AT"));
  failErrno = atol(getenv("FAIL_ERRNO"));
  forever = getenv("FAIL_FOREVER") != NULL;
  slowFile = getenv("SLOW_FILE");
  if (slowFile != NULL) slowSync = atol(getenv("SLOW_SYNC"));
  int file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *shared = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared != MAP_FAILED) counter = shared;
  syscall(SYS_close, file);
}

/* Whether this call shall fail. */
static int fails(const char *call, const char *path) {
  if (counter == NULL || strncmp(path, under, strlen(under)) != 0) return 0;
  long n = atomic_fetch_add(counter, 1) + 1;
  /* What is full gives space back. */
  int frees = (failErrno == ENOSPC || failErrno == EDQUOT) && (strcmp(call, "unlink") == 0 || strcmp(call, "rmdir") == 0);
  int isIt = failAt > 0 && (n == failAt || (forever && n > failAt && !frees));
  int saved = errno;
  int file = syscall(SYS_openat, AT_FDCWD, logPath, O_WRONLY | O_APPEND | O_CLOEXEC);
  char line[4200];
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
  int length = snprintf(line, sizeof line, "%ld %s %ld %s %s\n", n, isIt ? "FAILS" : "passes", ms, call, path);
  if (file >= 0) {
    if (syscall(SYS_write, file, line, length) < 0) { /* The log is only for the reader. */ }
    syscall(SYS_close, file);
  }
  errno = isIt ? failErrno : saved;
  return isIt;
}

static int fileFails(const char *call, int file) {
  char link[64], path[4096];
  if (counter == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  size_t end = slowFile == NULL ? 0 : strlen(slowFile);
  if (end > 0 && strstr(call, "sync") != NULL && (size_t)length >= end && strcmp(path + length - end, slowFile) == 0) {
    sleep(slowSync);
  }
  return fails(call, path);
}

static int nameFails(const char *call, const char *name) {
  char path[8192];
  if (counter == NULL) return 0;
  if (name[0] == '/') return fails(call, name);
  if (getcwd(path, 4096) == NULL) return 0;
  strcat(path, "/");
  strncat(path, name, 4000);
  return fails(call, path);
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, #name))
#define ON_FILE(name, result, parameters, arguments)                        \
  result name parameters {                                                  \
    static result(*real) parameters;                                        \
    if (real == NULL) real = REAL(name, result(*) parameters);              \
    return fileFails(#name, file) ? -1 : real arguments;                    \
  }
#define ON_NAME(name, parameters, arguments)                                \
  int name parameters {                                                     \
    static int(*real) parameters;                                           \
    if (real == NULL) real = REAL(name, int(*) parameters);                 \
    return nameFails(#name, to) ? -1 : real arguments;                      \
  }

ON_FILE(write, ssize_t, (int file, const void *bytes, size_t size), (file, bytes, size))
ON_FILE(pwrite, ssize_t, (int file, const void *bytes, size_t size, off_t at), (file, bytes, size, at))
ON_FILE(pwrite64, ssize_t, (int file, const void *bytes, size_t size, off64_t at), (file, bytes, size, at))
ON_FILE(writev, ssize_t, (int file, const struct iovec *parts, int count), (file, parts, count))
ON_FILE(pwritev, ssize_t, (int file, const struct iovec *parts, int count, off_t at), (file, parts, count, at))
ON_FILE(pwritev64, ssize_t, (int file, const struct iovec *parts, int count, off64_t at), (file, parts, count, at))
ON_FILE(fsync, int, (int file), (file))
ON_FILE(fdatasync, int, (int file), (file))
ON_FILE(ftruncate, int, (int file, off_t size), (file, size))
ON_FILE(ftruncate64, int, (int file, off64_t size), (file, size))
ON_NAME(rename, (const char *from, const char *to), (from, to))
ON_NAME(link, (const char *from, const char *to), (from, to))
ON_NAME(mkdir, (const char *to, mode_t mode), (to, mode))
ON_NAME(unlink, (const char *to), (to))
ON_NAME(rmdir, (const char *to), (to))

/* Only a call that makes a file needs space. */
static int opened(const char *call, int (*real)(const char *, int, ...), const char *to, int flags, mode_t mode) {
  if ((flags & O_CREAT) != 0 && nameFails(call, to)) return -1;
  return real(to, flags, mode);
}

int open(const char *to, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return opened("open", REAL(open, int (*)(const char *, int, ...)), to, flags, mode);
}

int open64(const char *to, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return opened("open64", REAL(open64, int (*)(const char *, int, ...)), to, flags, mode);
}
