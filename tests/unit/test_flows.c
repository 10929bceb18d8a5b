/* test_flows.c - both directions of a flow meet in one entry, different flows do not. */
#include <glib.h>

#include "model/flows.h"

static MpsSegment segment(uint8_t src, uint16_t src_port, uint8_t dst, uint16_t dst_port,
                          uint8_t family)
{
    return (MpsSegment){
        .src = {.address = {.bytes = {10, 0, 0, src}, .family = family}, .port = src_port},
        .dst = {.address = {.bytes = {10, 0, 0, dst}, .family = family}, .port = dst_port},
    };
}

static void assert_meets(MpsSegment one, MpsSegment two, bool same_key, bool same_direction)
{
    MpsFlows *flows = mps_flows_new();
    MpsFlowKey key, other_key;
    bool forward, other_forward;
    int flow;

    mps_flow_key(&one.src, &one.dst, &key, &forward);
    mps_flow_key(&two.src, &two.dst, &other_key, &other_forward);
    mps_flows_put(flows, &key, &flow);
    g_assert_true((mps_flows_find(flows, &other_key) == &flow) == same_key);
    if (same_key)
        g_assert_true((forward == other_forward) == same_direction);
    mps_flows_free(flows);
}

static void test_directions(void)
{
    assert_meets(segment(1, 5000, 2, 80, 4), segment(1, 5000, 2, 80, 4), true, true);
    assert_meets(segment(1, 5000, 2, 80, 4), segment(2, 80, 1, 5000, 4), true, false);
    assert_meets(segment(2, 5000, 1, 80, 4), segment(1, 80, 2, 5000, 4), true, false);
    assert_meets(segment(1, 5000, 1, 80, 4), segment(1, 80, 1, 5000, 4), true,
                 false); /* loopback */
}

static void test_others(void)
{
    assert_meets(segment(1, 5000, 2, 80, 4), segment(1, 5001, 2, 80, 4), false, false);
    assert_meets(segment(1, 5000, 2, 80, 4), segment(1, 80, 2, 5000, 4), false, false);
    assert_meets(segment(1, 5000, 2, 80, 4), segment(3, 5000, 2, 80, 4), false, false);
    assert_meets(segment(1, 5000, 2, 80, 4), segment(1, 5000, 2, 80, 6), false, false);
}

static void test_replace(void)
{
    const MpsSegment packet = segment(1, 5000, 2, 80, 4);
    MpsFlows *flows = mps_flows_new();
    MpsFlowKey key;
    bool forward;
    int old, young;

    mps_flow_key(&packet.src, &packet.dst, &key, &forward);

    MpsFlowKey young_key = key;

    mps_flows_put(flows, &key, &old);
    mps_flows_put(flows, &young_key, &young);
    g_assert_true(mps_flows_find(flows, &key) == &young);
    mps_flows_remove(flows, &key, &old); /* no longer its entry */
    g_assert_true(mps_flows_find(flows, &key) == &young);
    mps_flows_remove(flows, &key, &young);
    g_assert_null(mps_flows_find(flows, &key));
    mps_flows_free(flows);
}

/* Every third one goes again: the others are found, wherever they moved to. */
static void test_many(void)
{
    MpsFlows *flows = mps_flows_new();
    g_autofree MpsFlowKey *keys = g_new0(MpsFlowKey, 50000);
    bool forward;
    guint n_wrong = 0;

    for (guint i = 0; i < 50000; i++) {
        const MpsSegment packet =
            segment(1, (uint16_t)(i % 25000), (uint8_t)(2 + i / 25000), 80, 4);

        mps_flow_key(&packet.src, &packet.dst, &keys[i], &forward);
        mps_flows_put(flows, &keys[i], &keys[i]);
    }
    for (guint i = 0; i < 50000; i++)
        n_wrong += mps_flows_find(flows, &keys[i]) != &keys[i];
    g_assert_cmpuint(n_wrong, ==, 0);
    for (guint i = 0; i < 50000; i += 3)
        mps_flows_remove(flows, &keys[i], &keys[i]);
    for (guint i = 0; i < 50000; i++)
        n_wrong += mps_flows_find(flows, &keys[i]) != (i % 3 ? &keys[i] : NULL);
    g_assert_cmpuint(n_wrong, ==, 0);
    for (guint i = 0; i < 50000; i++) /* the table shrinks with them */
        if (i != 4)
            mps_flows_remove(flows, &keys[i], &keys[i]);
    for (guint i = 0; i < 50000; i++)
        n_wrong += mps_flows_find(flows, &keys[i]) != (i == 4 ? &keys[i] : NULL);
    g_assert_cmpuint(n_wrong, ==, 0);
    mps_flows_free(flows);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/flows/both directions", test_directions);
    g_test_add_func("/flows/other flows", test_others);
    g_test_add_func("/flows/replace and remove", test_replace);
    g_test_add_func("/flows/many", test_many);
    return g_test_run();
}
