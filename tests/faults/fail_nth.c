/* fail_nth.c - preloaded before the program, makes the n-th call of a function fail, and all after
 * it, as a full disk does.  FAIL_CALL names the function, FAIL_NTH the call; "fault" on standard
 * error says that it came to that.  With FAIL_SIGNAL, a number, nothing fails: that signal comes.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <sqlite3.h>

/* Counts a call of @name; true: it is to fail with @reason. */
static bool fails(const char *name, int reason)
{
    static const char message[] = "fault\n";
    static atomic_long n_calls;
    const char *wanted = getenv("FAIL_CALL"), *nth = getenv("FAIL_NTH");
    const char *signal_number = getenv("FAIL_SIGNAL");
    long n;

    if (!wanted || !nth || strcmp(wanted, name) != 0)
        return false;
    n = ++n_calls;
    if (n == atol(nth)) {
        ssize_t (*real)(int, const void *, size_t) =
            (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");

        (void)!real(STDERR_FILENO, message, sizeof message - 1);
        if (signal_number)
            raise(atoi(signal_number));
    }
    if (signal_number)
        return false;
    errno = reason;
    return n >= atol(nth);
}

/* The function that is hidden by ours. */
#define REAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

/* Reads and writes beyond the standard streams. */
ssize_t read(int fd, void *bytes, size_t n_bytes)
{
    return fails("read", EIO) ? -1 : REAL(read)(fd, bytes, n_bytes);
}

ssize_t write(int fd, const void *bytes, size_t n_bytes)
{
    return fd > STDERR_FILENO && fails("write", ENOSPC) ? -1 : REAL(write)(fd, bytes, n_bytes);
}

ssize_t pwrite(int fd, const void *bytes, size_t n_bytes, off_t at)
{
    return fails("write", ENOSPC) ? -1 : REAL(pwrite)(fd, bytes, n_bytes, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n_bytes, off64_t at)
{
    return fails("write", ENOSPC) ? -1 : REAL(pwrite64)(fd, bytes, n_bytes, at);
}

int fsync(int fd)
{
    return fails("fsync", EIO) ? -1 : REAL(fsync)(fd);
}

int rename(const char *from, const char *to)
{
    return fails("rename", EACCES) ? -1 : REAL(rename)(from, to);
}

/* SQLite calls itself, too; that is not what is to be tested. */
static bool is_library(const void *caller)
{
    Dl_info info;

    return dladdr(caller, &info) != 0 && strstr(info.dli_fname, ".so");
}

int sqlite3_step(sqlite3_stmt *statement)
{
    if (!is_library(__builtin_return_address(0)) && fails("step", ENOSPC))
        return SQLITE_FULL;
    return REAL(sqlite3_step)(statement);
}

int sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                 void *user, char **message)
{
    if (!is_library(__builtin_return_address(0)) && fails("step", ENOSPC))
        return SQLITE_FULL;
    return REAL(sqlite3_exec)(db, sql, row, user, message);
}
