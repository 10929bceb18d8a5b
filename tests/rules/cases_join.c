/* cases_join.c - JOIN: MP_JOIN. */
#include "cases.h"

#define SECOND INT64_C(1000000000)

/* The server's RST in answer to a SYN. */
static void refuse(PbFlow *join, int reason)
{
    join->received[PB_SERVER] = 1;
    join->next_ssn[PB_SERVER] = 0;
    pb_rst(join, PB_SERVER, reason);
}

/* No IPv4 identifications. */
static void use_ipv6(Bed *bed)
{
    bed->first->at[PB_CLIENT] = pb_endpoint("fd00:0:1::1", 40000);
    bed->second->at[PB_CLIENT] = pb_endpoint("fd00:0:2::1", 40001);
    bed->first->at[PB_SERVER] = bed->second->at[PB_SERVER] = pb_endpoint("fd00:1:1::1", 80);
}

/* The fourth packet. */
static void accept_third(PbFlow *join)
{
    pb_ack_at(join, PB_SERVER, 1, join->conn->received[PB_SERVER]);
}

/* The capture goes on for that long. */
static void go_on(Bed *bed, int64_t ns)
{
    pb_wait(bed->net, ns);
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

static void join_01(Bed *bed, bool bad)
{
    PbOptions o = {0};

    bed_start(bed);
    pb_opt_join_syn(&o, false, 1, bed->second->token, bed->second->nonce[PB_CLIENT]);
    o.bytes[2] |= bad ? 0x04 : 0;
    bed->second->next_ssn[PB_CLIENT] = 0;
    bed_fault(bed);
    pb_raw(bed->second, PB_CLIENT, MPS_TCP_SYN, o.bytes, o.n);
}

static void join_01_data(Bed *bed, bool bad)
{
    bed->conn->timestamps = false; /* no room besides the cookie */
    bed_start(bed);
    bed_fault(bed);
    pb_syn_with_data(bed->second, bad ? 10 : 0);
}

/* Without a token it belongs to no connection. */
static void join_01_first(Bed *bed, bool bad)
{
    const uint8_t hmac[8] = {0};
    PbOptions o = {0};

    bed_start(bed);
    if (bad)
        pb_opt_join_synack(&o, false, 1, hmac, bed->second->nonce[PB_CLIENT]);
    else
        pb_opt_join_syn(&o, false, 1, bed->second->token, bed->second->nonce[PB_CLIENT]);
    bed->second->next_ssn[PB_CLIENT] = 0;
    bed_fault(bed);
    pb_raw(bed->second, PB_CLIENT, MPS_TCP_SYN, o.bytes, o.n);
}

/* A repeated SYN of another length. */
static void join_01_length(Bed *bed, bool bad)
{
    const uint8_t hmac[8] = {0};
    PbOptions o = {0};

    bed_start(bed);
    pb_syn(bed->second);
    if (bad)
        pb_opt_join_synack(&o, false, 1, hmac, bed->second->nonce[PB_CLIENT]);
    else
        pb_opt_join_syn(&o, false, 1, bed->second->token, bed->second->nonce[PB_CLIENT]);
    bed->second->next_ssn[PB_CLIENT] = 0;
    bed_fault(bed);
    pb_raw(bed->second, PB_CLIENT, MPS_TCP_SYN, o.bytes, o.n);
}

static void join_02(Bed *bed, bool bad)
{
    PbFlow *join = bed->second;
    uint8_t hmac[PB_DIGEST_MAX];
    PbOptions o = {0};

    bed_start(bed);
    pb_syn(join);
    pb_join_hmac(1, bed->conn->key[PB_SERVER], bed->conn->key[PB_CLIENT], join->nonce[PB_SERVER],
                 join->nonce[PB_CLIENT], hmac);
    pb_opt_join_synack(&o, false, 0, hmac, join->nonce[PB_SERVER]);
    o.bytes[2] |= bad ? 0x02 : 0;
    join->received[PB_SERVER] = 1;
    join->next_ssn[PB_SERVER] = 0;
    bed_fault(bed);
    pb_raw(join, PB_SERVER, MPS_TCP_SYN, o.bytes, o.n);
    join->next_ssn[PB_SERVER] = 1;
    pb_third_ack(join);
    accept_third(join);
}

/* The third packet, its option's length and byte 3 as given. */
static void third_ack(Bed *bed, uint8_t n_bytes, uint8_t byte3)
{
    PbFlow *join = bed->second;
    uint8_t hmac[PB_DIGEST_MAX];
    PbOptions o = {0};

    bed_start(bed);
    pb_syn(join);
    pb_synack(join);
    pb_join_hmac(bed->conn->version, bed->conn->key[PB_CLIENT], bed->conn->key[PB_SERVER],
                 join->nonce[PB_CLIENT], join->nonce[PB_SERVER], hmac);
    pb_opt_join_ack(&o, hmac);
    o.bytes[1] = o.n = n_bytes;
    o.bytes[3] = byte3;
    join->received[PB_CLIENT] = 1;
    bed_fault(bed);
    pb_raw(join, PB_CLIENT, MPS_TCP_ACK, o.bytes, o.n);
    accept_third(join);
}

static void join_03(Bed *bed, bool bad)
{
    third_ack(bed, 24, bad ? 1 : 0);
}

static void join_03_length(Bed *bed, bool bad)
{
    third_ack(bed, bad ? 22 : 24, 0);
}

static void join_04(Bed *bed, bool bad)
{
    if (bad) {
        pb_open(bed->first);
        bed_fault(bed);
        pb_open(bed->second);
    } else {
        bed_start(bed);
        pb_open(bed->second);
    }
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

/* Stamps of two interfaces: the DSS came first, or it did not. */
static void join_04_order(Bed *bed, bool bad)
{
    bed->net->step_ns = SECOND / 10000;
    pb_open(bed->first);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1, PB_MAP_CAPABLE);
    bed_fault(bed);
    pb_syn(bed->second);
    pb_wait(bed->net, bad ? SECOND : 0);
    pb_ack(bed->first, PB_SERVER);
}

/* As Linux does it: the ADD_ADDR proves that the server has the client's key. */
/* Without the third packet nobody can verify the ADD_ADDR that came before the join. */
static void join_04_unverified(Bed *bed, bool bad)
{
    bed->conn->synack_id_0 = true;
    pb_syn(bed->first);
    pb_synack(bed->first);
    bed->net->hidden = true;
    pb_third_ack(bed->first);
    bed->net->hidden = false;
    if (!bad)
        pb_ack(bed->first, PB_SERVER);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    bed_fault(bed);
    pb_open(bed->second);
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

/* Sooner than anything can come back, though a DSS follows at once. */
static void join_04_soon(Bed *bed, bool bad)
{
    const int64_t step_ns = bed->net->step_ns;

    use_ipv6(bed);
    if (bad) {
        pb_open(bed->first);
        pb_wait(bed->net, -step_ns * 3 / 4);
        bed_fault(bed);
    } else {
        bed_start(bed);
    }
    bed->net->step_ns = SECOND / 10000;
    pb_syn(bed->second);
    if (bad) {
        pb_send_cut(bed->first, PB_CLIENT, 100, 1, PB_MAP_CAPABLE);
        pb_ack(bed->first, PB_SERVER);
    }
    bed->net->step_ns = step_ns;
    pb_synack(bed->second);
    pb_third_ack(bed->second);
    accept_third(bed->second);
}

/* Without pure ACKs the first packet after the SYN/ACK does not tell how long answers take. */
static void join_04_no_acks(Bed *bed, bool bad)
{
    use_ipv6(bed);
    pb_syn(bed->first);
    pb_synack(bed->first);
    bed->net->hidden = bad;
    pb_third_ack(bed->first);
    bed->net->hidden = false;
    pb_wait(bed->net, SECOND);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1, PB_MAP_CAPABLE);
    bed->net->hidden = bad;
    pb_ack(bed->first, PB_SERVER);
    bed->net->hidden = false;
    bed_fault(bed);
    pb_syn(bed->second);
    pb_rst(bed->second, PB_SERVER, -1);
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

static void join_04_announced(Bed *bed, bool bad)
{
    pb_open(bed->first);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    if (!bad) {
        pb_send(bed->first, PB_CLIENT, 100);
        pb_ack(bed->first, PB_SERVER);
    }
    bed_fault(bed);
    pb_open(bed->second);
    pb_send(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
}

static void join_05(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->token = bed->conn->token[PB_CLIENT];
    pb_syn(bed->second);
    bed_fault(bed);
    if (bad)
        pb_synack(bed->second);
    else
        refuse(bed->second, 1);
}

static void join_05_unknown(Bed *bed, bool bad)
{
    join_05(bed, false);
    bed->third->token = 0x12345678;
    pb_syn(bed->third);
    bed_fault(bed);
    if (bad)
        pb_synack(bed->third);
    else
        refuse(bed->third, 1);
}

/* Of two connections in a row between the same ports no SYN was captured; a join to the latter. */
static void join_05_reuse(Bed *bed, bool bad)
{
    PbConn *later = pb_conn(bed->net, 1, 1111, 2222);
    PbFlow *flow = pb_flow(later, PB_CLIENT, "10.1.1.1", 40000, "10.2.1.1", 80);
    PbFlow *joined = pb_flow(later, PB_CLIENT, "10.1.4.1", 40003, "10.2.1.1", 80);

    later->ip_id_per_flow = true;
    bed->net->hidden = true;
    pb_syn(bed->first);
    bed->net->hidden = false;
    pb_synack(bed->first);
    pb_third_ack(bed->first);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1, PB_MAP_CAPABLE);
    pb_ack(bed->first, PB_SERVER);
    bed->second->token = bed->conn->token[PB_CLIENT];
    pb_syn(bed->second);
    bed_fault(bed);
    if (bad)
        pb_synack(bed->second);
    else
        refuse(bed->second, 1);
    flow->isn[PB_CLIENT] = bed->first->isn[PB_CLIENT] + 30000;
    flow->isn[PB_SERVER] = bed->first->isn[PB_SERVER] + 30000;
    bed->net->hidden = true;
    pb_syn(flow);
    bed->net->hidden = false;
    pb_synack(flow);
    pb_third_ack(flow);
    pb_send_cut(flow, PB_CLIENT, 100, 1, PB_MAP_CAPABLE);
    pb_ack(flow, PB_SERVER);
    pb_syn(joined);
    pb_synack(joined);
    pb_third_ack(joined);
}

static void join_05_silent(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->token = bed->conn->token[PB_CLIENT];
    bed_fault(bed);
    pb_syn(bed->second);
    if (!bad)
        refuse(bed->second, 1);
    go_on(bed, 4 * SECOND);
}

static void join_06(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->stripped = bad;
    pb_syn(bed->second);
    bed_fault(bed);
    pb_synack(bed->second);
    bed->second->received[PB_CLIENT] = 1;
    pb_rst(bed->second, PB_CLIENT, 1);
}

/* Nobody listens at the address that was announced. */
static void join_06_announced(Bed *bed, bool bad)
{
    PbFlow *join = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40001, "10.2.2.1", 80);

    bed_start(bed);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
    pb_syn(join);
    bed_fault(bed);
    refuse(join, bad ? -1 : 3);
}

static void answer_unverified(Bed *bed, bool bad)
{
    pb_syn(bed->second);
    pb_synack(bed->second);
    bed->second->received[PB_CLIENT] = 1;
    bed_fault(bed);
    if (bad)
        pb_third_ack(bed->second);
    else
        pb_rst(bed->second, PB_CLIENT, 1);
}

static void join_07(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->forged_hmac[PB_SERVER] = true;
    answer_unverified(bed, bad);
}

static void join_07_plain(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->stripped = true;
    answer_unverified(bed, bad);
}

static void join_08(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->forged_hmac[PB_CLIENT] = true;
    pb_syn(bed->second);
    pb_synack(bed->second);
    pb_third_ack(bed->second);
    bed_fault(bed);
    if (bad)
        accept_third(bed->second);
    else
        pb_rst(bed->second, PB_SERVER, 1);
}

/* The client never sends its HMAC; the capture may lack it. */
static void without_third(Bed *bed, bool bad, bool gap)
{
    pb_syn(bed->second);
    pb_synack(bed->second);
    bed->net->hidden = gap;
    if (gap)
        pb_third_ack(bed->second);
    bed->net->hidden = false;
    bed->second->stripped = true;
    pb_third_ack(bed->second);
    pb_ack_at(bed->second, PB_CLIENT, 1, 0);
    bed->second->stripped = false;
    bed_fault(bed);
    if (bad)
        accept_third(bed->second);
    else
        pb_rst(bed->second, PB_SERVER, 1);
}

static void join_08_absent(Bed *bed, bool bad)
{
    bed_start(bed);
    without_third(bed, bad, false);
}

static void join_08_gap(Bed *bed, bool bad)
{
    bed_start(bed);
    without_third(bed, bad, true);
}

/* On a path whose packets bear no identifications, behind so many that lack none. */
static void without_third_behind(Bed *bed, bool bad, int n_pairs)
{
    bed_start(bed);
    for (int i = 0; i < n_pairs; i++) {
        pb_send(bed->first, PB_CLIENT, 100);
        pb_ack(bed->first, PB_SERVER);
    }
    pb_add_addr(bed->first, PB_SERVER, 9, "2001:db8:2::1", 0);
    pb_add_addr_echo(bed->first, PB_CLIENT, 9, "2001:db8:2::1", 0);
    bed->second = pb_flow(bed->conn, PB_CLIENT, "2001:db8:1::1", 40001, "2001:db8:2::1", 80);
    bed->second->address_id[PB_SERVER] = 9;
    without_third(bed, bad, true);
}

static void join_08_behind_few(Bed *bed, bool bad)
{
    without_third_behind(bed, bad, 240);
}

static void join_08_behind_many(Bed *bed, bool bad)
{
    without_third_behind(bed, bad, 260);
}

static void join_09(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    bed_fault(bed);
    for (int i = 0; i < 3; i++)
        pb_third_ack(bed->second);
    if (!bad)
        accept_third(bed->second);
    go_on(bed, 4 * SECOND);
}

/* Until the opener closes the subflow. */
static void join_09_closed(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    bed_fault(bed);
    for (int i = 0; i < 3; i++) {
        pb_third_ack(bed->second);
        if (bad)
            pb_wait(bed->net, SECOND);
    }
    if (!bad)
        accept_third(bed->second);
    pb_fin(bed->second, PB_CLIENT);
    pb_ack(bed->second, PB_SERVER);
}

static void join_09_late(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    for (int i = 0; i < 3; i++)
        pb_third_ack(bed->second);
    pb_wait(bed->net, bad ? 2 * SECOND : 0);
    bed_fault(bed);
    accept_third(bed->second);
}

static void leave_unanswered(Bed *bed, bool bad)
{
    pb_syn(bed->second);
    pb_synack(bed->second);
    bed_fault(bed);
    pb_third_ack(bed->second);
    if (!bad) {
        pb_third_ack(bed->second);
        accept_third(bed->second);
    }
    go_on(bed, 4 * SECOND);
}

static void join_10(Bed *bed, bool bad)
{
    bed_start(bed);
    leave_unanswered(bed, bad);
}

/* As much was captured without anything missing that the fourth packet will not. */
static void join_10_whole(Bed *bed, bool bad)
{
    use_ipv6(bed);
    bed_start(bed);
    for (int i = 0; i < 600; i++) {
        pb_send(bed->first, PB_CLIENT, 100);
        pb_ack(bed->first, PB_SERVER);
    }
    leave_unanswered(bed, bad);
}

/* Data of the client first; the fourth packet may be one that the capture lacks. */
static void data_first(Bed *bed, bool bad, bool gap)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    pb_third_ack(bed->second);
    bed->net->hidden = gap && bad;
    if (!bad || gap)
        accept_third(bed->second);
    bed->net->hidden = false;
    bed_fault(bed);
    pb_send(bed->second, PB_CLIENT, 100);
    pb_ack(bed->second, PB_SERVER);
}

