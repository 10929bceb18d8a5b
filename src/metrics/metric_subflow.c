/* metric_subflow.c - each subflow: how it was opened, what came of it, how it ended. */
#include "metrics/metrics.h"

#include "util/address.h"

enum {
    ID,
    CONNECTION,
    ORDINAL,
    KIND,
    OPENED_BY,
    CLIENT_ADDR,
    CLIENT_PORT,
    SERVER_ADDR,
    SERVER_PORT,
    CLIENT_ADDR_ID,
    SERVER_ADDR_ID,
    BACKUP,
    CLIENT_BACKUP,
    SERVER_BACKUP,
    CLIENT_BACKUP_LAST,
    SERVER_BACKUP_LAST,
    SYN,
    ESTABLISHED,
    JOIN_SYN_DELAY,
    JOIN_DELAY,
    END,
    RESULT,
    DETAIL,
    CLOSE,
    CLOSED_BY,
    RESET_REASON,
    HANDSHAKE_RTT,
    SYN_TO_SYNACK,
    SYNACK_TO_ACK,
    HMAC,
    USE,
    CLIENT_UNANSWERED,
    SERVER_UNANSWERED,
};

static const MpsColumn columns[] = {
    [ID] = {"subflow_id", MPS_INT, "unique in the database"},
    [CONNECTION] = {"connection_id", MPS_INT,
                    "NULL: a join whose token belongs to no connection of the capture",
                    "connection(connection_id)"},
    [ORDINAL] = {"ordinal", MPS_INT, "0 for the initial subflow, then in the order of join SYNs"},
    [KIND] = {"kind", MPS_TEXT, "initial (MP_CAPABLE) or join (MP_JOIN); NULL: began earlier"},
    [OPENED_BY] = {"opened_by", MPS_TEXT, "client or server: sent the SYN"},
    [CLIENT_ADDR] = {"client_addr", MPS_TEXT, "address of the connection's client here"},
    [CLIENT_PORT] = {"client_port", MPS_INT, "its port"},
    [SERVER_ADDR] = {"server_addr", MPS_TEXT, "address of the connection's server here"},
    [SERVER_PORT] = {"server_port", MPS_INT, "its port"},
    [CLIENT_ADDR_ID] = {"client_addr_id", MPS_INT, "address id the client gave"},
    [SERVER_ADDR_ID] = {"server_addr_id", MPS_INT, "address id the server gave"},
    [BACKUP] = {"backup", MPS_INT, "1 if a host set the backup bit in its MP_JOIN"},
    [CLIENT_BACKUP] = {"client_backup", MPS_INT,
                       "B bit in the client's MP_JOIN; NULL: no MP_JOIN of it"},
    [SERVER_BACKUP] = {"server_backup", MPS_INT, "the same of the server"},
    [CLIENT_BACKUP_LAST] =
        {"client_backup_last", MPS_INT,
         "the same at the end, after MP_PRIO (events mp_prio tell when); NULL: neither seen"},
    [SERVER_BACKUP_LAST] = {"server_backup_last", MPS_INT, "the same of the server"},
    [SYN] = {"syn_ns", MPS_INT, "first SYN"},
    [ESTABLISHED] = {"established_ns", MPS_INT,
                     "third ACK with valid HMAC, or the packet that proves it was accepted"},
    [JOIN_SYN_DELAY] = {"join_syn_delay_ns", MPS_INT, "MP_JOIN SYN - first MP_CAPABLE SYN"},
    [JOIN_DELAY] = {"join_delay_ns", MPS_INT, "established_ns - first MP_CAPABLE SYN"},
    [END] = {"end_ns", MPS_INT, "last packet"},
    [RESULT] = {"result", MPS_TEXT,
                "established, refused, unreachable, no_reply, bad_hmac, unknown_token, stripped or "
                "late; NULL: not visible in the capture"},
    [DETAIL] = {"result_detail", MPS_TEXT, "the same in words"},
    [CLOSE] = {"close", MPS_TEXT, "fin, reset, fastclose, idle or capture_end"},
    [CLOSED_BY] = {"closed_by", MPS_TEXT, "client or server: sent the first FIN, or the RST"},
    [RESET_REASON] = {"reset_reason", MPS_INT, "reason code of the first MP_TCPRST"},
    [HANDSHAKE_RTT] = {"handshake_rtt_ns", MPS_INT,
                       "SYN to SYN/ACK plus SYN/ACK to ACK, each sent once"},
    [SYN_TO_SYNACK] = {"syn_to_synack_ns", MPS_INT, "tap to the acceptor and back"},
    [SYNACK_TO_ACK] = {"synack_to_ack_ns", MPS_INT, "tap to the opener and back"},
    [HMAC] = {"hmac", MPS_TEXT,
              "valid, invalid or unchecked (a key or a packet is not in the capture); NULL for the "
              "initial subflow"},
    [USE] = {"use", MPS_TEXT,
             "used, under_used (< 1 % of the data of each direction) or unused (none); NULL unless "
             "it was established, the connection carried data, and its own payload is mapped"},
    [CLIENT_UNANSWERED] = {"client_unanswered_ns", MPS_INT,
                           "from the server's last packet here to the client's; 0: the server "
                           "spoke last; NULL: only one of them did"},
    [SERVER_UNANSWERED] = {"server_unanswered_ns", MPS_INT, "the same with the hosts exchanged"},
    {0},
};

