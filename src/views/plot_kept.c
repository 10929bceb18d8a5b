/* plot_kept.c - the scripts that are kept beside figures, to restyle and rerun them. */
#include "views/plot_kept.h"

#include <inttypes.h>
#include <string.h>

#include <mptcpscope/error.h>

/* Gives @name a value unless the environment has one.  Quoted for the shell without backslashes:
 * gnuplot has its own view of those. */
static void set_default(GString *shell, const char *name, const char *value)
{
    g_autoptr(GString) quoted = g_string_new(value);

    g_string_replace(quoted, "'", "'\"'\"'", 0);
    g_string_append_printf(shell, "test -n \"$%s\" || %s='%s'; ", name, name, quoted->str);
}

static char *read_script(const char *directory, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(GError) reason = NULL;
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, &reason))
        return mps_throw_null(error, MPS_ERROR_TOOL, "%s", reason->message);
    return text;
}

static bool write_text(const char *file, const char *text, GError **error)
{
    g_autoptr(GError) reason = NULL;

    return g_file_set_contents(file, text, -1, &reason) ||
           mps_throw(error, MPS_ERROR_STORE, "%s", reason->message);
}

/* Shell commands that say what was drawn, where the environment does not say otherwise.  A path
 * that gnuplot cannot have in a string is left to the environment. */
static char *settings(const MpsKept *self, const char *base)
{
    g_autoptr(GString) shell = g_string_new(NULL);
    g_autofree char *number = g_strdup_printf("%" PRId64, self->connection_id);
    g_autofree char *path = self->database ? g_canonicalize_filename(self->database, NULL) : NULL;

    if (path && !strpbrk(path, "\n\\"))
        set_default(shell, "DATA", path);
    set_default(shell, "CONNECTION", number);
    set_default(shell, "DIRECTION", self->direction);
    set_default(shell, "LABELS", self->labels);
    set_default(shell, "FORMAT", "svg");
    g_string_append_printf(shell, "test -n \"$OUT\" || OUT=%s.$FORMAT", base);
    /* gnuplot expands nothing within single quotes; the quotes themselves are put between. */
    g_string_replace(shell, "'", "'.\"'\".'", 0);
    return g_string_free(g_steal_pointer(&shell), FALSE);
}

bool mps_kept_write(const MpsKept *self, const char *file, GError **error)
{
    g_autofree char *name = g_strconcat(self->name, ".gp", NULL);
    g_autofree char *body = read_script(self->scripts, name, error);
    g_autofree char *base = g_strdup_printf("connection-%" PRId64 "-%s-%s", self->connection_id,
                                            self->name, self->direction);
    g_autofree char *drawn = settings(self, base);
    g_autofree char *text =
        g_strdup_printf("# Draws %s.svg again; here:\n"
                        "#     %sFORMAT=svg gnuplot -d %s.gp     (or png, pdf)\n"
                        "# The rows that were drawn are in %s.tsv.\n"
                        "SETTINGS = '%s'\n\n%s",
                        base, self->database ? "" : "DATA=result.db ", base, base, drawn, body);

    return body && write_text(file, text, error);
}

bool mps_kept_common(const MpsPlotRequest *request, const char *scripts, GError **error)
{
    static const char *const names[] = {"style.gpi", "figures.sql"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = read_script(scripts, names[i], error);
        g_autofree char *file = g_build_filename(request->directory, names[i], NULL);

        if (!text || (request->may_write && !request->may_write(file, request->user, error)) ||
            !write_text(file, text, error))
            return false;
    }
    return true;
}