static void join_11(Bed *bed, bool bad)
{
    data_first(bed, bad, false);
}

/* Nothing but the time shows that the fourth packet had not come. */
static void join_11_soon(Bed *bed, bool bad)
{
    use_ipv6(bed);
    bed->conn->timestamps = false;
    data_first(bed, bad, false);
}

static void join_11_gap(Bed *bed, bool bad)
{
    data_first(bed, bad, true);
}

static void join_11_acceptor(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    if (bad) {
        bed_fault(bed);
        pb_send(bed->second, PB_SERVER, 100);
    }
    pb_third_ack(bed->second);
    accept_third(bed->second);
    if (!bad)
        pb_send(bed->second, PB_SERVER, 100);
    pb_ack(bed->second, PB_CLIENT);
}

/* The third packet, and what the server sends at once, were not captured. */
static void join_11_uncaptured(Bed *bed, bool bad)
{
    bed->conn->synack_id_0 = true;
    bed->net->step_ns = SECOND / 10000;
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    bed->net->hidden = bad;
    pb_third_ack(bed->second);
    accept_third(bed->second);
    bed->net->hidden = false;
    pb_wait(bed->net, SECOND / 100);
    pb_send(bed->second, PB_SERVER, 100);
    pb_wait(bed->net, SECOND / 100);
    pb_ack(bed->second, PB_CLIENT);
    pb_wait(bed->net, SECOND);
    pb_ack(bed->second, PB_CLIENT);
}

