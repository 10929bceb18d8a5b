/* source.c - see source.h. */
#include "cli/source.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "cli/leftovers.h"
#include "cli/limits.h"
#include "pipeline/pipeline.h"
#include "store/database.h"
#include "views/views.h"

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

bool mps_source_check_captures(char **paths, GError **error)
{
    unsigned n_stdin = 0;

    if (!paths[0])
        return mps_throw(error, MPS_ERROR_USAGE, "no capture named");
    for (char **path = paths; *path; path++) {
        if (!**path)
            return mps_throw(error, MPS_ERROR_USAGE, "a file name is empty");
        if (is_stdin(*path))
            n_stdin++;
        else if (mps_database_probe(*path))
            return mps_throw(error, MPS_ERROR_USAGE, "%s: a database stands where captures should",
                             *path);
    }
    if (n_stdin > 1)
        return mps_throw(error, MPS_ERROR_USAGE, "standard input can be read once only");
    if (n_stdin && isatty(STDIN_FILENO))
        return mps_throw(error, MPS_ERROR_USAGE, "standard input is a terminal, not a capture");
    return true;
}

static bool analyze(MpsSource *self, char **paths, bool need_file, const MpsSettings *settings,
                    GError **error)
{
    MpsAnalysis analysis = {
        .paths = (const char *const *)paths,
        .command_line = settings->command_line,
        .option_names = settings->option_names,
        .tcp = settings->tcp,
        .metrics = settings->metrics,
        .no_rules = settings->no_rules,
        .dss_checksums = settings->dss_checksums,
        .verify_checksums = settings->verify_checksums,
        .vantage = settings->vantage,
        .filter = settings->filter,
        .strict = settings->strict_input,
        .limits = settings->limits,
        .progress = !settings->quiet,
    };
    MpsOutcome outcome = {0};

    if (need_file) {
        g_autoptr(GError) reason = NULL;

        self->temporary = g_dir_make_tmp("mptcpscope-XXXXXX", &reason);
        if (!self->temporary)
            return mps_throw(error, MPS_ERROR_STORE, "%s", reason->message);
        self->path = g_build_filename(self->temporary, "analysis.db", NULL);
        analysis.output = self->path;
        mps_leftovers_add(self->temporary);
        mps_leftovers_add(self->path);
    }
    self->db = mps_pipeline_analyze(&analysis, &outcome, error);
    if (need_file)
        mps_leftovers_watch(); /* the analysis looked after itself */
    self->damaged = outcome.damaged;
    return self->db != NULL;
}

const char *mps_source_captures_option(const MpsSettings *settings)
{
    return settings->tcp                                        ? "--tcp"
           : settings->metrics                                  ? "--metrics"
           : settings->no_rules                                 ? "--no-rules"
           : settings->dss_checksums                            ? "--dss-checksums"
           : settings->verify_checksums                         ? "--verify-checksums"
           : settings->vantage                                  ? "--vantage"
           : settings->filter                                   ? "--filter"
           : settings->strict_input                             ? "--strict-input"
           : mps_option_names_count(settings->option_names) > 0 ? "--name-option"
                                                                : mps_limits_option();
}

MpsSource *mps_source_open(char **arguments, bool need_file, const MpsSettings *settings,
                           GError **error)
{
    g_autoptr(MpsSource) self = g_new0(MpsSource, 1);

    if (!arguments[0])
        return mps_throw_null(error, MPS_ERROR_USAGE, "no database or capture named");
    if (!arguments[1] && !is_stdin(arguments[0]) && mps_database_probe(arguments[0])) {
        const char *option = mps_source_captures_option(settings);

        if (option)
            return mps_throw_null(error, MPS_ERROR_USAGE,
                                  "%s: %s goes with captures, not with a database", arguments[0],
                                  option);
        self->path = g_canonicalize_filename(arguments[0], NULL);
        self->db = mps_database_open(arguments[0], error);
        return self->db ? g_steal_pointer(&self) : NULL;
    }
    if (!mps_source_check_captures(arguments, error))
        return NULL;
    return analyze(self, arguments, need_file, settings, error) ? g_steal_pointer(&self) : NULL;
}

/* What the database may have left next to itself goes, too. */
static void remove_directory(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);

    for (const char *name; directory && (name = g_dir_read_name(directory));) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        (void)g_unlink(file);
    }
    (void)g_rmdir(path);
}

void mps_source_free(MpsSource *self)
{
    if (!self)
        return;
    sqlite3_close(self->db);
    if (self->temporary) {
        remove_directory(self->temporary);
        mps_leftovers_drop(self->path);
        mps_leftovers_drop(self->temporary);
    }
    g_free(self->temporary);
    g_free(self->path);
    g_free(self);
}

MpsExit mps_source_exit(const MpsSource *self)
{
    return self->damaged ? MPS_EXIT_DAMAGED : MPS_EXIT_DONE;
}

bool mps_source_connection(const char *text, int64_t *out, GError **error)
{
    gint64 number = 0;

    *out = MPS_ALL_CONNECTIONS;
    if (!text)
        return true;
    if (!g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &number, NULL)) {
        g_autofree char *printable = g_strescape(text, NULL);

        return mps_throw(error, MPS_ERROR_USAGE, "'%s' is not the number of a connection",
                         printable);
    }
    *out = number;
    return number > 0 || mps_throw(error, MPS_ERROR_USAGE,
                                   "no connection %" PRId64 "; they count from 1", (int64_t)number);
}
