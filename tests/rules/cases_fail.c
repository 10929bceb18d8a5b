/* cases_fail.c - FAIL: MP_FAIL, and what hosts make of wrong checksums. */
#include "cases.h"

#define SECOND_NS INT64_C(1000000000)

/* Two MP_FAILs of the only subflow: the server's about @offset, and the client's answer. */
static void exchange_fails(Bed *bed, uint64_t offset)
{
    pb_mp_fail(bed->first, PB_SERVER, offset);
    pb_mp_fail(bed->first, PB_CLIENT, bed->conn->next_offset[PB_SERVER]);
}

/* A RST of the server that says that the client's data failed from @offset on. */
static void reset_with_fail(PbFlow *flow, uint64_t offset)
{
    PbOptions options = {0};

    pb_opt_fail(&options, flow->conn->idsn[PB_CLIENT] + 1 + offset);
    pb_opt_tcprst(&options, 0, 6);
    pb_raw(flow, PB_SERVER, MPS_TCP_RST, options.bytes, options.n);
}

static void fail_01(Bed *bed, bool bad)
{
    const uint8_t four_bytes[] = {30, 8, 0x60, 0, 1, 2, 3, 4};

    bed_start(bed);

    const PbSpan data = pb_send(bed->first, PB_CLIENT, 100);

    bed_fault(bed);
    if (bad)
        pb_raw(bed->first, PB_SERVER, MPS_TCP_ACK, four_bytes, sizeof four_bytes);
    else
        exchange_fails(bed, data.offset);
}

static void fail_01_reserved(Bed *bed, bool bad)
{
    PbOptions options = {0};

    bed_start(bed);

    const PbSpan data = pb_send(bed->first, PB_CLIENT, 100);

    pb_opt_fail(&options, bed->conn->idsn[PB_CLIENT] + 1 + data.offset);
    options.bytes[3] = bad;
    bed_fault(bed);
    bed_option(bed->first, PB_SERVER, &options);
    pb_mp_fail(bed->first, PB_CLIENT, bed->conn->next_offset[PB_SERVER]);
}

static void fail_02(Bed *bed, bool bad)
{
    bed->conn->checksum = !bad;
    bed_start(bed);

    const PbSpan data = pb_send(bed->first, PB_CLIENT, 100);

    bed_fault(bed);
    exchange_fails(bed, data.offset);
}

static void fail_03(Bed *bed, bool bad)
{
    bed_start(bed);

    const PbSpan data = pb_send(bed->first, PB_CLIENT, 100);

    bed_fault(bed);
    exchange_fails(bed, data.offset + (bad ? 10 : 0));
}

static void fail_04(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);

    const PbSpan data = pb_send(bed->second, PB_CLIENT, 100);

    bed_fault(bed);
    if (bad)
        pb_mp_fail(bed->second, PB_SERVER, data.offset);
    else
        reset_with_fail(bed->second, data.offset);
    pb_reinject(data, bed->first);
    pb_ack(bed->first, PB_SERVER);
}

static void fail_04_alone(Bed *bed, bool bad)
{
    bed_start(bed);

    const PbSpan data = pb_send(bed->first, PB_CLIENT, 100);

    bed_fault(bed);
    if (bad)
        reset_with_fail(bed->first, data.offset);
    else
        exchange_fails(bed, data.offset);
}

static void fail_05(Bed *bed, bool bad)
{
    bed_start(bed);

    const PbSpan data = pb_send(bed->first, PB_CLIENT, 100);

    pb_mp_fail(bed->first, PB_SERVER, data.offset);
    if (!bad)
        pb_mp_fail(bed->first, PB_CLIENT, bed->conn->next_offset[PB_SERVER]);
    pb_wait(bed->net, 4 * SECOND_NS);
    bed_fault(bed);
    if (bad)
        pb_send(bed->first, PB_CLIENT, 100);
}

static void fail_05_reset(Bed *bed, bool bad)
{
    bed_start(bed);

    const PbSpan data = pb_send(bed->first, PB_CLIENT, 100);

    pb_mp_fail(bed->first, PB_SERVER, data.offset);
    bed_fault(bed);
    if (bad)
        pb_rst(bed->first, PB_CLIENT, 6);
    else
        pb_mp_fail(bed->first, PB_CLIENT, bed->conn->next_offset[PB_SERVER]);
}

/* The answer, or the MP_FAIL itself, may have been lost: nothing proves that the client ignores
 * it. */