static void join_12(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    bed->third->address_id[PB_CLIENT] = bad ? 1 : 2;
    bed_fault(bed);
    pb_open(bed->third);
}

/* The ID may be used again for another address when it was removed. */
static void join_12_removed(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    pb_fin_exchange(bed->second, PB_CLIENT);
    if (!bad)
        pb_remove_addr(bed->first, PB_CLIENT, 1);
    bed->third->address_id[PB_CLIENT] = 1;
    bed_fault(bed);
    pb_open(bed->third);
}

static void join_12_two_ids(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    bed->third->at[PB_CLIENT] = pb_endpoint("10.1.2.1", 40002);
    bed->third->address_id[PB_CLIENT] = bad ? 2 : 1;
    bed_fault(bed);
    pb_open(bed->third);
}

/* The same join on both sides of a NAT. */
static void join_12_nat(Bed *bed, bool bad)
{
    PbFlow *behind =
        pb_flow(bed->conn, PB_CLIENT, bad ? "10.1.9.1" : "10.1.2.1", 40001, "10.2.1.1", 80);

    behind->address_id[PB_CLIENT] = bed->second->address_id[PB_CLIENT];
    behind->isn[PB_CLIENT] = bed->second->isn[PB_CLIENT];
    behind->nonce[PB_CLIENT] = bed->second->nonce[PB_CLIENT];
    bed_start(bed);
    pb_open(bed->second);
    if (bad)
        pb_syn(behind);
}

