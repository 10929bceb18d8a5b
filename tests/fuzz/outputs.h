/* outputs.h - everything that the program prints about a database or a capture, and what holds for
 * it, whatever its names, comments and addresses are: text for people has no control characters,
 * and what programs read can be read.  Shared by the fuzz targets of text outputs. */
#ifndef TESTS_FUZZ_OUTPUTS_H
#define TESTS_FUZZ_OUTPUTS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>
#include <sqlite3.h>

#include <mptcpscope/error.h>

#include "pipeline/packets.h"
#include "views/check.h"
#include "views/compare.h"
#include "views/packet_views.h"
#include "views/views.h"

/* g_error() would raise SIGTRAP, which libFuzzer does not catch. */
static inline void outputs_fail(const char *what, const char *problem, const char *text)
{
    fprintf(stderr, "%s: %s:\n%s\n", what, problem, text);
    abort();
}

static inline void assert_plain(const char *what, const char *text, size_t n_bytes)
{
    if (strlen(text) != n_bytes || !g_utf8_validate(text, (gssize)n_bytes, NULL))
        outputs_fail(what, "no UTF-8", text);
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        if (g_unichar_iscntrl(g_utf8_get_char(at)) && *at != '\n' && *at != '\t')
            outputs_fail(what, "control character", text);
}

static inline void assert_json(const char *what, const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;

    g_assert_cmpint(sqlite3_open(":memory:", &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_prepare_v2(db, "SELECT json_valid(?1)", -1, &statement, NULL), ==,
                    SQLITE_OK);
    sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
    if (!sqlite3_column_int(statement, 0))
        outputs_fail(what, "no JSON", text);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static inline void assert_json_lines(const char *what, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++)
        if (**line)
            assert_json(what, *line);
}

/* RFC 4180: as many fields in each record as in the first. */
static inline void assert_csv(const char *what, const char *text)
{
    unsigned n_fields = 0, n = 1;

    for (const char *at = text; *at; at++) {
        if (*at == '"') {
            for (at++; *at && (*at != '"' || at[1] == '"'); at++)
                at += *at == '"';
            if (!*at || !strchr(",\r\n", at[1]))
                outputs_fail(what, "quotes", text);
        } else if (*at == ',') {
            n++;
        } else if (*at == '\n') {
            n_fields = n_fields ? n_fields : n;
            if (n != n_fields)
                outputs_fail(what, "number of fields", text);
            n = 1;
        }
    }
}

static inline void assert_xml(const char *what, const char *text)
{
    static const GMarkupParser nothing = {0};
    GMarkupParseContext *context = g_markup_parse_context_new(&nothing, 0, NULL, NULL);

    if (!g_markup_parse_context_parse(context, text, -1, NULL) ||
        !g_markup_parse_context_end_parse(context, NULL))
        outputs_fail(what, "no XML", text);
    g_markup_parse_context_free(context);
}

/* Every tag is closed, and attributes are quoted, as in XML; of what HTML has besides, tags without
 * an end, style and script are known. */
static inline void assert_html(const char *what, const char *text)
{
    static const char *const empty[] = {"meta", "br", "hr", "input", "link", "img", "col", NULL};
    g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func(g_free);

    for (const char *at = strchr(text, '<'); at; at = strchr(at, '<')) {
        const bool closes = at[1] == '/';
        const char *const name = at + 1 + closes;
        g_autofree char *tag =
            g_strndup(name, strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234"
                                         "56789-!"));
        const char *end = name;

        for (bool quoted = false; *end && (quoted || *end != '>'); end++)
            quoted ^= *end == '"';
        if (!*tag || !*end)
            outputs_fail(what, "no tag", at);
        at = end;
        if (strcmp(tag, "!DOCTYPE") == 0 || g_strv_contains(empty, tag) || end[-1] == '/')
            continue;
        if (closes) {
            if (open->len == 0 || strcmp(open->pdata[open->len - 1], tag) != 0)
                outputs_fail(what, "not open", tag);
            g_ptr_array_set_size(open, (gint)open->len - 1);
            continue;
        }
        if (strcmp(tag, "script") == 0 || strcmp(tag, "style") == 0) {
            g_autofree char *last = g_strdup_printf("</%s>", tag);

            at = strstr(at, last);
            if (!at)
                outputs_fail(what, "open to the end", tag);
            at++;
            continue;
        }
        g_ptr_array_add(open, g_steal_pointer(&tag));
    }
    if (open->len > 0)
        outputs_fail(what, "still open", open->pdata[open->len - 1]);
}

typedef enum { PLAIN, JSON, JSON_LINES, CSV, XML, HTML } Form;

