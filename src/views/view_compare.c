/* view_compare.c - see compare.h.  Each connection that carried data counts once, with the
 * direction that carried more. */
#include "views/compare.h"

#include <math.h>
#include <string.h>

#include "util/rank_test.h"
#include "views/json.h"
#include "views/query.h"
#include "views/text_table.h"

typedef MpsShort Formatter(double value);

/* Databases of others may hold any number. */
static int64_t whole(double value)
{
    return isnan(value) ? 0 : (int64_t)CLAMP(value, -9e18, 9e18);
}

static MpsShort as_duration(double value)
{
    return mps_format_duration(whole(value));
}

static MpsShort as_bytes(double value)
{
    return mps_format_bytes(whole(value));
}

static MpsShort as_number(double value)
{
    MpsShort out;

    g_snprintf(out.text, sizeof out.text, "%.3g", value);
    return out;
}

/* What is compared: SQL over a row c of connection and a row d of its larger direction. */
static const struct {
    const char *name, *label, *sql;
    Formatter *format;
} metrics[] = {
    {"duration_ns", "duration", "c.duration_ns", as_duration},
    {"data_bytes", "data", "d.data_bytes", as_bytes},
    {"goodput_bps", "goodput", "d.goodput_bps", mps_format_rate},
    {"subflows", "subflows", "c.subflows", as_number},
    {"join_delay_ns", "first join after",
     "(SELECT min(s.join_delay_ns) FROM subflow s WHERE s.connection_id = c.connection_id)",
     as_duration},
    {"initial_share", "share, initial subflow",
     "(SELECT u.share FROM subflow s JOIN subflow_direction u USING (subflow_id)"
     " WHERE s.connection_id = c.connection_id AND s.ordinal = 0 AND u.direction = d.direction)",
     mps_format_percent},
    {"retransmitted_share", "retransmitted",
     "CAST(d.retransmitted_bytes AS REAL) / d.payload_bytes", mps_format_percent},
    {"reinjected_share", "reinjected", "CAST(d.reinjected_bytes AS REAL) / d.data_bytes",
     mps_format_percent},
    {"rtt_spread_ns", "RTT spread", "d.rtt_spread_ns", as_duration},
    {"data_rtt_p50_ns", "data RTT median", "d.data_rtt_p50_ns", as_duration},
    {"data_rtt_p95_ns", "data RTT 95 %", "d.data_rtt_p95_ns", as_duration},
    {"longest_stall_ns", "longest stall", "d.longest_stall_ns", as_duration},
    {"ofo_max_bytes", "held out of order", "d.ofo_max_bytes", as_bytes},
    {"hol_p95_ns", "head-of-line wait 95 %", "d.hol_p95_ns", as_duration},
};

typedef struct {
    char *name;
    GArray *values[G_N_ELEMENTS(metrics)]; /* double */
    MpsRankTest tests[G_N_ELEMENTS(metrics)];
    bool tested[G_N_ELEMENTS(metrics)];
} Group;

struct _MpsCompare {
    GPtrArray *groups; /* Group */
};

static void group_free(void *data)
{
    Group *self = data;

    for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++)
        g_array_unref(self->values[i]);
    g_free(self->name);
    g_free(self);
}

static Group *find_group(MpsCompare *self, const char *name)
{
    for (unsigned i = 0; i < self->groups->len; i++) {
        Group *group = self->groups->pdata[i];

        if (strcmp(group->name, name) == 0)
            return group;
    }

    Group *group = g_new0(Group, 1);

    group->name = g_strdup(name);
    for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++)
        group->values[i] = g_array_new(FALSE, FALSE, sizeof(double));
    g_ptr_array_add(self->groups, group);
    return group;
}

MpsCompare *mps_compare_new(void)
{
    MpsCompare *self = g_new0(MpsCompare, 1);

    self->groups = g_ptr_array_new_with_free_func(group_free);
    return self;
}

void mps_compare_free(MpsCompare *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->groups);
    g_free(self);
}

unsigned mps_compare_groups(const MpsCompare *self)
{
    return self->groups->len;
}

static int ascending(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

bool mps_compare_add(MpsCompare *self, sqlite3 *db, const char *name, GError **error)
{
    Group *group = find_group(self, name);

    for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++) {
        g_autofree char *sql = g_strdup_printf(
            "SELECT * FROM (SELECT %s AS value FROM connection c JOIN (SELECT *, row_number() OVER"
            " (PARTITION BY connection_id ORDER BY data_bytes DESC, direction) AS place"
            " FROM connection_direction) d USING (connection_id)"
            " WHERE d.place = 1 AND d.data_bytes > 0) WHERE value IS NOT NULL",
            metrics[i].sql);
        g_autoptr(MpsQuery) query = mps_query_new(db, sql);

        while (mps_query_next(query)) {
            const double value = mps_query_real(query, "value");

            g_array_append_val(group->values[i], value);
        }
        if (!mps_query_finish(query, error))
            return false;
        g_array_sort(group->values[i], ascending);
    }
    return true;
}