static void join_13(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->address_id[PB_CLIENT] = bad ? 0 : 1;
    bed_fault(bed);
    pb_open(bed->second);
}

/* The server's packets have come across routers, the client's not. */
static void join_13_hops(Bed *bed, bool bad)
{
    bed->net->step_ns = SECOND / 10000; /* too short to tell by time */
    bed->first->ttl[PB_SERVER] = bed->second->ttl[PB_SERVER] = 61;
    join_13(bed, bad);
}

static void join_13_other(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->at[PB_CLIENT] = pb_endpoint("10.1.1.1", 40001);
    bed->second->address_id[PB_CLIENT] = bad ? 5 : 0;
    bed_fault(bed);
    pb_open(bed->second);
}

/* ID 0 is free when it was removed. */
static void join_13_removed(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_open(bed->second);
    if (!bad) {
        pb_fin_exchange(bed->first, PB_CLIENT);
        pb_remove_addr(bed->second, PB_CLIENT, 0);
    }
    bed->third->address_id[PB_CLIENT] = 0;
    bed_fault(bed);
    pb_open(bed->third);
}

static void join_14(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 7777);
    pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 7777);
    bed->second->at[PB_SERVER] = pb_endpoint("10.2.2.1", bad ? 7778 : 7777);
    bed->second->address_id[PB_SERVER] = 1;
    bed_fault(bed);
    pb_open(bed->second);
}

