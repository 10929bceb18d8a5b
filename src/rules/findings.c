/* findings.c - rows: table rule is the catalogue, table fault holds what was broken one by one, and
 * table judgement, per connection, which rules held how often and which could not be checked.  The
 * view finding (store/schema.c) shows all of it rule by rule. */
#include "rules/findings.h"

#include <string.h>

enum { R_NUMBER, R_ID, R_FAMILY, R_TITLE, R_V1, R_V0, R_LEVEL, R_VERDICT, R_WHEN, R_EVIDENCE };

static const MpsColumn rule_columns[] = {
    [R_NUMBER] = {"number", MPS_INT, "1, 2, ... in the order of the catalogue"},
    [R_ID] = {"rule_id", MPS_TEXT, "family and number: MPC-12"},
    [R_FAMILY] = {"family", MPS_TEXT, "MPC"},
    [R_TITLE] = {"title", MPS_TEXT, "what it asks for"},
    [R_V1] = {"section_v1", MPS_TEXT, "sections of RFC 8684; NULL: not in MPTCP v1"},
    [R_V0] = {"section_v0", MPS_TEXT, "sections of RFC 6824; NULL: not in MPTCP v0"},
    [R_LEVEL] = {"level", MPS_TEXT, "how strongly the RFC asks for it"},
    [R_VERDICT] = {"verdict", MPS_TEXT, "violation or warning: when broken, all evidence there"},
    [R_WHEN] = {"decided", MPS_TEXT, "on the packet, after some time, or at the end"},
    [R_EVIDENCE] = {"evidence", MPS_TEXT, "what the capture has to contain for it"},
    {0},
};

static const MpsTable rule_table = {
    .name = "rule",
    .help = "The rule catalogue: what a capture can tell of RFC 8684 and RFC 6824.",
    .columns = rule_columns,
    .primary_key = "number",
};

enum {
    F_RULE,
    F_CONNECTION,
    F_SUBFLOW,
    F_VERDICT,
    F_STRICT,
    F_COUNT,
    F_CAPTURE,
    F_PACKET,
    F_TS,
    F_SUSPECT,
    F_HOST,
    F_FIELD,
    F_EXPECTED,
    F_SEEN,
    F_EARLIER_CAPTURE,
    F_EARLIER,
    F_MISSING,
    N_F,
};

static const MpsColumn fault_columns[] = {
    [F_RULE] = {"rule_id", MPS_TEXT, "rule.rule_id"},
    [F_CONNECTION] = {"connection_id", MPS_INT,
                      "NULL: a join to a token that no connection of the capture has",
                      "connection(connection_id)"},
    [F_SUBFLOW] = {"subflow_id", MPS_INT, "NULL: of no single subflow", "subflow(subflow_id)"},
    [F_VERDICT] = {"verdict", MPS_TEXT,
                   "violation, warning or not_checkable, in the default profile"},
    [F_STRICT] = {"strict_verdict", MPS_TEXT, "the same in the strict profile"},
    [F_COUNT] = {"count", MPS_INT, "how often"},
    [F_CAPTURE] = {"capture_id", MPS_INT, "file of the first packet at fault",
                   "capture(capture_id)"},
    [F_PACKET] = {"packet", MPS_INT, "its number in the file, from 1; NULL: shown by no packet"},
    [F_TS] = {"ts_ns", MPS_INT, "its time [ns since epoch]"},
    [F_SUSPECT] = {"suspect", MPS_TEXT, "sender, receiver (who failed to react) or path"},
    [F_HOST] = {"host", MPS_TEXT, "client or server: the suspect; NULL: path"},
    [F_FIELD] = {"field", MPS_TEXT, "what was looked at"},
    [F_EXPECTED] = {"expected", MPS_TEXT, "what the rule asks for"},
    [F_SEEN] = {"seen", MPS_TEXT, "what the packet has"},
    [F_EARLIER_CAPTURE] = {"earlier_capture_id", MPS_INT, "file of the next",
                           "capture(capture_id)"},
    [F_EARLIER] = {"earlier_packet", MPS_INT, "the packet that the first is held against"},
    [F_MISSING] = {"missing", MPS_TEXT, "evidence the capture lacks, for less than a violation"},
    {0},
};

