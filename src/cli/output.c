/* output.c - see output.h. */
#include "cli/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <mptcpscope/error.h>

MpsOutput *mps_output_open(const char *path, bool force, GError **error)
{
    g_autoptr(MpsOutput) self = g_new0(MpsOutput, 1);

    if (!path || strcmp(path, "-") == 0) {
        self->stream = stdout;
        return g_steal_pointer(&self);
    }
    if (!force && g_file_test(path, G_FILE_TEST_EXISTS))
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: exists; --force replaces it", path);
    self->path = g_strdup(path);
    self->temporary = g_strdup_printf("%s.%ld.tmp", path, (long)getpid());
    self->stream = g_fopen(self->temporary, "we");
    if (!self->stream)
        return mps_throw_null(error, MPS_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    return g_steal_pointer(&self);
}

bool mps_output_commit(MpsOutput *self, GError **error)
{
    const char *name = self->path ? self->path : "standard output";

    errno = 0;

    const bool failed = fflush(self->stream) != 0 || ferror(self->stream);
    const int reason = errno ? errno : EIO;

    if (failed)
        return mps_throw(error, MPS_ERROR_STORE, "%s: %s", name, g_strerror(reason));
    if (!self->path)
        return true;

    FILE *stream = g_steal_pointer(&self->stream);

    if (fclose(stream) != 0 || g_rename(self->temporary, self->path) != 0)
        return mps_throw(error, MPS_ERROR_STORE, "%s: %s", name, g_strerror(errno));
    g_clear_pointer(&self->temporary, g_free);
    return true;
}

void mps_output_free(MpsOutput *self)
{
    if (!self)
        return;
    if (self->path && self->stream)
        fclose(self->stream);
    if (self->temporary)
        (void)g_unlink(self->temporary);
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
