/* join.h - what families SEC and JOIN share of an attempt to join. */
#ifndef MPS_RULES_JOIN_H
#define MPS_RULES_JOIN_H

#include "rules/known.h"

/* Whether @flow is an attempt to join whose SYN names the token of its own sender: it goes to the
 * server of the connection, but with the client's token.  The model then takes each host for the
 * other one. */
bool join_names_itself(const Flow *flow);

/* The host that really is @side of @flow. */
static inline MpsSide join_host(const Flow *flow, MpsSide side)
{
    return join_names_itself(flow) ? other(side) : side;
}

/* Whether the SYN of @flow has the token of its receiver, as far as known. */
static inline bool join_token_is_valid(const Flow *flow)
{
    const MpsConnection *connection = flow->check->connection;

    return connection->id != 0 && connection->side[other(flow->public->opened_by)].has_key &&
           !join_names_itself(flow);
}

/* Whether the capture can tell that nobody has the token of @flow, which belongs to no connection:
 * all connections of both hosts are known. */
bool join_token_is_unknown(const Flow *flow, uint32_t token);

/* Which host the capture was taken next to, or MPS_NOBODY; @known: whether that can be told. */
MpsSide join_near(const Check *check, bool *known);

/* Bytes in hexadecimal, for a Fault. */
char *join_hex(const uint8_t *bytes, size_t n_bytes);

#endif