static void join_15(Bed *bed, bool bad)
{
    PbFlow *again = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", bad ? 40001 : 40009, "10.2.1.1", 80);

    again->address_id[PB_CLIENT] = 1;
    again->isn[PB_CLIENT] += 1 << 30;
    bed_start(bed);
    pb_open(bed->second);
    pb_send(bed->second, PB_CLIENT, 100);
    pb_ack(bed->second, PB_SERVER);
    bed_fault(bed);
    pb_syn(again);
    pb_send(bed->second, PB_CLIENT, 100);
    pb_ack(bed->second, PB_SERVER);
}

static void join_16(Bed *bed, bool bad)
{
    PbFlow *again = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40009, "10.2.1.1", 80);

    again->address_id[PB_CLIENT] = 1;
    bed_start(bed);
    pb_syn(bed->second);
    refuse(bed->second, 3);
    bed_fault(bed);
    pb_open(bad ? again : bed->third);
}

/* After a new announcement it may be tried once more. */
static void join_16_announced(Bed *bed, bool bad)
{
    PbFlow *join = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40001, "10.2.2.1", 80);
    PbFlow *again = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40009, "10.2.2.1", 80);

    join->address_id[PB_CLIENT] = again->address_id[PB_CLIENT] = 1;
    again->address_id[PB_SERVER] = 1;
    bed_start(bed);
    for (int i = 0; i < (bad ? 1 : 2); i++) {
        pb_add_addr(bed->first, PB_SERVER, 1, "10.2.2.1", 0);
        pb_add_addr_echo(bed->first, PB_CLIENT, 1, "10.2.2.1", 0);
        if (i == 0) {
            pb_syn(join);
            refuse(join, 3);
        }
        pb_send(bed->first, PB_CLIENT, 100);
        pb_ack(bed->first, PB_SERVER);
    }
    bed_fault(bed);
    pb_open(again);
}