/* Below this share of each direction's data a subflow is under-used. */
static const double UNDER_USED = 0.01;

MpsUse mps_subflow_use(const MpsSubflow *subflow)
{
    const MpsConnection *connection = subflow->connection;
    double share = 0;
    bool any = false;

    if (subflow->result != MPS_RESULT_ESTABLISHED)
        return 0;
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        if (connection->side[side].data_bytes == 0)
            continue;
        any = true;
        share = MAX(share, (double)subflow->side[side].ledger.data_bytes /
                               (double)connection->side[side].data_bytes);
    }
    if (!any)
        return 0;
    /* Payload whose place in the data is not known may have been any of it. */
    if (share < UNDER_USED && (subflow->side[MPS_CLIENT].ledger.unmapped_bytes > 0 ||
                               subflow->side[MPS_SERVER].ledger.unmapped_bytes > 0))
        return 0;
    return share == 0 ? MPS_UNUSED : share < UNDER_USED ? MPS_UNDER_USED : MPS_USED;
}

static const char *const uses[] = {
    [MPS_USED] = "used", [MPS_UNDER_USED] = "under_used", [MPS_UNUSED] = "unused"};

static void summarise(const void *state G_GNUC_UNUSED, const MpsSubject *subject, MpsValue *values)
{
    const MpsSubflow *subflow = subject->subflow;
    const MpsConnection *connection = subject->connection;
    const bool join = subflow->kind == MPS_KIND_JOIN;
    const bool origin =
        join && connection->handshake != MPS_HANDSHAKE_NONE &&
        ((MpsSubflow *)g_ptr_array_index(connection->subflows, 0))->syn_ns != MPS_NO_TIME;
    static char text[2][MPS_ADDRESS_TEXT];

    values[ID] = mps_count(subflow->id);
    values[CONNECTION] = mps_int_if(connection->id != 0, (int64_t)connection->id);
    values[ORDINAL] = mps_int(subflow->ordinal);
    values[KIND] = mps_text(mps_subflow_kind_name(subflow->kind));
    values[OPENED_BY] = mps_text(subflow->kind ? mps_side_name(subflow->opened_by) : NULL);
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        values[CLIENT_ADDR + 2 * side] =
            mps_text(mps_address_text(&subflow->end[side].address, text[side]));
        values[CLIENT_PORT + 2 * side] = mps_int(subflow->end[side].port);
        values[CLIENT_ADDR_ID + side] =
            mps_int_if(subflow->side[side].address_id >= 0, subflow->side[side].address_id);

        /* The address id came in the same option. */
        const bool told = join && subflow->side[side].address_id >= 0;

        values[CLIENT_BACKUP + side] = mps_int_if(told, subflow->side[side].backup);
        values[CLIENT_BACKUP_LAST + side] =
            mps_int_if(told || subflow->kind == MPS_KIND_INITIAL || subflow->side[side].backup_now,
                       subflow->side[side].backup_now);
    }
    values[BACKUP] = mps_int_if(subflow->kind != 0, subflow->side[MPS_CLIENT].backup ||
                                                        subflow->side[MPS_SERVER].backup);
    values[SYN] = mps_time(subflow->syn_ns);
    values[ESTABLISHED] = mps_time(subflow->established_ns);
    if (origin && subflow->syn_ns != MPS_NO_TIME)
        values[JOIN_SYN_DELAY] = mps_int(subflow->syn_ns - connection->start_ns);
    if (origin && subflow->established_ns != MPS_NO_TIME)
        values[JOIN_DELAY] = mps_int(subflow->established_ns - connection->start_ns);
    values[END] = mps_int(subflow->end_ns);
    values[RESULT] = mps_text(mps_result_name(subflow->result));
    values[DETAIL] = mps_text(subflow->result_detail);
    values[CLOSE] = mps_text(mps_close_name(subflow->close));
    values[CLOSED_BY] = mps_text(mps_side_name(subflow->closed_by));
    values[RESET_REASON] = mps_int_if(subflow->reset_reason >= 0, subflow->reset_reason);
    values[SYN_TO_SYNACK] = mps_time(subflow->syn_to_synack_ns);
    values[SYNACK_TO_ACK] = mps_time(subflow->synack_to_ack_ns);
    if (values[SYN_TO_SYNACK].known && values[SYNACK_TO_ACK].known)
        values[HANDSHAKE_RTT] = mps_int(subflow->syn_to_synack_ns + subflow->synack_to_ack_ns);
    values[HMAC] = mps_text(mps_hmac_state_name(subflow->hmac));
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const int64_t own_ns = subflow->side[side].last_ns;
        const int64_t other_ns =
            subflow->side[side == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT].last_ns;

        values[CLIENT_UNANSWERED + side] = own_ns == MPS_NO_TIME || other_ns == MPS_NO_TIME
                                               ? mps_null()
                                               : mps_int(MAX(own_ns - other_ns, 0));
    }
    values[USE] = mps_text(uses[mps_subflow_use(subflow)]);
}

const MpsMetric mps_metric_subflow = {
    .name = "subflow",
    .help = "Identity, handshake, result and end of a subflow; join delays count from the first "
            "MP_CAPABLE SYN.",
    .scope = MPS_SCOPE_SUBFLOW,
    .always = true,
    .columns = columns,
    .summarise = summarise,
};
