/* test_rules.c - every rule on its good and its bad packets; the cases are in tests/rules. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>

#include "../rules/cases.h"
#include "pipeline/pipeline.h"

#define CLIENT_KEY UINT64_C(0x9c764fc34f185038)
#define SERVER_KEY UINT64_C(0x347997aecdf19ddf)

static const RuleCase *const all_cases[] = {
#define CASES(family) cases_##family,
#include "../rules/cases.def"
#undef CASES
};

static MpsVantage vantage_of(const char *name)
{
    return !name                         ? 0
           : strcmp(name, "client") == 0 ? MPS_VANTAGE_CLIENT
           : strcmp(name, "server") == 0 ? MPS_VANTAGE_SERVER
                                         : MPS_VANTAGE_MIDDLE;
}

/* Builds the capture of @rule_case at @path. */
static uint64_t build(const RuleCase *rule_case, bool bad, const char *path)
{
    const int version = rule_case->version == V0 ? 0 : 1;
    Bed bed = {0};

    bed.net = pb_net_open(path, PB_RAW, 0, INT64_C(1700000000000000000));
    bed.net->step_ns = 5 * 1000 * 1000;
    bed.conn = pb_conn(bed.net, version, CLIENT_KEY, SERVER_KEY);
    bed.conn->checksum = rule_case->checksums && !rule_case->no_checksum;
    bed.conn->ip_id_per_flow = true;
    bed.first = pb_flow(bed.conn, PB_CLIENT, "10.1.1.1", 40000, "10.2.1.1", 80);
    bed.second = pb_flow(bed.conn, PB_CLIENT, "10.1.2.1", 40001, "10.2.1.1", 80);
    bed.third = pb_flow(bed.conn, PB_CLIENT, "10.1.3.1", 40002, "10.2.1.1", 80);
    rule_case->run(&bed, bad);
    pb_net_close(bed.net);
    return bed.fault_packet;
}

static sqlite3 *analyze(const RuleCase *rule_case, const char *path)
{
    const char *const paths[] = {path, NULL};
    const MpsAnalysis analysis = {.paths = paths,
                                  .command_line = "test",
                                  .tcp = rule_case->tcp,
                                  .dss_checksums = rule_case->checksums,
                                  .vantage = vantage_of(rule_case->vantage)};
    MpsOutcome outcome = {0};
    g_autoptr(GError) error = NULL;
    sqlite3 *db = mps_pipeline_analyze(&analysis, &outcome, &error);

    g_assert_no_error(error);
    return db;
}

/* Rows of @sql, values separated by a blank; an empty string for none. */
static char *ask(sqlite3 *db, const char *sql, const char *rule)
{
    GString *rows = g_string_new(NULL);
    sqlite3_stmt *statement = NULL;

    g_assert_cmpint(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), ==, SQLITE_OK);
    if (sqlite3_bind_parameter_count(statement) > 0)
        sqlite3_bind_text(statement, 1, rule, -1, SQLITE_TRANSIENT);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *value = (const char *)sqlite3_column_text(statement, i);

            g_string_append_printf(rows, "%s%s",
                                   i > 0           ? " "
                                   : rows->len > 0 ? "\n"
                                                   : "",
                                   value ? value : "-");
        }
    }
    sqlite3_finalize(statement);
    return g_string_free(rows, FALSE);
}

static bool is_listed(const char *list, const char *rule)
{
    g_auto(GStrv) rules = g_strsplit(list ? list : "", " ", -1);

    return g_strv_contains((const char *const *)rules, rule);
}

/* Complains of rules that speak and are neither @rule nor in the lists. */
static void no_others(sqlite3 *db, const char *rule, const char *also, const char *noise,
                      const char *run)
{
    g_autofree char *spoken =
        ask(db,
            "SELECT rule_id, verdict, coalesce(packet, 0), coalesce(evidence, '') FROM finding "
            "WHERE verdict IN ('violation', 'warning')",
            NULL);
    g_auto(GStrv) rows = g_strsplit(spoken, "\n", -1);

    for (char **row = rows; *row && **row; row++) {
        g_autofree char *name = g_strndup(*row, strcspn(*row, " "));

        if (g_strcmp0(name, rule) != 0 && !is_listed(also, name) && !is_listed(noise, name)) {
            g_test_message("%s run: %s", run, *row);
            g_test_fail();
        }
    }
}

static void keep(const char *path, const char *rule, const char *run)
{
    const char *directory = g_getenv("KEEP_CAPTURES");
    g_autofree char *name = NULL;
    g_autofree char *bytes = NULL;
    gsize n_bytes;

    if (!directory)
        return;
    name = g_strdup_printf("%s/%s-%s.pcap", directory, rule, run);
    g_assert_true(g_file_get_contents(path, &bytes, &n_bytes, NULL));
    g_assert_true(g_file_set_contents(name, bytes, (gssize)n_bytes, NULL));
}