static void fail_05_silence(Bed *bed, bool bad)
{
    bed_start(bed);

    const PbSpan data = pb_send(bed->first, PB_CLIENT, 100);

    bed_fault(bed);
    pb_mp_fail(bed->first, PB_SERVER, data.offset);
    if (!bad)
        pb_mp_fail(bed->first, PB_CLIENT, bed->conn->next_offset[PB_SERVER]);
    pb_wait(bed->net, 4 * SECOND_NS);
    bed->conn->fallen_back = true;
    pb_ack(bed->first, PB_SERVER);
}

/* A mapping with a wrong checksum, with both subflows open.  That it is wrong is found by DSS-04.
 */
static PbSpan send_wrong(Bed *bed)
{
    PbSpan wrong;

    bed_start(bed);
    pb_open(bed->second);
    wrong = pb_plan(bed->second, PB_CLIENT, 100);
    wrong.wrong_checksum = true;
    pb_transmit(wrong);
    return wrong;
}

static void fail_06(Bed *bed, bool bad)
{
    const PbSpan wrong = send_wrong(bed);

    bed_fault(bed);
    if (bad) {
        pb_ack(bed->second, PB_SERVER);
    } else {
        reset_with_fail(bed->second, wrong.offset);
        pb_reinject(wrong, bed->first);
        pb_ack(bed->first, PB_SERVER);
    }
}

/* The subflow goes on, without the data being DATA_ACKed. */
static void fail_06_ignored(Bed *bed, bool bad)
{
    const PbSpan wrong = send_wrong(bed);

    pb_ack_at(bed->second, PB_SERVER, bed->second->next_ssn[PB_CLIENT], 100);
    pb_wait(bed->net, (bad ? 4 : 1) * SECOND_NS);
    bed_fault(bed);
    if (bad)
        pb_ack_at(bed->second, PB_SERVER, bed->second->next_ssn[PB_CLIENT], 100);
    else
        reset_with_fail(bed->second, wrong.offset);
    pb_reinject(wrong, bed->first);
    pb_ack(bed->first, PB_SERVER);
}

static void fail_07(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);

    const PbSpan data = pb_send(bed->second, PB_CLIENT, 100);

    bed_fault(bed);
    reset_with_fail(bed->second, data.offset);
    if (!bad)
        pb_reinject(data, bed->first);
    pb_wait(bed->net, 4 * SECOND_NS);
    pb_send(bed->first, PB_SERVER, 10);
    pb_ack_at(bed->first, PB_CLIENT, bed->first->next_ssn[PB_SERVER], 10);
}

const RuleCase cases_fail[] = {
    {.rule = "FAIL-01",
     .run = fail_01,
     .verdict = "violation",
     .suspect = "sender server",
     .checksums = true},
    {.rule = "FAIL-01", .run = fail_01_reserved, .verdict = "warning", .checksums = true},
    {.rule = "FAIL-02",
     .run = fail_02,
     .verdict = "warning",
     .suspect = "sender server",
     .checksums = true},
    {.rule = "FAIL-03", .run = fail_03, .verdict = "warning", .checksums = true},
    {.rule = "FAIL-04",
     .run = fail_04,
     .verdict = "violation",
     .suspect = "sender server",
     .checksums = true},
    {.rule = "FAIL-04", .run = fail_04_alone, .verdict = "warning", .checksums = true},
    {.rule = "FAIL-05",
     .run = fail_05,
     .verdict = "violation",
     .suspect = "receiver client",
     .checksums = true,
     .vantage = "client"},
    {.rule = "FAIL-05",
     .run = fail_05,
     .verdict = "warning",
     .checksums = true,
     .vantage = "server"},
    {.rule = "FAIL-05", .run = fail_05_reset, .verdict = "warning", .checksums = true},
    {.rule = "FAIL-05",
     .run = fail_05_silence,
     .verdict = "warning",
     .suspect = "receiver client",
     .checksums = true},
    /* The next three need DSS-04 to find the wrong checksum. */
    {.rule = "FAIL-06",
     .run = fail_06,
     .verdict = "violation",
     .noise = "DSS-04",
     .suspect = "receiver server",
     .checksums = true,
     .vantage = "server"},
    {.rule = "FAIL-06",
     .run = fail_06,
     .verdict = "warning",
     .noise = "DSS-04",
     .checksums = true,
     .vantage = "client"},
    {.rule = "FAIL-06",
     .run = fail_06_ignored,
     .verdict = "violation",
     .noise = "DSS-04",
     .suspect = "receiver server",
     .checksums = true,
     .vantage = "server"},
    {.rule = "FAIL-07",
     .run = fail_07,
     .verdict = "warning",
     .suspect = "receiver client",
     .checksums = true},
    {0},
};