void mps_compare_test(MpsCompare *self)
{
    const Group *first = self->groups->pdata[0];
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    for (unsigned i = 1; i < self->groups->len; i++) {
        Group *group = self->groups->pdata[i];

        for (size_t m = 0; m < G_N_ELEMENTS(metrics); m++) {
            const GArray *x = first->values[m], *y = group->values[m];

            group->tested[m] =
                mps_rank_test((const double *)(const void *)x->data, x->len,
                              (const double *)(const void *)y->data, y->len, &group->tests[m]);
            if (group->tested[m])
                g_ptr_array_add(all, &group->tests[m].p);
        }
    }
    mps_rank_holm((double **)all->pdata, all->len);
}

/* Thresholds of Romano et al. (2006). */
static const char *effect_words(double delta)
{
    const double size = delta < 0 ? -delta : delta;

    return size < 0.147 ? "negligible" : size < 0.33 ? "small" : size < 0.474 ? "medium" : "large";
}

static double quantile(const GArray *values, double q)
{
    return mps_rank_quantile((const double *)(const void *)values->data, values->len, q);
}

static void add_row(MpsTextTable *table, const Group *group, size_t metric, bool first)
{
    const GArray *values = group->values[metric];
    const MpsRankTest *test = &group->tests[metric];
    g_autofree char *name = mps_format_printable(group->name);
    g_autofree char *n = g_strdup_printf("%u", values->len);
    MpsShort cells[3] = {{"-"}, {"-"}, {"-"}}, p = {"-"}, effect = {"-"};

    if (first)
        p.text[0] = effect.text[0] = '\0';
    for (int i = 0; i < 3 && values->len > 0; i++)
        cells[i] = metrics[metric].format(quantile(values, i == 0 ? 0.5 : i == 1 ? 0.25 : 0.75));
    if (group->tested[metric]) {
        g_snprintf(p.text, sizeof p.text, test->p < 0.001 ? "<0.001" : "%.3f", test->p);
        g_snprintf(effect.text, sizeof effect.text, "%+.2f %s", test->delta,
                   effect_words(test->delta));
    }
    mps_text_table_add(table,
                       (const char *[]){first ? metrics[metric].label : "", name, n, cells[0].text,
                                        cells[1].text, cells[2].text, p.text, effect.text});
}

void mps_compare_text(const MpsCompare *self, FILE *out)
{
    static const MpsTextColumn columns[] = {
        {"", false},      {"group", false},  {"n", true},
        {"median", true}, {"25 %", true},    {"75 %", true},
        {"p", true},      {"effect", false}, {0},
    };
    g_autoptr(MpsTextTable) table = mps_text_table_new(columns, 0);

    for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++)
        for (unsigned k = 0; k < self->groups->len; k++)
            add_row(table, self->groups->pdata[k], i, k == 0);
    mps_text_table_print(table, out);

    const Group *first = self->groups->pdata[0];
    g_autofree char *name = mps_format_printable(first->name);

    fprintf(out,
            "\nn counts connections with data, each by the direction that carried more.\n"
            "p: the group against %s, Mann-Whitney, two-sided, corrected by Holm for all rows;\n"
            "effect: Cliff's delta, +1 if every value is above those of %s, -1 if below.\n"
            "Fewer than %d values on a side are not tested.\n",
            name, name, MPS_RANK_TEST_MIN);
}

bool mps_compare_json(const MpsCompare *self, sqlite3 *db, FILE *out, GError **error)
{
    const char *before = "";

    fputc('[', out);
    for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++)
        for (unsigned k = 0; k < self->groups->len; k++, before = ",") {
            const Group *group = self->groups->pdata[k];
            const GArray *values = group->values[i];
            const MpsRankTest *test = &group->tests[i];

            fprintf(out, "%s\n{\"metric\":\"%s\",\"group\":", before, metrics[i].name);
            if (!mps_json_string(db, group->name, out, error))
                return false;
            fprintf(out, ",\"n\":%u", values->len);
            if (values->len > 0)
                fprintf(out, ",\"median\":%.15g,\"p25\":%.15g,\"p75\":%.15g", quantile(values, 0.5),
                        quantile(values, 0.25), quantile(values, 0.75));
            else
                fputs(",\"median\":null,\"p25\":null,\"p75\":null", out);
            if (group->tested[i])
                fprintf(out, ",\"p\":%.6g,\"cliffs_delta\":%.6g,\"exact\":%s}", test->p,
                        test->delta, test->exact ? "true" : "false");
            else
                fputs(",\"p\":null,\"cliffs_delta\":null,\"exact\":null}", out);
        }
    fputs("\n]\n", out);
    return true;
}