/* A SYN repeated without answer is one attempt; another one after it is a retry. */
static void join_16_silent(Bed *bed, bool bad)
{
    PbFlow *again = pb_flow(bed->conn, PB_CLIENT, "10.1.2.1", 40009, "10.2.1.1", 80);

    again->address_id[PB_CLIENT] = 1;
    bed_start(bed);
    for (int i = 0; i < 3; i++) {
        pb_syn(bed->second);
        pb_wait(bed->net, SECOND);
    }
    pb_wait(bed->net, 4 * SECOND);
    bed_fault(bed);
    pb_open(bad ? again : bed->second);
}

static void join_late(Bed *bed, bool bad, int64_t ns)
{
    bed_start(bed);
    if (!bad)
        pb_open(bed->second);
    pb_fastclose(bed->first, PB_CLIENT, true);
    if (!bad)
        pb_fastclose(bed->second, PB_CLIENT, true);
    pb_wait(bed->net, ns);
    bed_fault(bed);
    if (bad) {
        pb_syn(bed->third);
        refuse(bed->third, 1);
    }
}

static void join_17(Bed *bed, bool bad)
{
    join_late(bed, bad, 5 * SECOND);
}

static void join_17_forgotten(Bed *bed, bool bad)
{
    join_late(bed, bad, 30 * SECOND);
}

static void join_17_closed(Bed *bed, bool bad)
{
    bed_start(bed);
    if (!bad) {
        pb_open(bed->second);
        pb_fin_exchange(bed->second, PB_CLIENT);
    }
    pb_close(bed->conn);
    pb_wait(bed->net, 5 * SECOND);
    bed_fault(bed);
    if (bad) {
        pb_syn(bed->third);
        refuse(bed->third, 1);
    }
}

