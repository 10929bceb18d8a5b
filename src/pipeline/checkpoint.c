/* checkpoint.c - see checkpoint.h. */
#include "pipeline/checkpoint.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "util/version.h"

/* States are structures as this very build lays them out. */
static bool append_program(GString *out, GError **error)
{
    static const char self[] = "/proc/self/exe";
    g_autoptr(GMappedFile) program = g_mapped_file_new(self, FALSE, NULL);
    g_autofree char *digest = NULL;

    if (!program)
        return mps_throw(error, MPS_ERROR_OPEN, "%s: %s", self, g_strerror(errno));
    digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256,
                                         (const guchar *)g_mapped_file_get_contents(program),
                                         g_mapped_file_get_length(program));
    g_string_append_printf(out, "program mptcpscope " MPS_VERSION ", build %.16s\n", digest);
    return true;
}

static void append_moment(GString *out, const char *name, MpsMoment moment)
{
    if (moment.given)
        g_string_append_printf(out, "option %s: %s%" G_GINT64_FORMAT " ns\n", name,
                               moment.behind_first ? "+" : "", moment.ns);
}

static void append_number(GString *out, const char *name, int64_t number)
{
    if (number != 0)
        g_string_append_printf(out, "option %s: %" G_GINT64_FORMAT "\n", name, number);
}

static void append_word(GString *out, const char *name, const char *word)
{
    g_autofree char *printable = word ? g_strescape(word, NULL) : NULL;

    if (printable)
        g_string_append_printf(out, "option %s: %s\n", name, printable);
}

static void append_options(GString *out, const MpsAnalysis *analysis)
{
    const MpsLimits *limits = &analysis->limits;

    append_number(out, "--tcp", analysis->tcp);
    append_word(out, "--filter", analysis->filter);
    append_number(out, "--strict-input", analysis->strict);
    append_word(out, "--metrics", analysis->metrics);
    append_number(out, "--no-rules", analysis->no_rules);
    append_number(out, "--dss-checksums", analysis->dss_checksums);
    append_number(out, "--verify-checksums", analysis->verify_checksums);
    append_number(out, "--vantage", (int64_t)analysis->vantage);
    append_number(out, "--handshake-timeout", limits->timeouts.handshake_ns);
    append_number(out, "--idle-timeout", limits->timeouts.idle_ns);
    append_number(out, "--close-timeout", limits->timeouts.close_ns);
    append_number(out, "--memory-limit", (int64_t)limits->memory_bytes);
    append_moment(out, "--since", limits->span.since);
    append_moment(out, "--until", limits->span.until);
    append_number(out, "--first", (int64_t)limits->span.n_packets);
    for (unsigned i = 0; i < mps_option_names_count(analysis->option_names); i++)
        append_word(out, "--name-option", mps_option_names_spec(analysis->option_names, i));
}

static bool append_file(GString *out, const MpsFileInfo *info, GError **error)
{
    g_autofree char *printable = g_strescape(info->path, NULL);
    GStatBuf file;

    if (strcmp(info->file, "-") == 0)
        return mps_throw(error, MPS_ERROR_USAGE,
                         "--checkpoint: standard input cannot be read again, only files can");
    if (g_stat(info->file, &file) != 0)
        return mps_throw(error, MPS_ERROR_OPEN, "%s: %s", info->file, g_strerror(errno));
    if (!S_ISREG(file.st_mode))
        return mps_throw(error, MPS_ERROR_USAGE, "--checkpoint: %s is not a file", info->path);
    g_string_append_printf(out,
                           "file %s: %" G_GINT64_FORMAT " bytes, changed at %" G_GINT64_FORMAT
                           ".%09ld, inode %" G_GUINT64_FORMAT "\n",
                           printable, (int64_t)file.st_size, (int64_t)file.st_mtim.tv_sec,
                           file.st_mtim.tv_nsec, (uint64_t)file.st_ino);
    return true;
}

char *mps_checkpoint_run(const MpsAnalysis *analysis, const MpsTrace *trace, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (mps_trace_is_live(trace))
        return mps_throw_null(error, MPS_ERROR_USAGE,
                              "--checkpoint: a pipe cannot be read again, only files can");
    if (!append_program(out, error))
        return NULL;
    append_options(out, analysis);
    for (size_t i = 0; i < mps_trace_n_files(trace); i++) {
        const MpsFileInfo info = mps_trace_file(trace, i);

        if (!append_file(out, &info, error))
            return NULL;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Whether @then and @now are the same run; if not, tells the first line in which they differ. */
static bool is_same(const char *part, const char *then, const char *now, GError **error)
{
    g_auto(GStrv) before = g_strsplit(then, "\n", -1);
    g_auto(GStrv) after = g_strsplit(now, "\n", -1);
    guint i = 0;

    while (before[i] && after[i] && strcmp(before[i], after[i]) == 0)
        i++;
    return (!before[i] && !after[i]) ||
           mps_throw(error, MPS_ERROR_STORE, "%s was begun with %s, and now there is %s", part,
                     before[i] && *before[i] ? before[i] : "nothing more",
                     after[i] && *after[i] ? after[i] : "nothing more");
}

/* Whether @run can go on from @checkpoint, whose state is opened. */
static bool fits(const MpsAnalysis *analysis, const char *part, const MpsCheckpoint *checkpoint,
                 const char *run, MpsImage **state, GError **error)
{
    g_autofree char *path = mps_checkpoint_state(analysis->output, checkpoint->number);

    return is_same(part, checkpoint->run, run, error) &&
           (*state = mps_image_read(path, checkpoint->digest, error));
}

bool mps_checkpoint_choose(const MpsAnalysis *analysis, const char *run, MpsCheckpoint **found,
                           MpsImage **state, GError **error)
{
    g_autofree char *part = mps_checkpoint_part(analysis->output);
    g_autoptr(GError) reason = NULL;
    bool useless = false;

    if (mps_checkpoint_find(analysis->output, found, &useless, &reason)) {
        if (!*found)
            return true;
        if (fits(analysis, part, *found, run, state, &reason))
            return true;
        useless = true;
        g_clear_pointer(found, mps_checkpoint_free);
    }
    if (!useless) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
    }
    if (!analysis->force)
        return mps_throw(error, MPS_ERROR_STORE, "%s; --force begins anew", reason->message);
    if (analysis->progress)
        g_printerr("mptcpscope: begins anew: %s\n", reason->message);
    return true;
}
