/* bare_pcap.c - the fastest libpcap can read a file: the yardstick of scripts/bench. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include <pcap/pcap.h>

int main(int argc, char **argv)
{
    char reason[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const u_char *bytes;
    uint64_t packets = 0, wire_bytes = 0;
    int result;

    if (argc != 2) {
        fputs("usage: bare_pcap FILE\n", stderr);
        return 2;
    }

    pcap_t *pcap =
        pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, reason);

    if (!pcap) {
        fprintf(stderr, "%s: %s\n", argv[1], reason);
        return 1;
    }
    while ((result = pcap_next_ex(pcap, &header, &bytes)) == 1) {
        packets++;
        wire_bytes += header->len;
    }
    if (result == PCAP_ERROR)
        fprintf(stderr, "%s: %s\n", argv[1], pcap_geterr(pcap));
    pcap_close(pcap);
    printf("%" PRIu64 " packets, %" PRIu64 " bytes\n", packets, wire_bytes);
    return result == PCAP_ERROR ? 1 : 0;
}
