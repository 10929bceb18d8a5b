/* cmd_analyze.c - the main job: captures in, a summary and a database out. */
#include <string.h>

#include "cli/command.h"
#include "cli/jobs.h"
#include "cli/output.h"
#include "cli/source.h"
#include "pipeline/pipeline.h"
#include "views/views.h"

static char *output;
static gboolean force, json, each;
static int n_jobs = 1;
static gboolean checkpoint;
static double checkpoint_seconds = 30;
static int64_t pause_after;

static const GOptionEntry options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
     "Write the results database here (with --each: a directory of databases)", "FILE.db"},
    {"force", 'f', 0, G_OPTION_ARG_NONE, &force, "Replace an existing database", NULL},
    {"checkpoint", 0, 0, G_OPTION_ARG_NONE, &checkpoint,
     "Keep what the same command goes on from after a signal or a crash", NULL},
    {"checkpoint-every", 0, 0, G_OPTION_ARG_DOUBLE, &checkpoint_seconds,
     "With --checkpoint: how often (default 30)", "SECONDS"},
    {"pause-after", 0, 0, G_OPTION_ARG_INT64, &pause_after,
     "With --checkpoint: end after N packets as with a signal, to be gone on with", "N"},
    {"each", 0, 0, G_OPTION_ARG_NONE, &each, "Captures have nothing to do with each other", NULL},
    {"jobs", 'j', 0, G_OPTION_ARG_INT, &n_jobs, "With --each: so many captures at a time", "N"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Summary as JSON", NULL},
    {0},
};

/* A database goes to a file, and never to one of the captures. */
static bool check_output(const char *path, char **captures, GError **error)
{
    if (strcmp(path, "-") == 0)
        return mps_throw(error, MPS_ERROR_USAGE, "a database cannot go to standard output");
    return mps_output_check(path, force, captures, error);
}

static bool summarize(sqlite3 *db, GError **error)
{
    return json ? mps_view_summary_json(db, stdout, error) : mps_view_summary(db, stdout, error);
}

