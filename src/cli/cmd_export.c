/* cmd_export.c - the tables as CSV or JSON; what mptcptrace and tcptrace would have written. */
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/suggest.h"
#include "views/left_out.h"
#include "views/views.h"

static char *format, *table, *output;
static gboolean force;

static const GOptionEntry options[] = {
    {"format", 0, 0, G_OPTION_ARG_STRING, &format, "csv, json, mptcptrace or tcptrace", "FORMAT"},
    {"table", 't', 0, G_OPTION_ARG_STRING, &table, "Only this table", "TABLE"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
     "Write here instead of standard output; a directory for mptcptrace, and for csv of all tables",
     "PATH"},
    {"force", 'f', 0, G_OPTION_ARG_NONE, &force, "Replace existing files", NULL},
    {0},
};

typedef bool Exporter(sqlite3 *db, const char *name, FILE *out, GError **error);

static char *file_path(const char *name, const char *suffix)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);

    return g_build_filename(output, file, NULL);
}

static bool is_format(const char *name)
{
    return strcmp(format, name) == 0;
}

static bool export_table(sqlite3 *db, Exporter *exporter, const char *name, const char *path,
                         GError **error)
{
    g_autoptr(MpsOutput) out = mps_output_open(path, force, error);

    return out && exporter(db, name, out->stream, error) && mps_output_commit(out, error);
}

/* A file for each of @names in the directory; none if one of them cannot be. */
static bool export_files(sqlite3 *db, Exporter *exporter, char **names, const char *suffix,
                         char **sources, GError **error)
{
    for (char **name = names; *name; name++) {
        g_autofree char *path = file_path(*name, suffix);

        if (!mps_output_check(path, force, sources, error))
            return false;
    }
    if (!mps_output_directory(output, error))
        return false;
    for (; *names; names++) {
        g_autofree char *path = file_path(*names, suffix);

        if (!export_table(db, exporter, *names, path, error))
            return false;
    }
    return true;
}

typedef bool Document(sqlite3 *db, FILE *out, GError **error);

static bool export_document(sqlite3 *db, Document *document, const char *path, GError **error)
{
    g_autoptr(MpsOutput) out = mps_output_open(path, force, error);

    return out && document(db, out->stream, error) && mps_output_commit(out, error);
}

static bool export_mptcptrace(sqlite3 *db, char **sources, GError **error)
{
    g_auto(GStrv) names = mps_view_mptcptrace_files(db, error);

    return names && export_files(db, mps_view_mptcptrace_file, names, "", sources, error) &&
           export_document(db, mps_view_mptcptrace_list, NULL, error);
}

static bool export_tables(sqlite3 *db, char **sources, GError **error)
{
    const bool csv = is_format("csv");
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
    return csv ? export_files(db, mps_view_export_csv, tables, ".csv", sources, error)
               : export_document(db, mps_view_export_json, output, error);
}

static bool export(sqlite3 *db, char **sources, GError **error)
{
    if (!is_format("csv") && !is_format("json") &&
        !mps_left_out_none(db, "this format needs", error))
        return false;
    if (is_format("tcptrace"))
        return export_document(db, mps_view_tcptrace, output, error);
    return is_format("mptcptrace") ? export_mptcptrace(db, sources, error)
                                   : export_tables(db, sources, error);
}

/* Whether the result is several files, which need a directory. */
static bool is_several(void)
{
    return is_format("mptcptrace") || (is_format("csv") && !table);
}

static bool check_options(GError **error)
{
    static const char *const formats[] = {"csv", "json", "mptcptrace", "tcptrace", NULL};

    if (!format || !g_strv_contains(formats, format))
        return mps_throw(error, MPS_ERROR_USAGE,
                         "--format must be csv, json, mptcptrace or tcptrace");
    if (table && !is_format("csv") && !is_format("json"))
        return mps_throw(error, MPS_ERROR_USAGE, "--table is for csv and json");
    if (is_several() && (!output || strcmp(output, "-") == 0))
        return mps_throw(error, MPS_ERROR_USAGE,
                         is_format("csv")
                             ? "csv of all tables needs -o DIR; or name one with --table"
                             : "mptcptrace writes several files: it needs -o DIR");
    return true;
}

/* Whether -o is fit for it; said before anything is analyzed. */
static bool check_output(char **sources, GError **error)
{
    if (!output || strcmp(output, "-") == 0)
        return true;
    return is_several() ? mps_output_check_directory(output, error)
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
    .arguments = "SOURCE --format csv|json|mptcptrace|tcptrace",
    .help = "Tables as CSV or JSON; files for scripts of mptcptrace and tcptrace",
    .examples = "  mptcpscope export result.db --format csv -o tables\n"
                "  mptcpscope export result.db --format csv --table subflow_direction\n"
                "  mptcpscope export result.db --format json --table event    one object a line\n"
                "  mptcpscope export client.pcapng --format json -o all.json\n"
                "  mptcpscope export client.pcapng --format mptcptrace -o graphs\n"
                "  mptcpscope export client.pcapng --format tcptrace    one block a subflow\n",
    .options = options,
    .run = run,
};
