/* address.h - addresses, 64-bit numbers and bytes as the database spells them. */
#ifndef MPS_UTIL_ADDRESS_H
#define MPS_UTIL_ADDRESS_H

#include <stddef.h>

#include <mptcpscope/segment.h>

/* Room for any address or 64-bit number with its final 0. */
#define MPS_ADDRESS_TEXT 46

/* Writes the canonical text (RFC 5952) to @text and returns it. */
const char *mps_address_text(const MpsAddress *address, char text[MPS_ADDRESS_TEXT]);

/* Writes 0x and 16 hex digits to @text and returns it. */
const char *mps_hex64(uint64_t value, char text[MPS_ADDRESS_TEXT]);

/* Writes two hex digits for each of @n bytes, and a final 0, to @text and returns it. */
const char *mps_hex(const uint8_t *bytes, size_t n, char *text);

#endif