static void join_17_fallen_back(Bed *bed, bool bad)
{
    bed_start(bed);
    if (!bad) {
        pb_open(bed->second);
        pb_fin_exchange(bed->second, PB_CLIENT);
    }
    pb_send_infinite(bed->first, PB_CLIENT, 100);
    pb_ack(bed->first, PB_SERVER);
    pb_wait(bed->net, 5 * SECOND);
    bed_fault(bed);
    if (bad) {
        pb_syn(bed->third);
        refuse(bed->third, 1);
    }
}

static void join_18(Bed *bed, bool bad)
{
    bed_start(bed);
    bed->second->forged_hmac[PB_CLIENT] = true;
    pb_syn(bed->second);
    pb_synack(bed->second);
    pb_third_ack(bed->second);
    bed_fault(bed);
    pb_rst(bed->second, PB_SERVER, bad ? -1 : 1);
}

static void join_19(Bed *bed, bool bad)
{
    const uint32_t nonce = bed->second->nonce[PB_CLIENT];

    bed_start(bed);
    pb_syn(bed->second);
    bed->second->nonce[PB_CLIENT] ^= bad;
    bed_fault(bed);
    pb_syn(bed->second);
    bed->second->nonce[PB_CLIENT] = nonce;
    pb_synack(bed->second);
    pb_third_ack(bed->second);
    accept_third(bed->second);
}

static void join_19_synack(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    bed->second->address_id[PB_SERVER] = bad;
    bed_fault(bed);
    pb_synack(bed->second);
    pb_third_ack(bed->second);
    accept_third(bed->second);
}

static void join_19_ack(Bed *bed, bool bad)
{
    bed_start(bed);
    pb_syn(bed->second);
    pb_synack(bed->second);
    pb_third_ack(bed->second);
    bed->second->forged_hmac[PB_CLIENT] = bad;
    bed_fault(bed);
    pb_third_ack(bed->second);
    accept_third(bed->second);
}

