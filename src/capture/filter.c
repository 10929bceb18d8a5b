/* filter.c - one compiled program per link type. */
#include "capture/filter.h"

#include <pcap/pcap.h>

/* What a file says for raw IP; libpcap's compiler knows DLT_RAW only. */
enum { LINKTYPE_RAW = 101, SNAPLEN = 262144 };

struct _MpsFilter {
    char *expression;
    GHashTable *programs; /* link type -> struct bpf_program */
};

static void program_free(gpointer data)
{
    pcap_freecode(data);
    g_free(data);
}

MpsFilter *mps_filter_new(const char *expression)
{
    MpsFilter *self = g_new0(MpsFilter, 1);

    self->expression = g_strdup(expression);
    self->programs = g_hash_table_new_full(NULL, NULL, NULL, program_free);
    return self;
}

static const struct bpf_program *find(MpsFilter *self, int link_type, GError **error)
{
    struct bpf_program *program = g_hash_table_lookup(self->programs, GINT_TO_POINTER(link_type));

    if (program)
        return program;

    pcap_t *dead = pcap_open_dead(link_type == LINKTYPE_RAW ? DLT_RAW : link_type, SNAPLEN);

    if (!dead)
        return mps_throw_null(error, MPS_ERROR_USAGE, "filter: link type %d", link_type);
    program = g_new0(struct bpf_program, 1);
    if (pcap_compile(dead, program, self->expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        mps_throw(error, MPS_ERROR_USAGE, "filter '%s': %s", self->expression, pcap_geterr(dead));
        g_clear_pointer(&program, g_free);
    } else {
        g_hash_table_insert(self->programs, GINT_TO_POINTER(link_type), program);
    }
    pcap_close(dead);
    return program;
}

bool mps_filter_prepare(MpsFilter *self, int link_type, GError **error)
{
    return find(self, link_type, error) != NULL;
}

bool mps_filter_packet(MpsFilter *self, const MpsPacket *packet, bool *passed, GError **error)
{
    static const uint8_t nothing[1] = {0};
    const struct bpf_program *program = find(self, packet->link_type, error);
    const struct pcap_pkthdr header = {.caplen = packet->captured_bytes, .len = packet->wire_bytes};

    if (!program)
        return false;
    *passed = pcap_offline_filter(program, &header,
                                  packet->captured_bytes > 0 ? packet->bytes : nothing) != 0;
    return true;
}

void mps_filter_free(MpsFilter *self)
{
    if (!self)
        return;
    g_hash_table_destroy(self->programs);
    g_free(self->expression);
    g_free(self);
}