/* What was written to a stream in memory; freed. */
static inline void assert_output(const char *what, Form form, char *text, size_t n_bytes)
{
    if (form != CSV) /* which gives values as they are */
        assert_plain(what, text, n_bytes);
    if (form == JSON)
        assert_json(what, text);
    else if (form == JSON_LINES)
        assert_json_lines(what, text);
    else if (form == CSV)
        assert_csv(what, text);
    else if (form == XML)
        assert_xml(what, text);
    else if (form == HTML)
        assert_html(what, text);
    free(text);
}

typedef struct {
    const char *name; /* of a table, file, format or host */
    char *text;
    size_t n_bytes;
} Output;

static inline FILE *output_open(Output *self)
{
    return open_memstream(&self->text, &self->n_bytes);
}

typedef bool OutputFunc(sqlite3 *db, const char *name, FILE *out, GError **error);

/* A view may say that there is nothing to see, or that the database cannot be read. */
static inline void assert_view(sqlite3 *db, const char *what, Form form, const char *name,
                               OutputFunc *view)
{
    Output output = {name};
    FILE *out = output_open(&output);
    g_autoptr(GError) error = NULL;
    const bool done = view(db, name, out, &error);

    fclose(out);
    g_assert_true(done == (error == NULL));
    if (done)
        assert_output(what, form, output.text, output.n_bytes);
    else
        free(output.text);
}

#define OUTPUT_OF(function)                                                                        \
    static inline bool output_##function(sqlite3 *db, const char *name G_GNUC_UNUSED, FILE *out,   \
                                         GError **error)                                           \
    {                                                                                              \
        return mps_view_##function(db, out, error);                                                \
    }
OUTPUT_OF(summary)
OUTPUT_OF(summary_json)
OUTPUT_OF(list_json)
OUTPUT_OF(counters)
OUTPUT_OF(counters_json)
OUTPUT_OF(export_json)
OUTPUT_OF(tcptrace)
OUTPUT_OF(mptcptrace_list)
#undef OUTPUT_OF

#define OUTPUT_OF(function)                                                                        \
    static inline bool output_##function(sqlite3 *db, const char *name G_GNUC_UNUSED, FILE *out,   \
                                         GError **error)                                           \
    {                                                                                              \
        return mps_view_##function(db, MPS_ALL_CONNECTIONS, out, error);                           \
    }
OUTPUT_OF(show_json)
OUTPUT_OF(events)
OUTPUT_OF(events_json)
OUTPUT_OF(establishment)
#undef OUTPUT_OF

/* @name ends in "charts" for a terminal with block elements. */
static inline bool output_list(sqlite3 *db, const char *name, FILE *out, GError **error)
{
    return mps_view_list(db, g_str_has_suffix(name, "charts"), out, error);
}

static inline bool output_show(sqlite3 *db, const char *name, FILE *out, GError **error)
{
    return mps_view_show(db, MPS_ALL_CONNECTIONS, g_str_has_suffix(name, "charts"), out, error);
}

static inline bool output_interval(sqlite3 *db, const char *name G_GNUC_UNUSED, FILE *out,
                                   GError **error)
{
    return mps_view_interval(db, MPS_ALL_CONNECTIONS, INT64_C(1000000000), out, error);
}

static inline bool output_monitor(sqlite3 *db, const char *name, FILE *out, GError **error)
{
    return mps_view_monitor(db, name, MPS_ALL_CONNECTIONS, out, error);
}

static inline bool output_check(sqlite3 *db, const char *name, FILE *out, GError **error)
{
    const MpsCheckRequest request = {
        .format = name, .verbose = true, .connection_id = MPS_ALL_CONNECTIONS};
    bool failed;

    return mps_view_check(db, &request, out, &failed, error);
}

static inline bool output_compare(sqlite3 *db, const char *name, FILE *out, GError **error)
{
    g_autoptr(MpsCompare) compare = mps_compare_new();

    if (!mps_compare_add(compare, db, "a\x1b", NULL, error) ||
        !mps_compare_add(compare, db, "b<b>", NULL, error))
        return false;
    mps_compare_test(compare);
    if (strcmp(name, "json") == 0)
        return mps_compare_json(compare, db, out, error);
    mps_compare_text(compare, out);
    return true;
}

/* Without figures: those are gnuplot's. */
static inline bool output_report(sqlite3 *db, const char *name G_GNUC_UNUSED, FILE *out,
                                 GError **error)
{
    const MpsReportRequest request = {.database = "x.db",
                                      .schema = "{\"tables\":[]}",
                                      .command_line = "mptcpscope report",
                                      .quiet = true};

    return mps_view_report(db, &request, out, error);
}

