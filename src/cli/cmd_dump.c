/* cmd_dump.c - one line per packet. */
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "cli/source.h"
#include "pipeline/packets.h"
#include "views/packet_views.h"

static char *number;
static gboolean json, all, mptcp_only;

static const GOptionEntry options[] = {
    {"connection", 'c', 0, G_OPTION_ARG_STRING, &number,
     "Only packets of this connection, by number as in list", "N"},
    {"mptcp-only", 0, 0, G_OPTION_ARG_NONE, &mptcp_only,
     "Only packets of MPTCP connections or with an MPTCP option (the default)", NULL},
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "All TCP packets, and what could not be decoded",
     NULL},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "One object per line", NULL},
    {0},
};

/* A name that does not exist shall be missed as a file, not be read as a filter. */
static bool is_capture(const char *argument)
{
    return strcmp(argument, "-") == 0 || g_file_test(argument, G_FILE_TEST_IS_REGULAR) ||
           g_str_has_suffix(argument, ".pcap") || g_str_has_suffix(argument, ".pcapng") ||
           g_str_has_suffix(argument, ".cap");
}

/* The captures are the arguments before `--`, or, if there are none, before the first that is no
 * file; what is left is the filter. */
static char **split(char **arguments, int n_behind, char **filter)
{
    unsigned n = n_behind < 0 ? 0 : g_strv_length(arguments) - (unsigned)n_behind;

    if (n == 0)
        while (arguments[n] && (n == 0 || is_capture(arguments[n])))
            n++;
    *filter = arguments[n] ? g_strjoinv(" ", arguments + n) : NULL;

    char **captures = g_new0(char *, n + 1);

    for (unsigned i = 0; i < n; i++)
        captures[i] = g_strdup(arguments[i]);
    return captures;
}

static bool take(void *user, const MpsTold *told)
{
    return mps_dump_packet(user, told);
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autofree char *filter = NULL;
    g_auto(GStrv) captures = split(arguments, settings->n_behind, &filter);
    bool damaged = false;
    int64_t connection;

    if (!mps_source_check_captures(captures, error) ||
        !mps_source_connection(number, &connection, error))
        return MPS_EXIT_USAGE;
    if (all && mptcp_only) {
        mps_throw(error, MPS_ERROR_USAGE, "--all and --mptcp-only contradict each other");
        return MPS_EXIT_USAGE;
    }

    const MpsPacketRun work = {
        .paths = (const char *const *)captures,
        .show = filter,
        .filter = settings->filter,
        .strict = settings->strict_input,
        .option_names = settings->option_names,
        .verify_checksums = settings->verify_checksums,
        .limits = settings->limits,
        .progress = false, /* the lines are the progress */
    };
    MpsDump dump = {
        .out = stdout,
        .connection_id = connection,
        .all = all,
        .json = json,
        .name_captures = captures[1] != NULL,
    };
    const bool done = mps_pipeline_packets(&work, take, &dump, &damaged, error);

    mps_dump_clear(&dump);
    if (!done)
        return MPS_EXIT_FAILED;
    if (connection != MPS_ALL_CONNECTIONS && !dump.any) {
        /* A filter may rightly leave nothing of it; without one, the number is wrong. */
        if (!filter) {
            mps_throw(error, MPS_ERROR_ABSENT, "no connection %" PRId64, connection);
            return MPS_EXIT_FAILED;
        }
        if (!settings->quiet)
            g_printerr("mptcpscope: no packet of connection %" PRId64 " passes the filter\n",
                       connection);
    }
    return damaged ? MPS_EXIT_DAMAGED : MPS_EXIT_DONE;
}

const MpsCommand mps_command_dump = {
    .name = "dump",
    .arguments = "CAPTURE... [FILTER]",
    .help = "One line per packet: MPTCP options decoded, and what became of it",
    .examples = "  mptcpscope dump client.pcapng -c 3\n"
                "  mptcpscope dump client.pcapng host 10.0.2.1 and 'tcp[tcpflags] & tcp-syn != 0'\n"
                "  mptcpscope dump eth0.pcap wlan0.pcap -- port 443    words behind -- are filter\n"
                "  mptcpscope dump client.pcapng --json | jq -c '.data[] | "
                "select(.class == \"reinjection\")'\n",
    .options = options,
    .run = run,
};
