/* view_rules.c - the rule catalogue. */
#include <string.h>

#include <mptcpscope/error.h>

#include "views/check.h"
#include "views/json.h"
#include "views/query.h"
#include "views/text_table.h"

static const char all_rules[] = "SELECT * FROM rule ORDER BY number";

static const char *known(MpsQuery *query, const char *column)
{
    return mps_query_known(query, column) ? mps_query_text(query, column) : "-";
}

static void print_text(MpsQuery *query, FILE *out)
{
    static const MpsTextColumn columns[] = {{"rule", false},     {"asks", false},
                                            {"RFC 8684", false}, {"RFC 6824", false},
                                            {"level", false},    {0}};
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 0);

    while (mps_query_next(query))
        mps_text_table_add(table,
                           (const char *[]){known(query, "rule_id"), known(query, "title"),
                                            known(query, "section_v1"), known(query, "section_v0"),
                                            known(query, "level")});
    mps_text_table_print(table, out);
}

static void print_markdown(MpsQuery *query, FILE *out)
{
    fputs("| rule | asks | RFC 8684 | RFC 6824 | level | when broken | decided on | evidence |\n"
          "|---|---|---|---|---|---|---|---|\n",
          out);
    while (mps_query_next(query))
        fprintf(out, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", known(query, "rule_id"),
                known(query, "title"), known(query, "section_v1"), known(query, "section_v0"),
                known(query, "level"), known(query, "verdict"), known(query, "decided"),
                known(query, "evidence"));
}

static bool print_json(sqlite3 *db, FILE *out, GError **error)
{
    fputc('[', out);
    if (!mps_json_rows(db, all_rules, 0, ",", out, error))
        return false;
    fputs("\n]\n", out);
    return true;
}

bool mps_view_rules(sqlite3 *db, const char *format, FILE *out, GError **error)
{
    g_autoptr(MpsQuery) query = mps_query_new(db, all_rules);

    if (strcmp(format, "json") == 0)
        return print_json(db, out, error);
    if (strcmp(format, "markdown") == 0)
        print_markdown(query, out);
    else if (strcmp(format, "text") == 0)
        print_text(query, out);
    else
        return mps_throw(error, MPS_ERROR_USAGE, "--format: text, markdown, json, not '%s'",
                         format);
    return mps_query_finish(query, error);
}
