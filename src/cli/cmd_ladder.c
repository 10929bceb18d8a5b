/* cmd_ladder.c - message sequence chart of one connection. */
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/source.h"
#include "pipeline/packets.h"
#include "views/packet_views.h"

static char *number;
static gboolean svg, force;
static char *output;

static const GOptionEntry options[] = {
    {"connection", 'c', 0, G_OPTION_ARG_STRING, &number, "This connection, by number as in list",
     "N"},
    {"svg", 0, 0, G_OPTION_ARG_NONE, &svg, "A picture instead of text", NULL},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write here instead of to standard output",
     "FILE"},
    {"force", 'f', 0, G_OPTION_ARG_NONE, &force, "Replace an existing file", NULL},
    {0},
};

static bool take(void *user, const MpsTold *told)
{
    mps_ladder_packet(user, told);
    return true;
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    bool damaged = false;
    int64_t connection;

    if (!mps_source_check_captures(arguments, error) ||
        !mps_source_connection(number, &connection, error))
        return MPS_EXIT_USAGE;
    if (connection == MPS_ALL_CONNECTIONS) {
        mps_throw(error, MPS_ERROR_USAGE, "-c N is missing: which connection?");
        return MPS_EXIT_USAGE;
    }

    if (output && strcmp(output, "-") != 0 && !mps_output_check(output, force, arguments, error))
        return MPS_EXIT_USAGE;

    const MpsPacketRun work = {
        .paths = (const char *const *)arguments,
        .filter = settings->filter,
        .strict = settings->strict_input,
        .option_names = settings->option_names,
        .verify_checksums = settings->verify_checksums,
        .limits = settings->limits,
        .progress = !settings->quiet,
    };
    g_autoptr(MpsOutput) out = mps_output_open(output, force, error);
    g_autoptr(MpsLadder) ladder = mps_ladder_new((uint64_t)connection, arguments[1] != NULL);

    if (!out || !mps_pipeline_packets(&work, take, ladder, &damaged, error))
        return MPS_EXIT_FAILED;
    if (!mps_ladder_found(ladder)) {
        mps_throw(error, MPS_ERROR_ABSENT, "no connection %" PRId64, connection);
        return MPS_EXIT_FAILED;
    }
    mps_ladder_finish(ladder);
    if (svg)
        mps_ladder_svg(ladder, out->stream);
    else
        mps_ladder_text(ladder, out->stream);
    if (!mps_output_commit(out, error))
        return MPS_EXIT_FAILED;
    return damaged ? MPS_EXIT_DAMAGED : MPS_EXIT_DONE;
}

const MpsCommand mps_command_ladder = {
    .name = "ladder",
    .arguments = "CAPTURE... -c N",
    .help = "Message sequence chart of a connection's signalling, as text or SVG",
    .examples = "  mptcpscope ladder client.pcapng -c 3\n"
                "  mptcpscope ladder eth0.pcap wlan0.pcap -c 1 --svg -o ladder.svg\n",
    .options = options,
    .run = run,
};
