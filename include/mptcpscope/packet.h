/* packet.h - contract capture -> decode: one captured packet. */
#ifndef MPTCPSCOPE_PACKET_H
#define MPTCPSCOPE_PACKET_H

#include <stdint.h>

typedef struct {
    int64_t ts_ns;              /* capture time, nanoseconds since the epoch */
    uint64_t number;            /* 1-based in its file, as Wireshark counts */
    uint32_t capture_id;        /* 1-based: which file of the run */
    uint32_t interface_id;      /* pcapng: counted through the file; 0 for classic pcap */
    const char *interface_name; /* as pcapng says, NULL: it does not; lives as long as the trace */
    int link_type;              /* LINKTYPE_ value (libpcap's DLT_ where they differ) */
    int64_t hole_ns;            /* between two files: for so long before it nothing was captured */
    uint32_t wire_bytes;        /* length on the wire, from the first link-layer byte */
    uint32_t captured_bytes;    /* length of @bytes, never more than was stored */
    const uint8_t *bytes;       /* borrowed: dies with the next read */
} MpsPacket;

/* Outcome of reading a packet. */
typedef enum {
    MPS_READ_PACKET,
    MPS_READ_END,
    MPS_READ_FAILED, /* with MPS_ERROR_READ; packets delivered before stay valid results */
} MpsReadResult;

#endif
