#include "cases.h"

void bed_fault(Bed *bed)
{
    bed->fault_packet = pb_capture_packets(bed->net->capture) + 1;
}

void bed_start(Bed *bed)
{
    pb_open(bed->first);
    pb_send_cut(bed->first, PB_CLIENT, 100, 1,
                bed->conn->version == 1 ? PB_MAP_CAPABLE : PB_MAP_ALL);
    pb_ack(bed->first, PB_SERVER);
}

void bed_transfer(Bed *bed)
{
    pb_send(bed->first, PB_SERVER, 100);
    pb_ack(bed->first, PB_CLIENT);
    for (int i = 0; i < 4; i++) {
        pb_send_cut(bed->first, PB_CLIENT, 5000, 5, PB_MAP_ALL);
        pb_ack(bed->first, PB_SERVER);
        pb_ack(bed->first, PB_SERVER);
    }
}

void bed_option(PbFlow *flow, PbSide from, const PbOptions *options)
{
    pb_raw(flow, from, MPS_TCP_ACK, options->bytes, options->n);
}
