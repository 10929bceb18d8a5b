/* view_compare.c - see compare.h.  Each connection that carried data counts once, with the
 * direction that carried more. */
#include "views/compare.h"

#include <math.h>
#include <string.h>

#include <mptcpscope/error.h>

#include "util/rank_test.h"
#include "views/figures.h"
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

/* What is compared: SQL over a row c of connection and a row d of its larger direction.  A figure
 * shows values times scale, in unit. */
static const struct {
    const char *name, *figure, *label, *sql;
    Formatter *format;
    const char *unit;
    double scale;
    bool logarithmic;
} metrics[] = {
    {"duration_ns", "duration", "duration", "c.duration_ns", as_duration, "s", 1e-9, true},
    {"data_bytes", "data", "data", "d.data_bytes", as_bytes, "B", 1, true},
    {"goodput_bps", "goodput", "goodput", "d.goodput_bps", mps_format_rate, "bit/s", 1, true},
    {"subflows", "subflows", "subflows", "c.subflows", as_number, "", 1, false},
    {"join_delay_ns", "join_delay", "first join after",
     "(SELECT min(s.join_delay_ns) FROM subflow s WHERE s.connection_id = c.connection_id)",
     as_duration, "s", 1e-9, true},
    {"initial_share", "initial_share", "share, initial subflow",
     "(SELECT u.share FROM subflow s JOIN subflow_direction u USING (subflow_id)"
     " WHERE s.connection_id = c.connection_id AND s.ordinal = 0 AND u.direction = d.direction)",
     mps_format_percent, "%", 100, false},
    {"retransmitted_share", "retransmitted_share", "retransmitted",
     "CAST(d.retransmitted_bytes AS REAL) / d.payload_bytes", mps_format_percent, "%", 100, false},
    {"reinjected_share", "reinjected_share", "reinjected",
     "CAST(d.reinjected_bytes AS REAL) / d.data_bytes", mps_format_percent, "%", 100, false},
    {"rtt_spread_ns", "rtt_spread", "RTT spread", "d.rtt_spread_ns", as_duration, "s", 1e-9, true},
    {"data_rtt_p50_ns", "data_rtt_p50", "data RTT median", "d.data_rtt_p50_ns", as_duration, "s",
     1e-9, true},
    {"data_rtt_p95_ns", "data_rtt_p95", "data RTT 95 %", "d.data_rtt_p95_ns", as_duration, "s",
     1e-9, true},
    {"longest_stall_ns", "longest_stall", "longest stall", "d.longest_stall_ns", as_duration, "s",
     1e-9, true},
    {"ofo_max_bytes", "ofo_max", "held out of order", "d.ofo_max_bytes", as_bytes, "B", 1, true},
    {"hol_p95_ns", "hol_p95", "head-of-line wait 95 %", "d.hol_p95_ns", as_duration, "s", 1e-9,
     true},
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

static const struct {
    const char *name, *sql;
} columns_by[] = {
    {"protocol", "upper(c.protocol)"},
    {"version", "'version ' || c.version"},
    {"scheduler", "c.scheduler"},
    {"path_manager", "c.path_manager"},
    {"port", "'port ' || c.server_port"},
    {"family", "iif(instr(c.client_addr, ':'), 'IPv6', 'IPv4')"},
};

static const char *sql_by(const char *by)
{
    for (size_t i = 0; by && i < G_N_ELEMENTS(columns_by); i++)
        if (strcmp(columns_by[i].name, by) == 0)
            return columns_by[i].sql;
    return NULL;
}

bool mps_compare_check_by(const char *by, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    if (sql_by(by))
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(columns_by); i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", columns_by[i].name);
    return mps_throw(error, MPS_ERROR_USAGE, "--by: not '%s', but one of %s", by, names->str);
}

static void sort_values(MpsCompare *self)
{
    for (unsigned i = 0; i < self->groups->len; i++)
        for (size_t m = 0; m < G_N_ELEMENTS(metrics); m++)
            g_array_sort(((Group *)self->groups->pdata[i])->values[m], ascending);
}

/* One row for each connection with data: its group and, as v0, v1 ..., all metrics. */
static char *sql_of_all(const char *by)
{
    GString *sql = g_string_new("SELECT ");

    g_string_append_printf(sql, "%s AS name", by ? sql_by(by) : "''");
    for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++)
        g_string_append_printf(sql, ", %s AS v%zu", metrics[i].sql, i);
    g_string_append(sql, " FROM connection c JOIN connection_direction d USING (connection_id)"
                         " WHERE d.data_bytes > 0 AND name IS NOT NULL AND NOT EXISTS"
                         " (SELECT * FROM connection_direction o"
                         " WHERE o.connection_id = d.connection_id AND (o.data_bytes > d.data_bytes"
                         " OR (o.data_bytes = d.data_bytes AND o.direction < d.direction)))"
                         " ORDER BY name");
    return g_string_free(sql, FALSE);
}

