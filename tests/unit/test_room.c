/* test_room.c - arrays that grow at both ends, against GArray. */
#include <glib.h>

#include "util/room.h"

/* Inserts and erases at places that @place chooses. */
static void against_garray(gconstpointer data)
{
    const char *where = data;
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    GArray *plain = g_array_new(FALSE, FALSE, sizeof(int));
    MpsRoom room = {0};
    int *items = NULL;

    for (int i = 0; i < 20000; i++) {
        guint at = 0;

        if (*where == 'b')
            at = plain->len;
        else if (*where == 'm')
            at = (guint)g_rand_int_range(random, 0, (int)plain->len + 1);
        g_array_insert_val(plain, at, i);
        *MPS_ROOM_INSERT(items, &room, at) = i;
        if (i % 7 == 0 && plain->len > 3) {
            const guint from = *where == 'm' ? plain->len / 3 : 0, n = 3;

            g_array_remove_range(plain, from, n);
            MPS_ROOM_ERASE(items, &room, from, n);
        }
    }
    g_assert_cmpuint(room.n_items, ==, plain->len);
    for (guint i = 0; i < plain->len; i++)
        g_assert_cmpint(items[i], ==, g_array_index(plain, int, i));
    MPS_ROOM_FREE(items, &room);
    g_assert_null(items);
    g_assert_cmpuint(room.n_items + room.n_front + room.n_back, ==, 0);
    g_array_unref(plain);
}

/* A queue that is filled behind and emptied in front does not grow. */
static void test_queue(void)
{
    MpsRoom room = {0};
    int *items = NULL;

    for (int i = 0; i < 100000; i++) {
        *MPS_ROOM_INSERT(items, &room, room.n_items) = i;
        if (room.n_items > 10)
            MPS_ROOM_ERASE(items, &room, 0, 1);
    }
    g_assert_cmpint(items[0], ==, 99990);
    g_assert_cmpuint(room.n_front + room.n_items + room.n_back, <, 100);
    MPS_ROOM_FREE(items, &room);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_data_func("/room/front", "front", against_garray);
    g_test_add_data_func("/room/back", "back", against_garray);
    g_test_add_data_func("/room/middle", "middle", against_garray);
    g_test_add_func("/room/queue", test_queue);
    return g_test_run();
}
