/* cmd_report.c - one HTML page that needs nothing else. */
#include <unistd.h>

#include <glib/gstdio.h>

#include "cli/command.h"
#include "cli/leftovers.h"
#include "cli/output.h"
#include "cli/source.h"
#include "pipeline/pipeline.h"
#include "views/left_out.h"
#include "views/query.h"
#include "views/views.h"

#define FIGURES_DEFAULT 6

static char *output;
static gboolean hash, force;
static int figures = FIGURES_DEFAULT;

static const GOptionEntry options[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The page to write; - is standard output",
     "FILE"},
    {"force", 'f', 0, G_OPTION_ARG_NONE, &force, "Replace FILE if it exists", NULL},
    {"figures", 0, 0, G_OPTION_ARG_INT, &figures,
     "Draw at most N connections (6), those with problems first", "N"},
    {"hash", 0, 0, G_OPTION_ARG_NONE, &hash, "Read the captures again and name their SHA-256",
     NULL},
    {0},
};

/* SHA-256 of a file, or why there is none. */
static char *hash_file(const char *path)
{
    enum { BLOCK = 1 << 16 };
    g_autofree guchar *block = g_malloc(BLOCK);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    FILE *file = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? g_fopen(path, "rbe") : NULL;
    size_t n_bytes;

    if (!file)
        return g_strdup("not a file that can be read now");
    while ((n_bytes = fread(block, 1, BLOCK, file)) > 0)
        g_checksum_update(checksum, block, (gssize)n_bytes);

    const bool failed = ferror(file) != 0;

    fclose(file);
    return g_strdup(failed ? "could not be read" : g_checksum_get_string(checksum));
}

/* Of all captures that the database names. */
static GHashTable *hash_captures(sqlite3 *db, GError **error)
{
    g_autoptr(GHashTable) hashes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(MpsQuery) query = mps_query_new(db, "SELECT path FROM capture");

    while (mps_query_next(query)) {
        const char *path = mps_query_raw(query, "path");

        g_hash_table_insert(hashes, g_strdup(path), hash_file(path));
    }
    return mps_query_finish(query, error) ? g_steal_pointer(&hashes) : NULL;
}

static bool write_page(const MpsSource *source, const MpsSettings *settings, const char *scratch,
                       MpsOutput *page, GError **error)
{
    g_autofree char *schema = mps_pipeline_schema(true);
    g_autoptr(GHashTable) hashes = hash ? hash_captures(source->db, error) : NULL;
    const MpsReportRequest request = {
        .database = source->path,
        .scratch = scratch,
        .schema = schema,
        .command_line = settings->command_line,
        .hashes = hashes,
        .figures = figures,
        .quiet = settings->quiet,
    };

    return (hashes || !hash) && mps_view_report(source->db, &request, page->stream, error) &&
           mps_output_commit(page, error);
}

static bool make_scratch(char **scratch, GError **error)
{
    g_autoptr(GError) reason = NULL;
    const int descriptor = g_file_open_tmp("mptcpscope-XXXXXX.svg", scratch, &reason);

    if (descriptor < 0)
        return mps_throw(error, MPS_ERROR_STORE, "%s", reason->message);
    close(descriptor);
    mps_leftovers_add(*scratch);
    return true;
}

static MpsExit run(char **arguments, const MpsSettings *settings, GError **error)
{
    g_autoptr(MpsSource) source = NULL;
    g_autoptr(MpsOutput) page = NULL;
    g_autofree char *scratch = NULL;

    if (!output)
        mps_throw(error, MPS_ERROR_USAGE, "-o FILE.html is missing: where shall the page go?");
    else if (figures < 0)
        mps_throw(error, MPS_ERROR_USAGE, "--figures: 0 or more, not %d", figures);
    if (!output || figures < 0 ||
        (g_strcmp0(output, "-") != 0 && !mps_output_check(output, force, arguments, error)))
        return MPS_EXIT_USAGE;
    source = mps_source_open(arguments, true, settings, error);
    if (!source || !mps_left_out_none(source->db, "a report needs", error))
        return MPS_EXIT_FAILED;
    page = mps_output_open(output, force, error);
    if (!page || !make_scratch(&scratch, error))
        return MPS_EXIT_FAILED;

    const bool written = write_page(source, settings, scratch, page, error);

    (void)g_unlink(scratch);
    mps_leftovers_drop(scratch);
    return written ? mps_source_exit(source) : MPS_EXIT_FAILED;
}

const MpsCommand mps_command_report = {
    .name = "report",
    .arguments = "SOURCE -o FILE.html",
    .help = "One page: findings, connections, figures, compliance, definitions",
    .examples = "  mptcpscope report result.db -o result.html\n"
                "  mptcpscope report client.pcapng -o client.html --hash\n",
    .options = options,
    .run = run,
};
