/* cmd_export.c - the tables as CSV or JSON. */
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/suggest.h"
#include "views/views.h"

static char *format, *table, *output;
static gboolean force;

static const GOptionEntry options[] = {
    {"format", 0, 0, G_OPTION_ARG_STRING, &format, "csv or json", "FORMAT"},
    {"table", 't', 0, G_OPTION_ARG_STRING, &table, "Only this table", "TABLE"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
     "Write here instead of standard output; a directory if csv of all tables", "PATH"},
    {"force", 'f', 0, G_OPTION_ARG_NONE, &force, "Replace existing files", NULL},
    {0},
};

typedef bool Exporter(sqlite3 *db, const char *name, FILE *out, GError **error);

static bool export_table(sqlite3 *db, Exporter *exporter, const char *name, const char *path,
                         GError **error)
{
    g_autoptr(MpsOutput) out = mps_output_open(path, force, error);

    return out && exporter(db, name, out->stream, error) && mps_output_commit(out, error);
}

static char *csv_file(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".csv", NULL);

    return g_build_filename(output, file, NULL);
}

/* One file per table; none if one of them cannot be. */
static bool export_csv(sqlite3 *db, char **tables, char **sources, GError **error)
{
    for (char **name = tables; *name; name++) {
        g_autofree char *path = csv_file(*name);

        if (!mps_output_check(path, force, sources, error))
            return false;
    }
    if (!mps_output_directory(output, error))
        return false;
    for (; *tables; tables++) {
        g_autofree char *path = csv_file(*tables);

        if (!export_table(db, mps_view_export_csv, *tables, path, error))
            return false;
    }
    return true;
}

static bool export_document(sqlite3 *db, GError **error)
{
    g_autoptr(MpsOutput) out = mps_output_open(output, force, error);

    return out && mps_view_export_json(db, out->stream, error) && mps_output_commit(out, error);
}

static bool export(sqlite3 *db, char **sources, GError **error)
{
    const bool csv = strcmp(format, "csv") == 0;
    g_auto(GStrv) tables = mps_view_tables(db, error);

    if (!tables)
        return false;
    if (table && !g_strv_contains((const char *const *)tables, table)) {
        const char *nearest = mps_suggest(table, (const char *const *)tables);

        return mps_throw(error, MPS_ERROR_USAGE, "no table '%s'%s%s%s", table,
                         nearest ? "; did you mean '" : "", nearest ? nearest : "",
                         nearest ? "'?" : "");
    }
    if (table)
        return export_table(db, csv ? mps_view_export_csv : mps_view_export_json_lines, table,
                            output, error);
    return csv ? export_csv(db, tables, sources, error) : export_document(db, error);
}

static bool check_options(GError **error)
{
    if (!format || (strcmp(format, "csv") != 0 && strcmp(format, "json") != 0))
        return mps_throw(error, MPS_ERROR_USAGE, "--format must be csv or json");
    if (strcmp(format, "csv") == 0 && !table && (!output || strcmp(output, "-") == 0))
        return mps_throw(error, MPS_ERROR_USAGE,
                         "csv of all tables needs -o DIR; or name one with --table");
    return true;
}

/* Whether -o is fit for it; said before anything is analyzed. */
static bool check_output(char **sources, GError **error)
{
    if (!output || strcmp(output, "-") == 0)
        return true;
    return strcmp(format, "csv") == 0 && !table ? mps_output_check_directory(output, error)
                                                : mps_output_check(output, force, sources, error);
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsSource) source = NULL;

    if (!check_options(error) || !check_output(arguments, error))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, false, settings, error);
    if (!source || !export(source->db, arguments, error))
        return MPS_EXIT_FAILED;
    return mps_source_exit(source);
}

const MpsCommand mps_command_export = {
    .name = "export",
    .arguments = "SOURCE --format csv|json",
    .help = "Tables as CSV or JSON",
    .examples = "  mptcpscope export result.db --format csv -o tables\n"
                "  mptcpscope export result.db --format csv --table subflow_direction\n"
                "  mptcpscope export result.db --format json --table event    one object a line\n"
                "  mptcpscope export client.pcapng --format json -o all.json\n",
    .options = options,
    .run = run,
};