bool mps_compare_add(MpsCompare *self, sqlite3 *db, const char *name, const char *by,
                     GError **error)
{
    g_autofree char *sql = sql_of_all(by);
    g_autoptr(MpsQuery) query = mps_query_new(db, sql);

    if (!by)
        (void)find_group(self, name);
    while (mps_query_next(query)) {
        Group *group = find_group(self, by ? mps_query_text(query, "name") : name);

        for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++) {
            char column[8];

            (void)g_snprintf(column, sizeof column, "v%zu", i);
            if (mps_query_known(query, column)) {
                const double value = mps_query_real(query, column);

                g_array_append_val(group->values[i], value);
            }
        }
    }
    return mps_query_finish(query, error);
}

void mps_compare_test(MpsCompare *self)
{
    const Group *first = self->groups->pdata[0];
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    sort_values(self);
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

/* Whether no values, so few of them, could have shown a difference. */
static bool is_small(const MpsRankTest *test)
{
    return test->least > 0.05;
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
    else if (values->len > 0 && !group->tested[metric])
        g_snprintf(p.text, sizeof p.text, "n < %d", MPS_RANK_TEST_MIN);
    for (int i = 0; i < 3 && values->len > 0; i++)
        cells[i] = metrics[metric].format(quantile(values, i == 0 ? 0.5 : i == 1 ? 0.25 : 0.75));
    if (group->tested[metric]) {
        g_snprintf(p.text, sizeof p.text, test->p < 0.001 ? "<0.001" : "%.3f%s", test->p,
                   is_small(test) ? "*" : "");
        g_snprintf(effect.text, sizeof effect.text, "%+.2f %s", test->delta,
                   effect_words(test->delta));
    }
    mps_text_table_add(table,
                       (const char *[]){first ? metrics[metric].label : "", name, n, cells[0].text,
                                        cells[1].text, cells[2].text, p.text, effect.text});
}

static bool any_small(const MpsCompare *self)
{
    for (unsigned i = 1; i < self->groups->len; i++) {
        const Group *group = self->groups->pdata[i];

        for (size_t m = 0; m < G_N_ELEMENTS(metrics); m++)
            if (group->tested[m] && is_small(&group->tests[m]))
                return true;
    }
    return false;
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
    if (any_small(self))
        fputs("* so few values, however divided, give no p below 0.05, even uncorrected.\n", out);
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
                fprintf(out, ",\"p\":%.6g,\"cliffs_delta\":%.6g,\"exact\":%s,\"smallest_p\":%.6g}",
                        test->p, test->delta, test->exact ? "true" : "false", test->least);
            else
                fputs(",\"p\":null,\"cliffs_delta\":null,\"exact\":null,\"smallest_p\":null}", out);
        }
    fputs("\n]\n", out);
    return true;
}

/* ---- figures ---- */

/* Text without what would need quoting in CSV or in a script. */
static char *plain(const char *name)
{
    char *text = mps_format_printable(name);

    for (char *c = text; *c; c++)
        if (strchr(",\"'\\`$", *c))
            *c = *c == ',' ? ';' : ' ';
    return text;
}

/* A row for each group of each quantity. */
static char *boxes_csv(const MpsCompare *self)
{
    static const double quantiles[] = {0.05, 0.25, 0.5, 0.75, 0.95};
    GString *out = g_string_new("quantity,unit,group,name,n,p5,p25,median,p75,p95,p,effect,size,"
                                "smallest_p\n");

    for (size_t m = 0; m < G_N_ELEMENTS(metrics); m++)
        for (unsigned i = 0; i < self->groups->len; i++) {
            const Group *group = self->groups->pdata[i];
            const MpsRankTest *test = &group->tests[m];
            g_autofree char *name = plain(group->name);

            g_string_append_printf(out, "%s,%s,%u,%s,%u", metrics[m].figure, metrics[m].unit, i + 1,
                                   name, group->values[m]->len);
            for (size_t q = 0; q < G_N_ELEMENTS(quantiles); q++)
                if (group->values[m]->len > 0)
                    g_string_append_printf(
                        out, ",%.15g", metrics[m].scale * quantile(group->values[m], quantiles[q]));
                else
                    g_string_append_c(out, ',');
            if (group->tested[m])
                g_string_append_printf(out, ",%.6g,%.6g,%s,%.6g\n", test->p, test->delta,
                                       effect_words(test->delta), test->least);
            else
                g_string_append(out, ",,,,\n");
        }
    return g_string_free(out, FALSE);
}

