/* vantage.h - where a capture was taken, as far as the handshakes of a connection tell. */
#ifndef MPS_UTIL_VANTAGE_H
#define MPS_UTIL_VANTAGE_H

#include <mptcpscope/event.h>

/* 0: not known. */
typedef enum { MPS_VANTAGE_CLIENT = 1, MPS_VANTAGE_SERVER, MPS_VANTAGE_MIDDLE } MpsVantage;

/* By the halves of the handshake RTT: the tap is near the client if the SYN/ACK is answered much
 * sooner than the SYN. */
MpsVantage mps_vantage(const MpsConnection *connection);

/* As the database spells it: near_client, near_server, middle; NULL for 0. */
const char *mps_vantage_name(MpsVantage vantage);

#endif
