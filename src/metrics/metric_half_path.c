/* metric_half_path.c - how far the tap is from both hosts, on each subflow. */
#include "metrics/metrics.h"

#include "util/vantage.h"

enum { CLIENT_HALF, SERVER_HALF, PATH, ASYMMETRY };

static const MpsColumn columns[] = {
    [CLIENT_HALF] = {"client_half_rtt_ns", MPS_INT, "smallest RTT from the tap to the client [ns]"},
    [SERVER_HALF] = {"server_half_rtt_ns", MPS_INT, "smallest RTT from the tap to the server [ns]"},
    [PATH] = {"path_rtt_ns", MPS_INT, "their sum: smallest RTT between the hosts [ns]"},
    [ASYMMETRY] =
        {"half_path_asymmetry", MPS_REAL,
         "(server half - client half) / sum, -1 (all of it towards the client) to 1; NULL "
         "unless the tap is in the middle (connection.vantage)"},
    {0},
};

static void summarise(const void *state G_GNUC_UNUSED, const MpsSubject *subject, MpsValue *values)
{
    /* What the client sends comes back from the server. */
    const MpsSubflowSide *to_server = &subject->subflow->side[MPS_C2S];
    const MpsSubflowSide *to_client = &subject->subflow->side[MPS_S2C];

    values[CLIENT_HALF] = mps_int_if(to_client->rtt_samples > 0, to_client->rtt_min_ns);
    values[SERVER_HALF] = mps_int_if(to_server->rtt_samples > 0, to_server->rtt_min_ns);
    if (to_client->rtt_samples == 0 || to_server->rtt_samples == 0)
        return;

    const int64_t sum_ns = to_client->rtt_min_ns + to_server->rtt_min_ns;

    values[PATH] = mps_int(sum_ns);
    if (sum_ns > 0 && mps_vantage(subject->connection) == MPS_VANTAGE_MIDDLE)
        values[ASYMMETRY] =
            mps_real((double)(to_server->rtt_min_ns - to_client->rtt_min_ns) / (double)sum_ns);
}

const MpsMetric mps_metric_half_path = {
    .name = "half_path",
    .help = "Smallest RTT (by tcptrace's rule) from the tap to each host: the two halves of the "
            "path.",
    .scope = MPS_SCOPE_SUBFLOW,
    .columns = columns,
    .summarise = summarise,
};
