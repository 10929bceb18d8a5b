/* join.c - tokens of joins, and who is who. */
#include "rules/join.h"

bool join_names_itself(const Flow *flow)
{
    const MpsSubflow *subflow = flow->public;
    const MpsConnection *connection = flow->check->connection;
    const MpsEndpoint *to = &subflow->end[MPS_CLIENT]; /* as far as the token goes */
    const MpsEndpoint *server = &connection->end[MPS_SERVER];

    return connection->id != 0 && subflow->kind == MPS_KIND_JOIN &&
           subflow->opened_by == MPS_SERVER && to->port == server->port &&
           same_address(&to->address, &server->address) &&
           !same_address(&to->address, &connection->end[MPS_CLIENT].address);
}

bool join_token_is_unknown(const Flow *flow, uint32_t token)
{
    const Known *known = known_of(flow->check);
    const MpsSide opener = flow->public->opened_by;

    return flow->check->connection->id == 0 && flow->public->kind == MPS_KIND_JOIN &&
           flow->syn.packet &&
           known_wholly(known, &flow->public->end[other(opener)].address, true) &&
           known_wholly(known, &flow->public->end[opener].address, false) &&
           !known_ended(known, token);
}

MpsSide join_near(const Check *check, bool *known)
{
    const MpsVantage vantage = check_vantage(check);

    *known = vantage != 0;
    return vantage == MPS_VANTAGE_CLIENT   ? MPS_CLIENT
           : vantage == MPS_VANTAGE_SERVER ? MPS_SERVER
                                           : MPS_NOBODY;
}

char *join_hex(const uint8_t *bytes, size_t n_bytes)
{
    GString *hex = g_string_new(NULL);

    for (size_t i = 0; i < n_bytes; i++)
        g_string_append_printf(hex, "%02x", bytes[i]);
    return g_string_free(hex, FALSE);
}
