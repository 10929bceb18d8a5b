/* vantage.c - see vantage.h. */
#include "util/vantage.h"

/* One half of the handshake RTT has to be this many times the other for "near"; for "middle" both
 * have to be longer than what a host takes to answer. */
enum { NEAR = 3 };
static const int64_t HOST_NS = 500 * 1000;

MpsVantage mps_vantage(const MpsConnection *connection)
{
    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        int64_t server_half = subflow->syn_to_synack_ns, client_half = subflow->synack_to_ack_ns;

        if (server_half == MPS_NO_TIME || client_half == MPS_NO_TIME)
            continue;
        if (subflow->opened_by == MPS_SERVER) {
            server_half = subflow->synack_to_ack_ns;
            client_half = subflow->syn_to_synack_ns;
        }
        if (server_half > NEAR * client_half)
            return MPS_VANTAGE_CLIENT;
        if (client_half > NEAR * server_half)
            return MPS_VANTAGE_SERVER;
        return MIN(client_half, server_half) > HOST_NS ? MPS_VANTAGE_MIDDLE : 0;
    }
    return 0;
}

const char *mps_vantage_name(MpsVantage vantage)
{
    static const char *const names[] = {
        [MPS_VANTAGE_CLIENT] = "near_client",
        [MPS_VANTAGE_SERVER] = "near_server",
        [MPS_VANTAGE_MIDDLE] = "middle",
    };

    return names[vantage];
}