typedef struct {
    double value, percent;
} Step;

/* The cumulative distribution of a group: of each 0.2 % where it begins and where it ends. */
static void add_distribution(GString *out, const char *line, const GArray *values, double scale)
{
    const double *all = (const double *)(const void *)values->data;
    bool held = false;
    Step last = {0};

    for (unsigned k = 0; k < values->len; k++) {
        const Step step = {all[k] * scale, 100.0 * (k + 1) / values->len};
        const bool begins = last.percent <= 0 || (int)(5 * step.percent) != (int)(5 * last.percent);

        if (k == 0)
            g_string_append_printf(out, "%s,%.15g,0\n", line, step.value);
        if (k + 1 < values->len && all[k + 1] <= all[k])
            continue;
        if (held && begins)
            g_string_append_printf(out, "%s,%.15g,%.15g\n", line, last.value, last.percent);
        if (begins)
            g_string_append_printf(out, "%s,%.15g,%.15g\n", line, step.value, step.percent);
        held = !begins;
        last = step;
    }
    if (held)
        g_string_append_printf(out, "%s,%.15g,%.15g\n", line, last.value, last.percent);
}

static char *distribution_csv(const MpsCompare *self, size_t metric)
{
    GString *out = g_string_new("line,name,n,value,percent\n");

    for (unsigned i = 0; i < self->groups->len; i++) {
        const Group *group = self->groups->pdata[i];
        const GArray *values = group->values[metric];
        g_autofree char *name = plain(group->name);
        g_autofree char *line = g_strdup_printf("%u,%s,%u", i + 1, name, values->len);

        add_distribution(out, line, values, metrics[metric].scale);
    }
    return g_string_free(out, FALSE);
}

static char *script_of(const MpsCompare *self, size_t metric)
{
    const Group *first = self->groups->pdata[0];
    g_autofree char *label = g_strdup(metrics[metric].label), *against = plain(first->name);

    label[0] = g_ascii_toupper(label[0]);
    return g_strdup_printf("# %s - %s of groups of connections, from %s.csv and compare.csv.\n"
                           "NAME = '%s'; WHAT = '%s'; UNIT = '%s'; LOGARITHMIC = %d\n"
                           "SUBJECT = '%u groups; p and effect against %s'\n"
                           "load 'compare.gpi'\n",
                           metrics[metric].figure, metrics[metric].label, metrics[metric].figure,
                           metrics[metric].figure, label, metrics[metric].unit,
                           metrics[metric].logarithmic, self->groups->len, against);
}

static bool draw_metric(const MpsCompare *self, size_t metric, const MpsFigures *to, GError **error)
{
    g_autofree char *distribution = distribution_csv(self, metric);
    g_autofree char *script = script_of(self, metric);
    g_autofree char *csv = g_strconcat(metrics[metric].figure, ".csv", NULL);
    g_autofree char *gp = g_strconcat(metrics[metric].figure, ".gp", NULL);

    return mps_figures_csv(to, csv, distribution, error) &&
           mps_figures_text(to, gp, script, error) &&
           mps_figures_draw(to, metrics[metric].figure, error);
}

static bool has_values(const MpsCompare *self, size_t metric)
{
    for (unsigned i = 0; i < self->groups->len; i++)
        if (((const Group *)self->groups->pdata[i])->values[metric]->len > 0)
            return true;
    return false;
}

bool mps_compare_draw(const MpsCompare *self, MpsFigures *to, GError **error)
{
    static const char *const common[] = {"study.gpi", "study_axis.gpi", "compare.gpi"};
    g_autofree char *boxes = boxes_csv(self);
    bool done = mps_figures_open(to, error);

    for (size_t i = 0; i < G_N_ELEMENTS(common) && done; i++)
        done = mps_figures_script(to, common[i], common[i], error);
    done = done && mps_figures_csv(to, "compare.csv", boxes, error);
    for (size_t m = 0; m < G_N_ELEMENTS(metrics) && done; m++)
        done = !has_values(self, m) || draw_metric(self, m, to, error);
    mps_figures_close(to);
    return done;
}
