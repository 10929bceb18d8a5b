/* format.h - numbers, times and names as people read them.  Three significant digits, decimal
 * units (1 kB = 1000 B), one space before the unit; times in UTC. */
#ifndef MPS_UTIL_FORMAT_H
#define MPS_UTIL_FORMAT_H

#include <stdint.h>

/* A short text returned by value: printf("%s", mps_format_bytes(n).text) needs no freeing. */
typedef struct {
    char text[64];
} MpsShort;

MpsShort mps_format_bytes(int64_t bytes);               /* 0 B, 999 B, 9.59 MB */
MpsShort mps_format_duration(int64_t ns);               /* 950 ns, 12.3 ms, 3.76 s, 2 min 05 s */
MpsShort mps_format_rate(double bits_per_second);       /* 25.6 Mbit/s */
MpsShort mps_format_percent(double share);              /* 0.556: 55.6 %; below 0.05 %: <0.1 % */
MpsShort mps_format_time(int64_t ns);                   /* 2026-03-14 09:12:44.123456 UTC */
MpsShort mps_format_offset(int64_t ns);                 /* +3.760279 s */
MpsShort mps_format_token(int64_t token);               /* 0x0a8c8e8c */
MpsShort mps_format_count(int64_t n, const char *noun); /* 1 packet, 2 packets */

/* 192.0.2.1:443 or [2001:db8::1]:443.  Too long an address is cut behind a character. */
MpsShort mps_format_endpoint(const char *address, int64_t port);

/* Columns that @text takes on a terminal; a byte that is no UTF-8 counts as one. */
unsigned mps_format_width(const char *text);

/* @text fit for a terminal: control characters and invalid UTF-8 become \xNN.  Newly allocated. */
char *mps_format_printable(const char *text);

#endif
