/* output.c - see output.h. */
#include "cli/output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <mptcpscope/error.h>

#include "cli/leftovers.h"
#include "store/database.h"

static bool is_named(const char *path, GError **error)
{
    return *path || mps_throw(error, MPS_ERROR_USAGE, "the name of the output is empty");
}

bool mps_output_check(const char *path, bool force, char *const *sources, GError **error)
{
    GStatBuf old, source;

    if (!is_named(path, error))
        return false;
    if (g_lstat(path, &old) != 0)
        return true;
    if (S_ISLNK(old.st_mode))
        return mps_throw(error, MPS_ERROR_USAGE, "%s: is a symbolic link", path);
    if (S_ISDIR(old.st_mode))
        return mps_throw(error, MPS_ERROR_USAGE, "%s: is a directory", path);
    if (!S_ISREG(old.st_mode))
        return mps_throw(error, MPS_ERROR_USAGE, "%s: is not a regular file", path);
    for (; sources && *sources; sources++)
        if (strcmp(*sources, "-") != 0 && g_stat(*sources, &source) == 0 &&
            source.st_dev == old.st_dev && source.st_ino == old.st_ino)
            return mps_throw(error, MPS_ERROR_USAGE, "%s: is %s", path,
                             mps_database_probe(path) ? "the source itself"
                                                      : "one of the captures");
    return force || mps_throw(error, MPS_ERROR_OPEN, "%s exists; --force replaces it", path);
}

bool mps_output_check_directory(const char *path, GError **error)
{
    GStatBuf old;

    if (!is_named(path, error))
        return false;
    return g_stat(path, &old) != 0 || S_ISDIR(old.st_mode) ||
           mps_throw(error, MPS_ERROR_USAGE, "%s: is not a directory", path);
}

MpsOutput *mps_output_open(const char *path, bool force, GError **error)
{
    g_autoptr(MpsOutput) self = g_new0(MpsOutput, 1);

    if (!path || strcmp(path, "-") == 0) {
        self->stream = stdout;
        return g_steal_pointer(&self);
    }
    if (!mps_output_check(path, force, NULL, error))
        return NULL;
    self->path = g_strdup(path);
    self->temporary = g_strdup_printf("%s.%ld.tmp", path, (long)getpid());
    self->stream = g_fopen(self->temporary, "wxe");
    if (!self->stream) {
        g_clear_pointer(&self->temporary, g_free); /* not ours to remove */
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    }
    mps_leftovers_add(self->temporary);
    return g_steal_pointer(&self);
}

/* A stream does not keep the reason of a failure.  If what failed was not the last of it, one more
 * byte tells. */
int mps_output_flush(FILE *stream)
{
    errno = 0;
    if (fflush(stream) == 0 && !ferror(stream))
        return 0;
    if (errno == 0 && fputc('\n', stream) != EOF)
        (void)fflush(stream);
    return errno ? errno : EIO;
}

bool mps_output_commit(MpsOutput *self, GError **error)
{
    const char *name = self->path ? self->path : "standard output";
    const int reason = mps_output_flush(self->stream);

    if (reason != 0)
        return mps_throw(error, MPS_ERROR_STORE, "%s: %s", name, g_strerror(reason));
    if (!self->path)
        return true;

    FILE *stream = g_steal_pointer(&self->stream);

    if (fclose(stream) != 0 || g_rename(self->temporary, self->path) != 0)
        return mps_throw(error, MPS_ERROR_STORE, "%s: %s", name, g_strerror(errno));
    mps_leftovers_drop(self->temporary);
    g_clear_pointer(&self->temporary, g_free);
    return true;
}

void mps_output_free(MpsOutput *self)
{
    if (!self)
        return;
    if (self->path && self->stream)
        fclose(self->stream);
    if (self->temporary) {
        (void)g_unlink(self->temporary);
        mps_leftovers_drop(self->temporary);
    }
    g_free(self->temporary);
    g_free(self->path);
    g_free(self);
}

bool mps_output_directory(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0777) == 0)
        return true;
    return mps_throw(error, MPS_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
}
