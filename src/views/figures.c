/* figures.c - see figures.h. */
#include "views/figures.h"

#include <errno.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <mptcpscope/error.h>

#include "views/gnuplot.h"
#include "views/views.h"

static const char *const formats[] = {"png", "svg", "pdf"};

bool mps_figures_open(MpsFigures *self, GError **error)
{
    self->scripts = mps_gnuplot_scripts(error);
    if (!self->scripts || !mps_gnuplot_check("gnuplot", error))
        return false;
    return g_mkdir_with_parents(self->directory, 0777) == 0 ||
           mps_throw(error, MPS_ERROR_OPEN, "%s: %s", self->directory, g_strerror(errno));
}

void mps_figures_close(MpsFigures *self)
{
    g_clear_pointer(&self->scripts, g_free);
}

static bool may_write(const MpsFigures *self, const char *file, GError **error)
{
    return !self->may_write || self->may_write(file, self->user, error);
}

bool mps_figures_text(const MpsFigures *self, const char *name, const char *text, GError **error)
{
    g_autofree char *file = g_build_filename(self->directory, name, NULL);
    g_autoptr(GError) reason = NULL;

    if (!may_write(self, file, error))
        return false;
    return g_file_set_contents(file, text, -1, &reason) ||
           mps_throw(error, MPS_ERROR_STORE, "%s", reason->message);
}

bool mps_figures_csv(const MpsFigures *self, const char *name, const char *text, GError **error)
{
    if (!mps_figures_text(self, name, text, error))
        return false;
    g_ptr_array_add(self->files, g_build_filename(self->directory, name, NULL));
    return true;
}

bool mps_figures_script(const MpsFigures *self, const char *from, const char *to, GError **error)
{
    g_autofree char *path = g_build_filename(self->scripts, from, NULL), *text = NULL;
    g_autoptr(GError) reason = NULL;

    if (!g_file_get_contents(path, &text, NULL, &reason))
        return mps_throw(error, MPS_ERROR_TOOL, "%s", reason->message);
    return mps_figures_text(self, to, text, error);
}

static bool draw(const MpsFigures *self, const char *name, const char *format, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher =
        mps_gnuplot_launcher(G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autofree char *script = g_strconcat(name, ".gp", NULL), *words = NULL;
    g_autofree char *picture = g_strdup_printf("%s.%s", name, format);
    g_autofree char *file = g_build_filename(self->directory, picture, NULL);
    g_autoptr(GSubprocess) gnuplot = NULL;
    g_autoptr(GError) reason = NULL;

    if (!may_write(self, file, error))
        return false;
    g_subprocess_launcher_set_cwd(launcher, self->directory);
    g_subprocess_launcher_setenv(launcher, "FORMAT", format, TRUE);
    gnuplot = g_subprocess_launcher_spawn(launcher, &reason, "gnuplot", "-d", script, NULL);
    if (!gnuplot || !g_subprocess_communicate_utf8(gnuplot, NULL, NULL, NULL, &words, &reason))
        return mps_throw(error, MPS_ERROR_TOOL, "gnuplot: %s", reason->message);
    if (!g_subprocess_get_successful(gnuplot) || !mps_gnuplot_is_complete(file, format)) {
        (void)g_unlink(file);
        mps_gnuplot_blame(words, error);
        g_prefix_error(error, "%s: ", file);
        return false;
    }
    g_ptr_array_add(self->files, g_steal_pointer(&file));
    return true;
}

bool mps_figures_draw(const MpsFigures *self, const char *name, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
        if (mps_view_plot_wants(self->format, formats[i]) && !draw(self, name, formats[i], error))
            return false;
    return true;
}
