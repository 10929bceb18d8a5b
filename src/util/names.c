/* names.c - enumerations as the database spells them. */
#include <mptcpscope/event.h>

#define NAME(names, value)                                                                         \
    ((int)(value) >= 0 && (size_t)(value) < G_N_ELEMENTS(names) ? (names)[value] : NULL)

const char *mps_side_name(MpsSide side)
{
    static const char *const names[] = {"client", "server"};

    return NAME(names, side);
}

const char *mps_direction_name(MpsDirection direction)
{
    static const char *const names[] = {"c2s", "s2c"};

    return NAME(names, direction);
}

const char *mps_protocol_name(MpsProtocol protocol)
{
    static const char *const names[] = {NULL, "mptcp", "tcp"};

    return NAME(names, protocol);
}

const char *mps_handshake_name(MpsHandshake handshake)
{
    static const char *const names[] = {NULL, "none", "partial", "full"};

    return NAME(names, handshake);
}

const char *mps_subflow_kind_name(MpsSubflowKind kind)
{
    static const char *const names[] = {NULL, "initial", "join"};

    return NAME(names, kind);
}

const char *mps_hmac_state_name(MpsHmacState state)
{
    static const char *const names[] = {NULL, "unchecked", "valid", "invalid"};

    return NAME(names, state);
}

const char *mps_fallback_name(MpsFallback fallback)
{
    static const char *const names[] = {
        NULL, "no_mp_capable_synack", "no_mp_capable_ack", "no_dss", "mp_fail", "infinite_mapping",
    };

    return NAME(names, fallback);
}

const char *mps_close_name(MpsClose close)
{
    static const char *const names[] = {
        NULL, "fastclose", "data_fin", "fin", "reset", "idle", "evicted", "capture_end",
    };

    return NAME(names, close);
}

const char *mps_result_name(MpsResult result)
{
    static const char *const names[] = {
        NULL,       "established",   "refused",  "unreachable", "no_reply",
        "bad_hmac", "unknown_token", "stripped", "late",
    };

    return NAME(names, result);
}

const char *mps_icmp_words(const MpsIcmpError *icmp)
{
    static const char *const v4[] = {
        "network unreachable",
        "host unreachable",
        "protocol unreachable",
        "port unreachable",
        "fragmentation needed",
        "source route failed",
        "network unknown",
        "host unknown",
        "source host isolated",
        "network prohibited",
        "host prohibited",
        "network unreachable for this service",
        "host unreachable for this service",
        "communication administratively prohibited",
    };
    static const char *const v6[] = {
        "no route",
        "communication administratively prohibited",
        "beyond the scope of the source address",
        "address unreachable",
        "port unreachable",
        "source address failed policy",
        "route rejected",
    };
    const bool is_v6 = icmp->router.family == 6;

    if (icmp->type == (is_v6 ? 3 : 11))
        return "time exceeded";
    if (is_v6 && icmp->type == 1 && icmp->code < G_N_ELEMENTS(v6))
        return v6[icmp->code];
    if (!is_v6 && icmp->type == 3 && icmp->code < G_N_ELEMENTS(v4))
        return v4[icmp->code];
    return "ICMP error";
}