static const MpsTable fault_table = {
    .name = "fault",
    .help = "Where a rule was broken, or seems to be: the rows of view finding that name packets.",
    .columns = fault_columns,
    .index = "connection_id, rule_id",
};

enum { J_CONNECTION, J_PASSED, J_UNCHECKED };

static const MpsColumn judgement_columns[] = {
    [J_CONNECTION] = {"connection_id", MPS_INT, "whose", "connection(connection_id)"},
    [J_PASSED] = {"passed", MPS_TEXT, "JSON: rule.number -> how often the rule applied and held"},
    [J_UNCHECKED] = {"unchecked", MPS_TEXT,
                     "JSON: rule.number -> the evidence that the capture lacks"},
    {0},
};

static const MpsTable judgement_table = {
    .name = "judgement",
    .help = "What else was found of each connection: rules that held, rules not to be checked.",
    .columns = judgement_columns,
    .primary_key = "connection_id",
};

const MpsTable *const mps_rules_tables[] = {&rule_table, &fault_table, &judgement_table, NULL};

static const char *const verdict_names[] = {
    [VERDICT_PASS] = "pass",
    [VERDICT_WARNING] = "warning",
    [VERDICT_VIOLATION] = "violation",
    [VERDICT_NOT_CHECKABLE] = "not_checkable",
};

static const char *const suspect_names[] = {
    [SUSPECT_SENDER] = "sender",
    [SUSPECT_RECEIVER] = "receiver",
    [SUSPECT_PATH] = "path",
};

/* Evidence in words. */
static void append_evidence(GString *out, unsigned evidence)
{
    static const char *const words[] = {
        "complete TCP options",
        "all payload bytes",
        "the SYN of the subflow",
        "SYN and SYN/ACK of the initial subflow",
        "both keys",
        "the checksum negotiation",
        "MP_JOIN SYN and SYN/ACK",
        "both directions",
        "all subflows",
        "proof that no packet is missing",
        "a capture next to the sender",
        "a capture next to the receiver",
    };
    const gsize begin = out->len;

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (evidence & 1u << i)
            g_string_append_printf(out, "%s%s", out->len > begin ? ", " : "", words[i]);
}

void mps_rules_write_catalogue(MpsRowSink *rows)
{
    g_autoptr(GString) evidence = g_string_new(NULL);

    for (int rule = 0; rule < N_RULES; rule++) {
        const RuleInfo *info = mps_rule_info((RuleId)rule);
        g_autofree char *family = g_strndup(info->id, strcspn(info->id, "-"));
        MpsValue values[G_N_ELEMENTS(rule_columns)] = {0};

        g_string_truncate(evidence, 0);
        append_evidence(evidence, info->evidence);
        values[R_NUMBER] = mps_int(rule + 1);
        values[R_ID] = mps_text(info->id);
        values[R_FAMILY] = mps_text(family);
        values[R_TITLE] = mps_text(info->title);
        values[R_V1] = mps_text(*info->section_v1 ? info->section_v1 : NULL);
        values[R_V0] = mps_text(*info->section_v0 ? info->section_v0 : NULL);
        values[R_LEVEL] = mps_text(info->level);
        values[R_VERDICT] = mps_text(verdict_names[info->verdict]);
        values[R_WHEN] = mps_text(info->when);
        values[R_EVIDENCE] = mps_text(evidence->len > 0 ? evidence->str : NULL);
        rows->add(rows, &rule_table, values);
    }
}

