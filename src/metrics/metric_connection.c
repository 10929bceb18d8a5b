/* metric_connection.c - who talked to whom, since when, how it began and ended. */
#include "metrics/metrics.h"

#include "util/address.h"
#include "util/vantage.h"

enum {
    ID,
    PROTOCOL,
    VERSION,
    CLIENT_ADDR,
    CLIENT_PORT,
    SERVER_ADDR,
    SERVER_PORT,
    CLIENT_KEY,
    SERVER_KEY,
    CLIENT_TOKEN,
    SERVER_TOKEN,
    CLIENT_IDSN,
    SERVER_IDSN,
    CHECKSUM,
    START,
    ESTABLISHED,
    END,
    DURATION,
    CLOSE,
    CLOSED_BY,
    FALLBACK,
    SUBFLOWS,
    JOINS,
    VANTAGE,
    HANDSHAKE,
};

static const MpsColumn columns[] = {
    [ID] = {"connection_id", MPS_INT, "1, 2, ... in the order of first packets"},
    [PROTOCOL] = {"protocol", MPS_TEXT, "mptcp, or tcp: MP_CAPABLE was offered and not answered"},
    [VERSION] = {"version", MPS_INT, "0 (RFC 6824) or 1 (RFC 8684), by the server's answer"},
    [CLIENT_ADDR] = {"client_addr", MPS_TEXT, "sender of the first SYN with MP_CAPABLE"},
    [CLIENT_PORT] = {"client_port", MPS_INT, "its port"},
    [SERVER_ADDR] = {"server_addr", MPS_TEXT, "the other host"},
    [SERVER_PORT] = {"server_port", MPS_INT, "its port"},
    [CLIENT_KEY] = {"client_key", MPS_TEXT, "key of the client, 0x and 16 hex digits"},
    [SERVER_KEY] = {"server_key", MPS_TEXT, "key of the server"},
    [CLIENT_TOKEN] = {"client_token", MPS_INT, "token: hash of the client's key"},
    [SERVER_TOKEN] = {"server_token", MPS_INT, "token: hash of the server's key"},
    [CLIENT_IDSN] = {"client_idsn", MPS_TEXT, "initial data sequence number of the client"},
    [SERVER_IDSN] = {"server_idsn", MPS_TEXT, "initial data sequence number of the server"},
    [CHECKSUM] = {"checksum", MPS_INT, "1 if DSS checksums were agreed"},
    [START] = {"start_ns", MPS_INT, "first MP_CAPABLE SYN, or first packet [ns since epoch]"},
    [ESTABLISHED] = {"established_ns", MPS_INT, "third packet of the initial handshake"},
    [END] = {"end_ns", MPS_INT, "last packet of any subflow"},
    [DURATION] = {"duration_ns", MPS_INT, "end_ns - start_ns"},
    [CLOSE] = {"close", MPS_TEXT, "fastclose, data_fin, fin, reset, idle, evicted or capture_end"},
    [CLOSED_BY] = {"closed_by", MPS_TEXT,
                   "client or server: sent the first DATA_FIN (FASTCLOSE, "
                   "FIN, RST, by the kind of close)"},
    [FALLBACK] = {"fallback", MPS_TEXT,
                  "how MPTCP was given up: no_mp_capable_synack, no_mp_capable_ack, no_dss, "
                  "mp_fail or infinite_mapping; NULL: it was not"},
    [SUBFLOWS] = {"subflows", MPS_INT, "subflows that were established"},
    [JOINS] = {"joins_attempted", MPS_INT, "MP_JOIN handshakes begun"},
    [VANTAGE] = {"vantage", MPS_TEXT,
                 "where the tap is: near_client, near_server or middle, by "
                 "the halves of the handshake RTT; NULL: they do not tell"},
    [HANDSHAKE] = {"handshake", MPS_TEXT, "full, partial or none: how much of it was captured"},
    {0},
};

static void summarise(const void *state G_GNUC_UNUSED, const MpsSubject *subject, MpsValue *values)
{
    const MpsConnection *connection = subject->connection;
    static char text[2][3][MPS_ADDRESS_TEXT];

    values[ID] = mps_count(connection->id);
    values[PROTOCOL] = mps_text(mps_protocol_name(connection->protocol));
    values[VERSION] = mps_int_if(connection->version >= 0, connection->version);
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const MpsConnectionSide *host = &connection->side[side];
        const MpsEndpoint *end = &connection->end[side];

        values[CLIENT_ADDR + 2 * side] = mps_text(mps_address_text(&end->address, text[side][0]));
        values[CLIENT_PORT + 2 * side] = mps_int(end->port);
        if (host->has_key)
            values[CLIENT_KEY + side] = mps_text(mps_hex64(host->key, text[side][1]));
        values[CLIENT_TOKEN + side] = mps_int_if(host->has_token, host->token);
        if (host->has_idsn)
            values[CLIENT_IDSN + side] = mps_text(mps_hex64(host->idsn, text[side][2]));
    }
    values[CHECKSUM] = mps_int_if(connection->checksum >= 0, connection->checksum);
    values[START] = mps_int(connection->start_ns);
    values[ESTABLISHED] = mps_time(connection->established_ns);
    values[END] = mps_int(connection->end_ns);
    values[DURATION] = mps_int(connection->end_ns - connection->start_ns);
    values[CLOSE] = mps_text(mps_close_name(connection->close));
    values[CLOSED_BY] = mps_text(mps_side_name(connection->closed_by));
    values[FALLBACK] = mps_text(mps_fallback_name(connection->fallback));
    values[SUBFLOWS] = mps_int(connection->subflows_established);
    values[JOINS] = mps_int(connection->joins_attempted);
    values[VANTAGE] = mps_text(mps_vantage_name(mps_vantage(connection)));
    values[HANDSHAKE] = mps_text(mps_handshake_name(connection->handshake));
}

const MpsMetric mps_metric_connection = {
    .name = "connection",
    .help = "Identity, time, handshake and end of a connection (RFC 8684).",
    .scope = MPS_SCOPE_CONNECTION,
    .always = true,
    .columns = columns,
    .summarise = summarise,
};
