/* rotation.c - see rotation.h. */
#include "pipeline/rotation.h"

#include <string.h>

#include "util/format.h"

static const int64_t GAP_MIN_NS = 1000000000;

typedef struct {
    char *family;
    size_t index;
    int64_t first_ns, last_ns;
} Member;

static void clear(gpointer member)
{
    g_free(((Member *)member)->family);
}

/* The path without digits, and without what a compressor and a numbering behind the name add:
 * trace.pcap, trace.pcap1 and trace.pcap.2.gz are a family. */
static char *family_of(const char *path)
{
    static const char *const suffixes[] = {".gz", ".zst", ".xz", ".lz4", ".bz2"};
    g_autofree char *text = g_strdup(path);
    const char *slash;
    GString *family;

    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++)
        if (g_str_has_suffix(text, suffixes[i]))
            text[strlen(text) - strlen(suffixes[i])] = '\0';
    slash = strrchr(text, '/');
    family = g_string_new_len(text, slash ? slash + 1 - text : 0);
    for (const char *c = slash ? slash + 1 : text; *c; c++)
        if (!g_ascii_isdigit(*c))
            g_string_append_c(family, *c);
    while (g_str_has_suffix(family->str, "."))
        g_string_truncate(family, family->len - 1);
    return g_string_free(family, FALSE);
}

static int by_family_and_time(gconstpointer a, gconstpointer b)
{
    const Member *one = a, *two = b;
    const int order = strcmp(one->family, two->family);

    if (order != 0)
        return order;
    return one->first_ns < two->first_ns ? -1 : one->first_ns > two->first_ns;
}

static GArray *find_members(const MpsTrace *trace)
{
    GArray *members = g_array_new(FALSE, FALSE, sizeof(Member));

    g_array_set_clear_func(members, clear);
    for (size_t i = 0; i < mps_trace_n_files(trace); i++) {
        const MpsFileInfo file = mps_trace_file(trace, i);

        if (file.n_packets == 0 || strcmp(file.path, "-") == 0)
            continue;

        const Member member = {family_of(file.path), i, file.first_ns, file.last_ns};

        g_array_append_val(members, member);
    }
    g_array_sort(members, by_family_and_time);
    return members;
}

/* Stamps of hostile files may be as far apart as the range goes. */
static int64_t between(int64_t from_ns, int64_t to_ns)
{
    int64_t ns;

    if (__builtin_sub_overflow(to_ns, from_ns, &ns))
        return to_ns < from_ns ? -INT64_MAX : INT64_MAX;
    return MAX(ns, -INT64_MAX);
}

void mps_rotation_find(const MpsTrace *trace, int64_t *gaps_ns)
{
    g_autoptr(GArray) members = find_members(trace);

    for (size_t i = 0; i < mps_trace_n_files(trace); i++)
        gaps_ns[i] = INT64_MIN;
    for (guint i = 1; i < members->len; i++) {
        const Member *before = &g_array_index(members, Member, i - 1);
        const Member *member = &g_array_index(members, Member, i);
        const int64_t gap_ns = between(before->last_ns, member->first_ns);
        const int64_t shorter_ns = MIN(between(before->first_ns, before->last_ns),
                                       between(member->first_ns, member->last_ns));

        if (strcmp(before->family, member->family) == 0 &&
            (gap_ns >= 0 || -gap_ns <= shorter_ns / 2))
            gaps_ns[member->index] = gap_ns;
    }
}

void mps_rotation_report(const MpsTrace *trace, const int64_t *gaps_ns)
{
    g_autoptr(GArray) members = find_members(trace);

    for (guint i = 1; i < members->len; i++) {
        const size_t index = g_array_index(members, Member, i).index;
        const MpsFileInfo before =
            mps_trace_file(trace, g_array_index(members, Member, i - 1).index);
        const MpsFileInfo file = mps_trace_file(trace, index);
        const int64_t gap_ns = gaps_ns[index];
        const int64_t pause_ns = MAX(before.longest_pause_ns, file.longest_pause_ns);

        if (gap_ns == INT64_MIN)
            continue;
        if (gap_ns < 0)
            g_printerr("mptcpscope: %s begins %s before the end of %s\n", file.path,
                       mps_format_duration(-gap_ns).text, before.path);
        else if (gap_ns > MAX(GAP_MIN_NS, pause_ns))
            g_printerr("mptcpscope: nothing for %s between %s and %s: a file may be missing\n",
                       mps_format_duration(gap_ns).text, before.path, file.path);
    }
}