static void check_good(const RuleCase *rule_case, const char *path)
{
    (void)build(rule_case, false, path);
    keep(path, rule_case->rule, "good");

    sqlite3 *db = analyze(rule_case, path);
    g_autofree char *passed =
        ask(db, "SELECT sum(count) FROM finding WHERE rule_id = ? AND verdict = 'pass'",
            rule_case->rule);

    if (strcmp(passed, "-") == 0) {
        g_autofree char *all = ask(db,
                                   "SELECT rule_id, verdict, evidence FROM finding "
                                   "WHERE rule_id = ?",
                                   rule_case->rule);

        g_test_message("good run: %s did not pass: %s", rule_case->rule, all);
        g_test_fail();
    }
    no_others(db, NULL, NULL, rule_case->noise, "good");
    sqlite3_close(db);
}

static void check_bad(const RuleCase *rule_case, const char *path)
{
    const uint64_t fault_packet = build(rule_case, true, path);

    keep(path, rule_case->rule, "bad");

    sqlite3 *db = analyze(rule_case, path);
    g_autofree char *is = ask(
        db,
        "SELECT verdict, strict_verdict FROM finding WHERE rule_id = ? "
        "ORDER BY CASE verdict WHEN 'violation' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END LIMIT 1",
        rule_case->rule);
    g_autofree char *shall = g_strdup_printf(
        "%s %s", rule_case->verdict, rule_case->strict ? rule_case->strict : rule_case->verdict);
    g_autofree char *packet = ask(
        db, "SELECT packet FROM fault WHERE rule_id = ? ORDER BY packet LIMIT 1", rule_case->rule);
    g_autofree char *fault = g_strdup_printf("%" G_GUINT64_FORMAT, fault_packet);
    g_autofree char *suspect =
        ask(db, "SELECT suspect, host FROM fault WHERE rule_id = ? LIMIT 1", rule_case->rule);
    g_autofree char *seen =
        ask(db, "SELECT seen FROM fault WHERE rule_id = ? LIMIT 1", rule_case->rule);

    if (strcmp(is, shall) != 0) {
        g_test_message("bad run: %s is '%s', shall be '%s'", rule_case->rule, is, shall);
        g_test_fail();
    } else if (fault_packet > 0 && strcmp(packet, fault) != 0) {
        g_test_message("bad run: %s blames packet %s, shall be %s", rule_case->rule, packet, fault);
        g_test_fail();
    } else if (rule_case->seen && strcmp(seen, rule_case->seen) != 0) {
        g_test_message("bad run: %s saw '%s', shall see '%s'", rule_case->rule, seen,
                       rule_case->seen);
        g_test_fail();
    } else if (rule_case->suspect && strcmp(suspect, rule_case->suspect) != 0) {
        g_test_message("bad run: %s suspects %s, shall be %s", rule_case->rule, suspect,
                       rule_case->suspect);
        g_test_fail();
    }
    no_others(db, rule_case->rule, rule_case->also, rule_case->noise, "bad");
    sqlite3_close(db);
}

static void check_case(gconstpointer data)
{
    const RuleCase *rule_case = data;
    g_autofree char *path = NULL;
    const int fd = g_file_open_tmp("mptcpscope-rule-XXXXXX.pcap", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    check_good(rule_case, path);
    check_bad(rule_case, path);
    (void)g_unlink(path);
}

/* Rules of the catalogue without a case, and cases of no rule. */
static void check_complete(gconstpointer data)
{
    GHashTable *n_of_rule = (GHashTable *)(uintptr_t)data;
    g_autoptr(GError) error = NULL;
    sqlite3 *db = mps_pipeline_catalogue(&error);
    g_autofree char *all = ask(db, "SELECT rule_id FROM rule ORDER BY number", NULL);
    g_auto(GStrv) rules = g_strsplit(all, "\n", -1);

    g_assert_cmpuint(g_strv_length(rules), ==, 140);
    for (char **rule = rules; *rule; rule++) {
        if (!g_hash_table_remove(n_of_rule, *rule)) {
            g_test_message("%s has no case", *rule);
            g_test_fail();
        }
    }
    g_assert_cmpuint(g_hash_table_size(n_of_rule), ==, 0);
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    g_autoptr(GHashTable) n_of_rule = g_hash_table_new(g_str_hash, g_str_equal);

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(all_cases); i++) {
        for (const RuleCase *each = all_cases[i]; each->rule; each++) {
            const int n = 1 + GPOINTER_TO_INT(g_hash_table_lookup(n_of_rule, each->rule));
            g_autofree char *name = g_strdup_printf("/rules/%s/%d", each->rule, n);

            g_hash_table_insert(n_of_rule, (gpointer)(uintptr_t)each->rule, GINT_TO_POINTER(n));
            g_test_add_data_func(name, each, check_case);
        }
    }
    g_test_add_data_func("/rules/complete", n_of_rule, check_complete);
    return g_test_run();
}
