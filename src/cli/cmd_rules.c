/* cmd_rules.c - the rule catalogue. */
#include "cli/command.h"
#include "pipeline/pipeline.h"
#include "views/check.h"

static char *format;

static const GOptionEntry options[] = {
    {"format", 0, 0, G_OPTION_ARG_STRING, &format, "text (the default), markdown or json",
     "FORMAT"},
    {0},
};

static MpsExit run(char **arguments, const MpsSettings *settings G_GNUC_UNUSED, GError **error)
{
    if (arguments[0]) {
        mps_throw(error, MPS_ERROR_USAGE, "takes no argument");
        return MPS_EXIT_USAGE;
    }

    sqlite3 *db = mps_pipeline_catalogue(error);
    const bool done = db && mps_view_rules(db, format ? format : "text", stdout, error);

    sqlite3_close(db);
    return done ? MPS_EXIT_DONE : MPS_EXIT_FAILED;
}

const MpsCommand mps_command_rules = {
    .name = "rules",
    .arguments = "",
    .alone = true,
    .help = "The rules that check holds connections against",
    .examples = "  mptcpscope rules\n"
                "  mptcpscope rules --format markdown\n",
    .options = options,
    .run = run,
};