static void write_fault(const Check *check, const Fault *fault, MpsRowSink *rows)
{
    const MpsConnection *connection = check->connection;
    const bool strict =
        fault->tolerated && fault->verdict == VERDICT_WARNING && !fault->unproven && !fault->needs;
    g_autoptr(GString) missing = g_string_new(NULL);
    MpsValue values[N_F] = {0};

    append_evidence(missing, fault->needs | (fault->unproven ? EV_NOGAP : 0));
    values[F_RULE] = mps_text(mps_rule_info(fault->rule)->id);
    values[F_CONNECTION] = mps_int_if(connection->id != 0, (int64_t)connection->id);
    values[F_SUBFLOW] = mps_int_if(fault->subflow_id != 0, (int64_t)fault->subflow_id);
    values[F_VERDICT] = mps_text(verdict_names[fault->verdict]);
    values[F_STRICT] = mps_text(verdict_names[strict ? VERDICT_VIOLATION : fault->verdict]);
    values[F_COUNT] = mps_int(fault->count);
    values[F_CAPTURE] = mps_int_if(fault->place.packet > 0, fault->place.capture_id);
    values[F_PACKET] = mps_int_if(fault->place.packet > 0, (int64_t)fault->place.packet);
    values[F_TS] = mps_int_if(fault->place.packet > 0, fault->place.ts_ns);
    values[F_SUSPECT] = mps_text(suspect_names[fault->suspect]);
    values[F_HOST] = mps_text(mps_side_name(fault->host));
    values[F_FIELD] = mps_text(fault->field);
    values[F_EXPECTED] = mps_text(fault->expected);
    values[F_SEEN] = mps_text(fault->seen);
    values[F_EARLIER_CAPTURE] = mps_int_if(fault->earlier.packet > 0, fault->earlier.capture_id);
    values[F_EARLIER] = mps_int_if(fault->earlier.packet > 0, (int64_t)fault->earlier.packet);
    values[F_MISSING] = mps_text(missing->len > 0 ? missing->str : NULL);
    rows->add(rows, &fault_table, values);
}

static char *put_number(char *out, uint32_t number)
{
    char *end = out + 1;

    for (uint32_t left = number; left >= 10; left /= 10)
        end++;
    for (char *at = end; at > out; number /= 10)
        *--at = (char)('0' + number % 10);
    return end;
}

/* Longest member of the JSON object of rules that held; each fits, and the braces. */
static const char longest_member[] = "\"255\":4294967295,";
typedef char Passed[N_RULES * sizeof longest_member + sizeof "{}"];
G_STATIC_ASSERT(N_RULES <= 255);

/* Returns whether there are any. */
static bool put_passed(const Check *check, Passed passed)
{
    char *out = passed;

    for (int rule = 0; rule < N_RULES; rule++) {
        if (check->passed[rule] == 0 || check->n_faults[rule] > 0)
            continue;
        *out = out == passed ? '{' : ',';
        out++;
        *out++ = '"';
        out = put_number(out, (uint32_t)rule + 1);
        *out++ = '"';
        *out++ = ':';
        out = put_number(out, check->passed[rule]);
    }
    strcpy(out, out == passed ? "{}" : "}");
    return out > passed;
}

/* The JSON object of rules that could not be checked; NULL: none. */
static GString *unchecked_rules(const Check *check)
{
    GString *out = NULL;

    for (int rule = 0; check->missing && rule < N_RULES; rule++) {
        if (check->missing[rule] == 0 || check->passed[rule] > 0 || check->n_faults[rule] > 0)
            continue;
        if (out)
            g_string_append_c(out, ',');
        else
            out = g_string_new("{");
        g_string_append_printf(out, "\"%d\":\"", rule + 1);
        append_evidence(out, check->missing[rule]);
        g_string_append_c(out, '"');
    }
    return out ? g_string_append_c(out, '}') : NULL;
}

static void write_judgement(const Check *check, MpsRowSink *rows)
{
    g_autoptr(GString) unchecked = unchecked_rules(check);
    Passed passed;

    if (put_passed(check, passed) || unchecked)
        rows->add(rows, &judgement_table,
                  (MpsValue[]){mps_count(check->connection->id), mps_text(passed),
                               mps_text(unchecked ? unchecked->str : "{}")});
}

void mps_findings_write(const Check *check, MpsRowSink *rows)
{
    for (guint i = 0; check->faults && i < check->faults->len; i++)
        write_fault(check, &g_array_index(check->faults, Fault, i), rows);
    if (check->connection->id != 0)
        write_judgement(check, rows);
}
