/* option_text.h - options in words, as dump and ladder print them. */
#ifndef MPS_VIEWS_OPTION_TEXT_H
#define MPS_VIEWS_OPTION_TEXT_H

#include <mptcpscope/told.h>

/* Name in RFC 8684; "subtype 0x9" for one without.  Static. */
const char *mps_option_name(uint8_t subtype);

/* Words of the reason in MP_TCPRST (RFC 8684 section 3.6); NULL for one without.  Static. */
const char *mps_tcprst_words(uint8_t reason);

/* DSN of data that the host @side sends, as data offset; 4-byte numbers are taken for the nearest
 * to what it has sent so far.  False if the IDSN is unknown. */
bool mps_option_offset(const MpsConnection *connection, MpsSide side, uint64_t dsn, bool is_64,
                       int64_t *offset);

/* Appends @option in words: "DSS ack8 0, dsn8 1428 ssn 1429 len 1428".  Sequence numbers are data
 * offsets where @placed tells the connection and its IDSN is known, else as sent, in hex. */
void mps_option_text(GString *out, const MpsMptcpOption *option, const MpsPlaced *placed);

/* The same as the members of a JSON object, without the braces. */
void mps_option_json(GString *out, const MpsMptcpOption *option, const MpsPlaced *placed);

/* The same for an option that no decoder knows: "Subflow Rate Limit: 1500 kbit/s", or its bytes. */
void mps_opaque_text(GString *out, const MpsOpaqueOption *option);
void mps_opaque_json(GString *out, const MpsOpaqueOption *option);

#endif
