/* addr_form.h - what an ADD_ADDR says of itself, whatever was announced before. */
#ifndef MPS_RULES_ADDR_FORM_H
#define MPS_RULES_ADDR_FORM_H

#include "rules/check.h"

/* ADDR-01: length, form, reserved bits. */
void addr_check_form(const Packet *packet, const MpsMptcpOption *option);

/* ADDR-12: an address and port that can be reached. */
void addr_check_plausible(const Packet *packet, const MpsMptcpOption *option);

#endif
