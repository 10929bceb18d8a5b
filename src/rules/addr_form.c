/* addr_form.c - see addr_form.h. */
#include "rules/addr_form.h"

#include <string.h>

void addr_check_form(const Packet *packet, const MpsMptcpOption *option)
{
    const bool misshapen = option_is_misshapen(packet, option);
    const unsigned reserved =
        option->status == MPS_OPT_OK && option->add_addr.version == 1 ? option->byte2 & 0x0e : 0;

    if (!rule_broken(packet, RULE_ADDR_01, misshapen || reserved))
        return;
    rule_fault(packet,
               (Fault){.rule = RULE_ADDR_01,
                       .field = misshapen ? "length of ADD_ADDR" : "reserved bits of ADD_ADDR",
                       .expected = misshapen ? text("one of its form: address, port, HMAC or echo")
                                             : text("0"),
                       .seen = misshapen
                                   ? text("%u, flags 0x%x", option->length, option->byte2 & 0x0f)
                                   : text("0x%x", reserved)});
}

static bool is_loopback(const MpsAddress *address)
{
    static const uint8_t one[16] = {[15] = 1};

    return address->family == 4 ? address->bytes[0] == 127
                                : memcmp(address->bytes, one, sizeof one) == 0;
}

/* What makes an address one that no join can reach, or NULL. */
static const char *implausible(const MpsAddress *address)
{
    static const uint8_t zeros[16] = {0}, ones[4] = {255, 255, 255, 255};

    if (memcmp(address->bytes, zeros, sizeof zeros) == 0)
        return "unspecified address";
    if (address->family == 4 && memcmp(address->bytes, ones, sizeof ones) == 0)
        return "broadcast address";
    if (address->family == 4 ? address->bytes[0] >> 4 == 14 : address->bytes[0] == 0xff)
        return "multicast address";
    return is_loopback(address) ? "loopback address" : NULL;
}

void addr_check_plausible(const Packet *packet, const MpsMptcpOption *option)
{
    const char *why = implausible(&option->add_addr.address);

    if (is_loopback(&option->add_addr.address) && is_loopback(&packet->wire->src.address))
        why = NULL; /* all of it happens inside one host */
    if (option->add_addr.has_port && option->add_addr.port == 0)
        why = "port 0";
    if (rule_broken(packet, RULE_ADDR_12, why))
        rule_fault(packet, (Fault){.rule = RULE_ADDR_12,
                                   .field = "announced address",
                                   .expected = text("one that can be reached"),
                                   .seen = text("%s", why)});
}