/* Analyzes @captures as one trace and prints the summary. */
static bool analyze(char **captures, const char *database, const MpsSettings *settings,
                    MpsOutcome *total, GError **error)
{
    const MpsAnalysis analysis = {
        .paths = (const char *const *)captures,
        .output = database,
        .command_line = settings->command_line,
        .force = force,
        .checkpoints = {.wanted = checkpoint,
                        .every_us = (int64_t)(checkpoint_seconds * 1e6),
                        .n_packets = (uint64_t)pause_after},
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
    sqlite3 *db = mps_pipeline_analyze(&analysis, &outcome, error);

    if (!db)
        return false;

    const bool printed = summarize(db, error);

    sqlite3_close(db);
    total->damaged |= outcome.damaged;
    total->interrupted |= outcome.interrupted;
    return printed;
}

/* DIRECTORY/capture.pcap.db; "-" becomes stdin.db. */
static char *database_name(const char *directory, const char *capture)
{
    g_autofree char *base = g_path_get_basename(strcmp(capture, "-") == 0 ? "stdin" : capture);
    g_autofree char *name = g_strconcat(base, ".db", NULL);

    return g_build_filename(directory, name, NULL);
}

/* Two captures with one base name would overwrite each other's database. */
static bool check_names(char **captures, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (; *captures; captures++) {
        g_autofree char *database = database_name(output, *captures);

        if (!check_output(database, captures, error))
            return false;
        if (!g_hash_table_add(seen, g_strdup(database)))
            return mps_throw(error, MPS_ERROR_USAGE, "%s: would be written for two captures",
                             database);
    }
    return true;
}

/* The captures of --each, and how they are analyzed. */
typedef struct {
    char **captures;
    const MpsSettings *settings;
} Each;

static bool analyze_one(const Each *self, unsigned index, const MpsSettings *settings,
                        MpsOutcome *total, GError **error)
{
    char *const capture = self->captures[index];
    g_autofree char *database = output ? database_name(output, capture) : NULL;

    return analyze((char *[]){capture, NULL}, database, settings, total, error);
}

/* What a job says, if not MPS_EXIT_DONE or _DAMAGED: this and the code of its error. */
enum { JOB_FAILED = 64 };

/* In a process of its own, with its share of the machine.  Its words are the summary, or what is
 * wrong. */
static int analyze_in_job(unsigned index, void *user)
{
    const Each *self = user;
    MpsSettings settings = *self->settings;
    MpsOutcome total = {0};
    g_autoptr(GError) reason = NULL;

    settings.limits.n_shares = (unsigned)n_jobs;
    if (settings.limits.n_threads == 0)
        settings.limits.n_threads = 1;
    if (analyze_one(self, index, &settings, &total, &reason))
        return total.damaged ? MPS_EXIT_DAMAGED : MPS_EXIT_DONE;
    fputs(reason->message, stdout);
    return JOB_FAILED + reason->code;
}

/* The result of the next job. */
static bool take_job(MpsJobs *jobs, MpsOutcome *total, GError **error)
{
    g_autofree char *text = NULL;
    int result;

    if (!mps_jobs_next(jobs, &result, &text, error)) {
        total->interrupted = true;
        return false;
    }
    if (result >= JOB_FAILED)
        return mps_throw(error, (MpsError)(result - JOB_FAILED), "%s", text);
    total->damaged |= result == MPS_EXIT_DAMAGED;
    fputs(text, stdout);
    return true;
}

/* A pipe is to be ended by a signal, which ends jobs. */
static bool is_for_jobs(char **captures)
{
    return n_jobs > 1 && !g_strv_contains((const char *const *)captures, "-");
}

/* One analysis per capture.  A capture that cannot be analyzed does not stop the others. */
static MpsExit analyze_each(char **captures, const MpsSettings *settings, GError **error)
{
    const unsigned n = g_strv_length(captures);
    const Each self = {captures, settings};
    unsigned n_done = 0, n_failed = 0;
    MpsOutcome total = {0};

    if (output && (!mps_output_check_directory(output, error) || !check_names(captures, error) ||
                   !mps_output_directory(output, error)))
        return MPS_EXIT_FAILED;

    g_autoptr(MpsJobs) jobs = is_for_jobs(captures)
                                  ? mps_jobs_new(n, (unsigned)n_jobs, analyze_in_job, (void *)&self)
                                  : NULL;

    if (json)
        puts("[");
    for (unsigned i = 0; i < n && !total.interrupted; i++) {
        g_autoptr(GError) reason = NULL;

        if (json ? i > 0 : n_done > 0)
            puts(json ? "," : "");
        if (jobs ? take_job(jobs, &total, &reason)
                 : analyze_one(&self, i, settings, &total, &reason)) {
            n_done++;
        } else if (settings->strict_input || total.interrupted ||
                   g_error_matches(reason, MPS_ERROR, MPS_ERROR_INTERRUPTED)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return MPS_EXIT_FAILED;
        } else {
            g_printerr("mptcpscope: %s\n", reason->message);
            if (json)
                puts("null");
            n_failed++;
        }
    }
    if (json)
        puts("]");
    if (n_failed > 0 && n_done == 0)
        return MPS_EXIT_FAILED;
    return total.damaged || n_failed > 0 ? MPS_EXIT_DAMAGED : MPS_EXIT_DONE;
}

static bool check_checkpoints(GError **error)
{
    if (checkpoint && (each || !output))
        return mps_throw(error, MPS_ERROR_USAGE,
                         each ? "--checkpoint does not go with --each"
                              : "--checkpoint goes with -o");
    if (!(checkpoint_seconds >= 0 && checkpoint_seconds <= 1e6))
        return mps_throw(error, MPS_ERROR_USAGE, "--checkpoint-every: 0 to 1000000 seconds");
    return (pause_after >= 0 && (pause_after == 0 || checkpoint)) ||
           mps_throw(error, MPS_ERROR_USAGE,
                     "--pause-after: a number of packets, with --checkpoint");
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    MpsOutcome total = {0};

    if (!mps_source_check_captures(arguments, error))
        return MPS_EXIT_USAGE;
    if (n_jobs < 1 || n_jobs > 1024 || (n_jobs > 1 && !each)) {
        mps_throw(error, MPS_ERROR_USAGE, each ? "--jobs: 1 to 1024" : "--jobs goes with --each");
        return MPS_EXIT_USAGE;
    }
    if (!check_checkpoints(error))
        return MPS_EXIT_USAGE;
    if (each)
        return analyze_each(arguments, settings, error);
    if (output && !check_output(output, arguments, error))
        return MPS_EXIT_USAGE;
    if (!analyze(arguments, output, settings, &total, error))
        return MPS_EXIT_FAILED;
    return total.damaged ? MPS_EXIT_DAMAGED : MPS_EXIT_DONE;
}

const MpsCommand mps_command_analyze = {
    .name = "analyze",
    .arguments = "CAPTURE...",
    .help = "Summary of captures; with -o, a database that answers every question",
    .examples =
        "  mptcpscope analyze client.pcapng\n"
        "  mptcpscope analyze eth0.pcap wlan0.pcap -o result.db    one trace, two files\n"
        "  mptcpscope analyze /var/log/rotated day3.tar.zst        all captures in there\n"
        "  mptcpscope analyze --each -j 4 -o results *.pcap        a database per capture\n"
        "  mptcpscope analyze --checkpoint -o out.db months/       goes on where it was stopped\n"
        "  ssh host tcpdump -U -w - tcp | mptcpscope analyze -     ^C: what came until then\n",
    .options = options,
    .run = run,
};