const RuleCase cases_join[] = {
    {.rule = "JOIN-01", .run = join_01, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-01", .run = join_01_data, .verdict = "violation"},
    {.rule = "JOIN-01", .run = join_01_first, .verdict = "violation"},
    {.rule = "JOIN-01", .run = join_01_length, .verdict = "violation"},
    {.rule = "JOIN-02", .run = join_02, .verdict = "violation", .suspect = "sender server"},
    {.rule = "JOIN-03", .run = join_03, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-03", .run = join_03, .verdict = "warning", .version = V0},
    {.rule = "JOIN-03", .run = join_03_length, .verdict = "violation"},
    {.rule = "JOIN-04", .run = join_04, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-04", .run = join_04_order, .verdict = "violation"},
    {.rule = "JOIN-04", .run = join_04_soon, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-04", .run = join_04_unverified, .verdict = "warning", .strict = "violation"},
    {.rule = "JOIN-04", .run = join_04_no_acks, .verdict = "warning"},
    {.rule = "JOIN-04", .run = join_04_announced, .verdict = "warning", .strict = "violation"},
    {.rule = "JOIN-05",
     .run = join_05,
     .verdict = "violation",
     .suspect = "sender server",
     .noise = "SEC-01"},
    {.rule = "JOIN-05",
     .run = join_05_unknown,
     .verdict = "violation",
     .suspect = "sender server",
     .noise = "SEC-01"},
    {.rule = "JOIN-05",
     .run = join_05_reuse,
     .verdict = "violation",
     .suspect = "sender server",
     .noise = "SEC-01"},
    {.rule = "JOIN-05",
     .run = join_05_silent,
     .verdict = "warning",
     .suspect = "receiver server",
     .noise = "SEC-01"},
    {.rule = "JOIN-06",
     .run = join_06,
     .verdict = "violation",
     .suspect = "sender server",
     .vantage = "server"},
    {.rule = "JOIN-06", .run = join_06, .verdict = "warning", .suspect = "path -"},
    {.rule = "JOIN-06", .run = join_06_announced, .verdict = "warning"},
    {.rule = "JOIN-07",
     .run = join_07,
     .verdict = "violation",
     .suspect = "sender client",
     .noise = "SEC-03"},
    {.rule = "JOIN-07",
     .run = join_07_plain,
     .verdict = "violation",
     .suspect = "sender client",
     .noise = "JOIN-06"},
    {.rule = "JOIN-08",
     .run = join_08,
     .verdict = "violation",
     .suspect = "sender server",
     .noise = "SEC-04"},
    {.rule = "JOIN-08", .run = join_08_absent, .verdict = "violation", .suspect = "sender server"},
    {.rule = "JOIN-08", .run = join_08_gap, .verdict = "warning"},
    {.rule = "JOIN-08", .run = join_08_behind_few, .verdict = "warning"},
    {.rule = "JOIN-08", .run = join_08_behind_many, .verdict = "violation"},
    {.rule = "JOIN-09",
     .run = join_09,
     .verdict = "violation",
     .suspect = "receiver server",
     .vantage = "server"},
    {.rule = "JOIN-09", .run = join_09, .verdict = "warning"},
    {.rule = "JOIN-09", .run = join_09_closed, .verdict = "warning"},
    {.rule = "JOIN-09", .run = join_09_late, .verdict = "warning"},
    {.rule = "JOIN-10",
     .run = join_10,
     .verdict = "violation",
     .suspect = "sender client",
     .vantage = "client"},
    {.rule = "JOIN-10", .run = join_10, .verdict = "warning"},
    {.rule = "JOIN-11", .run = join_11, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-10", .run = join_10_whole, .verdict = "violation", .vantage = "client"},
    {.rule = "JOIN-11", .run = join_11_soon, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-11", .run = join_11_gap, .verdict = "warning"},
    {.rule = "JOIN-11",
     .run = join_11_acceptor,
     .verdict = "violation",
     .suspect = "sender server"},
    {.rule = "JOIN-11", .run = join_11_uncaptured, .verdict = "warning"},
    {.rule = "JOIN-12", .run = join_12, .verdict = "violation", .vantage = "client"},
    {.rule = "JOIN-12", .run = join_12_removed, .verdict = "violation", .vantage = "client"},
    {.rule = "JOIN-12", .run = join_12, .verdict = "warning"},
    {.rule = "JOIN-12", .run = join_12_two_ids, .verdict = "warning", .vantage = "client"},
    {.rule = "JOIN-12", .run = join_12_nat, .verdict = "pass", .vantage = "client"},
    {.rule = "JOIN-13", .run = join_13, .verdict = "violation", .vantage = "client"},
    {.rule = "JOIN-13", .run = join_13, .verdict = "warning"},
    {.rule = "JOIN-13", .run = join_13_hops, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-13", .run = join_13_removed, .verdict = "violation", .vantage = "client"},
    {.rule = "JOIN-13", .run = join_13_other, .verdict = "warning", .vantage = "client"},
    {.rule = "JOIN-14", .run = join_14, .verdict = "warning", .suspect = "sender client"},
    {.rule = "JOIN-15", .run = join_15, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-16", .run = join_16, .verdict = "warning", .suspect = "sender client"},
    {.rule = "JOIN-16", .run = join_16_announced, .verdict = "warning"},
    {.rule = "JOIN-16", .run = join_16_silent, .verdict = "warning"},
    {.rule = "JOIN-17", .run = join_17, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-17", .run = join_17_forgotten, .verdict = "violation"},
    {.rule = "JOIN-17", .run = join_17_closed, .verdict = "violation"},
    {.rule = "JOIN-17", .run = join_17_fallen_back, .verdict = "violation", .also = "FB-04 OPT-07"},
    {.rule = "JOIN-18",
     .run = join_18,
     .verdict = "warning",
     .suspect = "sender server",
     .noise = "SEC-04"},
    {.rule = "JOIN-19", .run = join_19, .verdict = "violation", .suspect = "sender client"},
    {.rule = "JOIN-19", .run = join_19_synack, .verdict = "violation", .suspect = "sender server"},
    {.rule = "JOIN-19", .run = join_19_ack, .verdict = "violation", .suspect = "sender client"},
    {0},
};
