/* cmd_check.c - holds connections against RFC 8684 and RFC 6824. */
#include <string.h>

#include "cli/command.h"
#include "cli/source.h"
#include "pipeline/pipeline.h"
#include "views/check.h"
#include "views/query.h"
#include "views/views.h"

static char *number, *format, *rules, *profile, *fail_on;
static gboolean verbose, establishment;

static const GOptionEntry options[] = {
    {"connection", 'c', 0, G_OPTION_ARG_STRING, &number, "Only this connection, by number", "N"},
    {"rules", 0, 0, G_OPTION_ARG_STRING, &rules, "Only these families and rules: MPC,JOIN-04",
     "LIST"},
    {"profile", 0, 0, G_OPTION_ARG_STRING, &profile,
     "default, or strict: what widely deployed stacks do on purpose is a violation, too",
     "PROFILE"},
    {"fail-on", 0, 0, G_OPTION_ARG_STRING, &fail_on,
     "Exit with 3 on a violation (the default), or on a warning, too", "VERDICT"},
    {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default), json, tap, junit or sarif",
     "FORMAT"},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
     "Also what passed, and what could not be checked and why", NULL},
    {"establishment", 0, 0, G_OPTION_ARG_NONE, &establishment,
     "MP_CAPABLE and MP_JOIN handshakes, step by step, with the values seen", NULL},
    {0},
};

/* *out tells whether @value is the second of the two words; @value may be NULL for the first. */
static bool choose(const char *option, const char *value, const char *first, const char *second,
                   bool *out, GError **error)
{
    *out = value && strcmp(value, second) == 0;
    return *out || !value || strcmp(value, first) == 0 ||
           mps_throw(error, MPS_ERROR_USAGE, "%s: %s or %s, not '%s'", option, first, second,
                     value);
}

static bool read_request(MpsCheckRequest *out, GError **error)
{
    g_autofree char *upper = rules ? g_ascii_strup(rules, -1) : NULL;

    if (upper)
        strcpy(rules, upper);
    out->format = format ? format : "text";
    out->rules = rules;
    out->verbose = verbose;
    if (establishment && (format || rules || fail_on || profile))
        return mps_throw(error, MPS_ERROR_USAGE, "--establishment is a table of its own");
    if (!choose("--profile", profile, "default", "strict", &out->strict, error) ||
        !choose("--fail-on", fail_on, "violation", "warning", &out->fail_on_warning, error) ||
        !mps_source_connection(number, &out->connection_id, error))
        return false;

    sqlite3 *catalogue = mps_pipeline_catalogue(error);
    const bool valid = catalogue && mps_view_check_request(catalogue, out, error);

    sqlite3_close(catalogue);
    return valid;
}

/* A check of nothing passes, but it proves nothing. */
static bool note_nothing(sqlite3 *db, GError **error)
{
    int64_t n = 0;

    if (!mps_query_single(db, "SELECT count(*) FROM (SELECT 1 FROM judgement LIMIT 1)", 0, &n,
                          error))
        return false;
    if (n == 0)
        g_printerr("mptcpscope: no MPTCP connection: nothing was checked\n");
    return true;
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsSource) source = NULL;
    MpsCheckRequest request = {0};
    bool failed = false;

    if (settings->no_rules)
        mps_throw(error, MPS_ERROR_USAGE, "--no-rules leaves nothing to check");
    if (settings->no_rules || !read_request(&request, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, false, settings, error);
    if (!source)
        return MPS_EXIT_FAILED;
    if (!(establishment ? mps_view_establishment(source->db, request.connection_id, stdout, error)
                        : mps_view_check(source->db, &request, stdout, &failed, error)) ||
        !(settings->quiet || note_nothing(source->db, error)))
        return MPS_EXIT_FAILED;
    return failed ? MPS_EXIT_VIOLATION : mps_source_exit(source);
}

const MpsCommand mps_command_check = {
    .name = "check",
    .arguments = "SOURCE",
    .help = "Does each connection follow RFC 8684 (or RFC 6824)?",
    .examples = "  mptcpscope check client.pcapng\n"
                "  mptcpscope check --dss-checksums --profile strict client.pcapng\n"
                "  mptcpscope check --rules MPC,JOIN-04 --format junit result.db\n"
                "  mptcpscope check --establishment client.pcapng\n",
    .options = options,
    .run = run,
};
