/* cmd_schema.c - the documented schema of the database. */
#include <stdio.h>

#include "cli/command.h"
#include "pipeline/pipeline.h"

static gboolean json;

static const GOptionEntry options[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Tables and columns as JSON", NULL},
    {0},
};

static MpsExit run(char **arguments, const MpsSettings *settings G_GNUC_UNUSED, GError **error)
{
    g_autofree char *schema = NULL;

    if (arguments[0]) {
        mps_throw(error, MPS_ERROR_USAGE, "takes no argument");
        return MPS_EXIT_USAGE;
    }
    schema = mps_pipeline_schema(json);
    fputs(schema, stdout);
    return MPS_EXIT_DONE;
}

const MpsCommand mps_command_schema = {
    .name = "schema",
    .arguments = "",
    .alone = true,
    .help = "Tables and columns of the database, explained",
    .examples = "  mptcpscope schema\n"
                "  mptcpscope schema --json\n",
    .options = options,
    .run = run,
};
