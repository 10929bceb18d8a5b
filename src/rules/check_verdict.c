/* check_verdict.c - faults, one by one as they are found, and what becomes of them when the
 * connection is over and it is known what the capture lacks. */
#include "rules/check_parts.h"

#include <stdarg.h>

#include "rules/findings.h"

/* Faults of one rule that are kept one by one; more are counted with the last. */
enum { FAULTS_KEPT = 8 };

char *text(const char *format, ...)
{
    va_list arguments;
    char *made;

    va_start(arguments, format);
    made = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return made;
}

static bool same_fault(const Fault *a, const Fault *b)
{
    return a->rule == b->rule && a->subflow_id == b->subflow_id && a->verdict == b->verdict &&
           a->host == b->host && g_strcmp0(a->field, b->field) == 0 && a->unproven == b->unproven;
}

void rule_fault_at(Check *check, const MpsSubflow *subflow, MpsSide sender, Place place,
                   Fault fault)
{
    Fault *before = NULL;

    wake_families(check);
    if (!check->faults)
        check->faults = g_array_new(FALSE, FALSE, sizeof(Fault));
    fault.verdict = fault.verdict ? fault.verdict : mps_rule_info(fault.rule)->verdict;
    fault.suspect = fault.suspect ? fault.suspect : SUSPECT_SENDER;
    if (!fault.has_host)
        fault.host = fault.suspect == SUSPECT_RECEIVER && sender != MPS_NOBODY ? other(sender)
                     : fault.suspect == SUSPECT_PATH                           ? MPS_NOBODY
                                                                               : sender;
    fault.subflow_id = subflow ? subflow->id : 0;
    fault.sender = sender;
    fault.place = place;
    fault.count = 1;
    for (guint i = check->faults->len; i-- > 0 && !before;) {
        Fault *each = &g_array_index(check->faults, Fault, i);

        if (same_fault(each, &fault) ||
            (each->rule == fault.rule && check->n_faults[fault.rule] >= FAULTS_KEPT))
            before = each;
    }
    if (before) {
        before->count++;
        g_free(fault.expected);
        g_free(fault.seen);
        return;
    }
    check->n_faults[fault.rule]++;
    g_array_append_val(check->faults, fault);
}

void rule_fault(const Packet *packet, Fault fault)
{
    rule_fault_at(packet->check, packet->flow->public, packet->sender, packet_place(packet), fault);
}

/* Whether packets of the connection were acknowledged, but not captured. */
static bool is_broken(const Check *check)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);

        if (subflow->side[MPS_C2S].ledger.missing_bytes > 0 ||
            subflow->side[MPS_S2C].ledger.missing_bytes > 0)
            return true;
    }
    return false;
}

/* Payload that may be data, but nobody knows which. */
static uint64_t unmapped_bytes(const Check *check, MpsSide side)
{
    uint64_t n_bytes = 0;

    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);

        n_bytes += subflow->side[side].ledger.unmapped_bytes;
    }
    return n_bytes;
}

/* Evidence that the capture turned out to lack. */
static unsigned lacking(const Check *check, const Fault *fault, MpsVantage vantage)
{
    const MpsSide near = vantage_side(vantage);
    unsigned lacking = check_has_initial(check) ? 0 : EV_ALL, needs = fault->needs;

    if (is_broken(check))
        lacking |= EV_NOGAP;

    /* What rests on the absence of packets rests on that of options. */
    if (needs & EV_NOGAP) {
        needs |= EV_OPT;
        if (side_is_cut(check, MPS_CLIENT) || side_is_cut(check, MPS_SERVER))
            lacking |= EV_OPT;
    }

    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);

        if (subflow->syn_ns == MPS_NO_TIME)
            lacking |= EV_ALL;
    }
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if (check->connection->side[side].data_acked_bytes >
            check->connection->side[side].data_bytes +
                (fault->rule == RULE_DSS_08 ? unmapped_bytes(check, side) : 0))
            lacking |= EV_ALL | EV_NOGAP; /* acknowledged, never captured */
    if (near == MPS_NOBODY || near != fault->sender)
        lacking |= EV_VTX;
    if (near == MPS_NOBODY || near == fault->sender)
        lacking |= EV_VRX;
    return lacking & needs;
}

/* What the connection tells of the run. */
static void sum_up(Check *check)
{
    check->rules->n_broken += is_broken(check);
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow)
            check->rules->n_next += flow->end[MPS_CLIENT].n_next + flow->end[MPS_SERVER].n_next;
    }
}

/* Packets before which nothing is missing, so many that a capture that lacks one somewhere would
 * hardly lack just the one that matters. */
enum { WHOLE_PACKETS = 512 };

static bool is_whole(const Check *check)
{
    return check->rules->n_next >= WHOLE_PACKETS && check->rules->n_broken == 0;
}

static void settle(const Check *check, Fault *fault, MpsVantage vantage)
{
    const unsigned missing = lacking(check, fault, vantage);

    fault->needs = missing;
    fault->unproven |= fault->unseen && !is_whole(check);
    if (missing & (EV_NOGAP | EV_ALL | EV_OPT))
        fault->verdict = VERDICT_NOT_CHECKABLE;
    else if (missing || fault->unproven)
        fault->verdict = VERDICT_WARNING;
}

void settle_faults(Check *check)
{
    const MpsVantage vantage = check_vantage(check);

    sum_up(check);
    for (guint i = 0; check->faults && i < check->faults->len; i++)
        settle(check, &g_array_index(check->faults, Fault, i), vantage);
}

void clear_faults(Check *check)
{
    for (guint i = 0; check->faults && i < check->faults->len; i++) {
        g_free(g_array_index(check->faults, Fault, i).expected);
        g_free(g_array_index(check->faults, Fault, i).seen);
    }
    if (check->faults)
        g_array_unref(check->faults);
}