/* All views, or only the one of this number, if there is one: a fuzzer gets further so. */
static inline void assert_views(sqlite3 *db, size_t only)
{
    static const struct {
        const char *what;
        Form form;
        const char *name;
        OutputFunc *view;
    } views[] = {
        {"summary", PLAIN, NULL, output_summary},
        {"summary, JSON", JSON, NULL, output_summary_json},
        {"list", PLAIN, NULL, output_list},
        {"list with charts", PLAIN, NULL, output_list},
        {"list, JSON", JSON, NULL, output_list_json},
        {"show", PLAIN, NULL, output_show},
        {"show with charts", PLAIN, NULL, output_show},
        {"show, JSON", JSON, NULL, output_show_json},
        {"show, interval", PLAIN, NULL, output_interval},
        {"events", PLAIN, NULL, output_events},
        {"events, JSON", JSON, NULL, output_events_json},
        {"monitor, client", PLAIN, "client", output_monitor},
        {"monitor, server", PLAIN, "server", output_monitor},
        {"counters", PLAIN, NULL, output_counters},
        {"counters, JSON", JSON, NULL, output_counters_json},
        {"establishment", PLAIN, NULL, output_establishment},
        {"check", PLAIN, "text", output_check},
        {"check, JSON", JSON, "json", output_check},
        {"check, TAP", PLAIN, "tap", output_check},
        {"check, JUnit", XML, "junit", output_check},
        {"check, SARIF", JSON, "sarif", output_check},
        {"rules", PLAIN, "text", mps_view_rules},
        {"rules, markdown", PLAIN, "markdown", mps_view_rules},
        {"rules, JSON", JSON, "json", mps_view_rules},
        {"export, JSON", JSON, NULL, output_export_json},
        {"tcptrace", PLAIN, NULL, output_tcptrace},
        {"mptcptrace", PLAIN, NULL, output_mptcptrace_list},
        {"compare", PLAIN, "text", output_compare},
        {"compare, JSON", JSON, "json", output_compare},
        {"report", HTML, NULL, output_report},
    };
    g_auto(GStrv) tables = mps_view_tables(db, NULL);
    g_auto(GStrv) files = mps_view_mptcptrace_files(db, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(views); i++)
        if (i == only || only >= G_N_ELEMENTS(views))
            assert_view(db, views[i].what, views[i].form, views[i].name, views[i].view);
    if (only < G_N_ELEMENTS(views))
        return;
    for (char **table = tables; table && *table; table++) {
        assert_view(db, *table, CSV, *table, mps_view_export_csv);
        assert_view(db, *table, JSON_LINES, *table, mps_view_export_json_lines);
    }
    for (char **file = files; file && *file; file++) {
        assert_plain("name of a file", *file, strlen(*file));
        g_assert_null(strchr(*file, '/'));
        assert_view(db, *file, PLAIN, *file, mps_view_mptcptrace_file);
    }
}

static inline bool output_take_dump(void *user, const MpsTold *told)
{
    return mps_dump_packet(user, told);
}

static inline bool output_take_ladder(void *user, const MpsTold *told)
{
    mps_ladder_packet(user, told);
    return true;
}

/* The views of packets read captures. */
static inline void assert_packet_views(const char *path)
{
    const char *const paths[] = {path, NULL};
    const MpsPacketRun run = {.paths = paths};

    for (int json = 0; json < 2; json++) {
        Output output = {0};
        FILE *out = output_open(&output);
        MpsDump dump = {
            .out = out, .connection_id = MPS_ALL_CONNECTIONS, .all = true, .json = json};
        g_autoptr(GError) error = NULL;
        bool damaged;

        (void)mps_pipeline_packets(&run, output_take_dump, &dump, &damaged, &error);
        mps_dump_clear(&dump);
        fclose(out);
        assert_output("dump", json ? JSON_LINES : PLAIN, output.text, output.n_bytes);
    }

    g_autoptr(MpsLadder) ladder = mps_ladder_new(1, true);
    g_autoptr(GError) error = NULL;
    bool damaged;

    if (!mps_pipeline_packets(&run, output_take_ladder, ladder, &damaged, &error) ||
        !mps_ladder_found(ladder))
        return;
    mps_ladder_finish(ladder);
    for (int svg = 0; svg < 2; svg++) {
        Output output = {0};
        FILE *out = output_open(&output);

        if (svg)
            mps_ladder_svg(ladder, out);
        else
            mps_ladder_text(ladder, out);
        fclose(out);
        assert_output("ladder", svg ? XML : PLAIN, output.text, output.n_bytes);
    }
}

#endif
