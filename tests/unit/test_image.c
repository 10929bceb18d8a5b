/* test_image.c - structures come back with all that their links lead to, and nothing else is taken
 * for an image. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "util/histogram.h"
#include "util/image.h"
#include "util/ranges.h"
#include "util/room.h"

typedef struct Person Person;

typedef struct {
    int64_t number;
    char *text;
    const Person *friend;
} Item;

struct Person {
    char name[8];
    const char *word;
    char *text, *nothing;
    Person *friend, *stranger;
    Item *items;
    unsigned n_items;
    uint64_t *numbers;
    unsigned n_numbers, room_for_numbers;
    GArray *array, *zeroed;
    MpsRanges ranges;
    MpsHistogram few, many;
    struct {
        Item *item;
    } part[2];
    void *own, *later;
};

static size_t n_items(const void *person)
{
    return ((const Person *)person)->n_items;
}

static size_t n_numbers(const void *person)
{
    return ((const Person *)person)->n_numbers;
}

static size_t room_for_numbers(const void *person)
{
    return ((const Person *)person)->room_for_numbers;
}

static const MpsLink item_links[] = {MPS_OWN_TEXT(Item, text), MPS_ENTITY(Item, friend), {0}};
static const MpsLink part_links[] = {MPS_RARE(Item, item_links), {0}};
static const MpsLink links[] = {
    MPS_WORD(Person, word),
    MPS_OWN_TEXT(Person, text),
    MPS_OWN_TEXT(Person, nothing),
    MPS_ENTITY(Person, friend),
    MPS_ENTITY(Person, stranger),
    MPS_COUNTED(Person, items, n_items, item_links),
    MPS_GROWING(Person, numbers, n_numbers, room_for_numbers, NULL),
    MPS_ARRAY(Person, array, Item, item_links),
    MPS_ZEROED_ARRAY(Person, zeroed, int32_t, NULL),
    MPS_PART(Person, ranges, 1, mps_ranges_links),
    MPS_PART(Person, few, 1, mps_histogram_links),
    MPS_PART(Person, many, 1, mps_histogram_links),
    MPS_PART(Person, part, 2, part_links),
    MPS_KEPT(Person, own),
    MPS_OTHER(Person, later),
    {0},
};

static char *path;

static Item make_item(int64_t number, const char *text, const Person *friend)
{
    return (Item){number, g_strdup(text), friend};
}

/* Two who know each other, and one who is not entered. */
static void make(Person persons[2], Person *stranger)
{
    const Item first = make_item(1, "one", &persons[1]), second = make_item(2, NULL, NULL);
    const int32_t number = -7;

    memset(persons, 0, 2 * sizeof *persons);
    for (int i = 0; i < 2; i++) {
        Person *self = &persons[i];

        strcpy(self->name, i == 0 ? "anna" : "bert");
        self->word = "static";
        self->text = g_strdup(i == 0 ? "" : "text");
        self->friend = &persons[1 - i];
        self->stranger = stranger;
        self->own = self;
        self->later = stranger;
    }
    persons[0].n_items = 2;
    persons[0].items = g_new(Item, 2);
    persons[0].items[0] = first;
    persons[0].items[1] = second;
    persons[0].n_numbers = 3;
    persons[0].room_for_numbers = 8;
    persons[0].numbers = g_new0(uint64_t, 8);
    persons[0].numbers[2] = UINT64_MAX;
    persons[0].array = g_array_new(FALSE, FALSE, sizeof(Item));
    for (int i = 0; i < 2; i++) {
        const Item item = make_item(i, "in an array", &persons[0]);

        g_array_append_val(persons[0].array, item);
    }
    persons[0].zeroed = g_array_new(FALSE, TRUE, sizeof(int32_t));
    g_array_append_val(persons[0].zeroed, number);
    mps_ranges_add(&persons[0].ranges, 10, 20);
    mps_ranges_add(&persons[0].ranges, 1, 5);
    for (int i = 0; i < 100; i++)
        mps_histogram_add(&persons[0].many, i * i * i);
    mps_histogram_add(&persons[0].few, 7);
    persons[0].part[1].item = g_new(Item, 1);
    *persons[0].part[1].item = make_item(3, "in a part", &persons[0]);
}

static void release(Person persons[2])
{
    for (int i = 0; i < 2; i++) {
        Person *self = &persons[i];

        for (unsigned k = 0; k < self->n_items; k++)
            g_free(self->items[k].text);
        for (guint k = 0; self->array && k < self->array->len; k++)
            g_free(g_array_index(self->array, Item, k).text);
        if (self->array)
            g_array_unref(self->array);
        if (self->zeroed)
            g_array_unref(self->zeroed);
        if (self->part[1].item)
            g_free(self->part[1].item->text);
        g_free(self->part[1].item);
        g_free(self->items);
        g_free(self->numbers);
        g_free(self->text);
        mps_ranges_clear(&self->ranges);
        mps_histogram_clear(&self->few);
        mps_histogram_clear(&self->many);
    }
}

static void walk(MpsImage *image, Person persons[2])
{
    for (int i = 0; i < 2; i++)
        mps_image_enter(image, &persons[i]);
    for (int i = 0; i < 2; i++)
        mps_image_structure(image, &persons[i], sizeof persons[i], links);
}

static char *write_image(Person persons[2])
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpsImage) image = mps_image_write(path, &error);
    void *entity = &persons[1];
    char *digest;

    g_assert_no_error(error);
    g_assert_false(mps_image_restores(image));
    walk(image, persons);
    mps_image_entity(image, &entity);
    digest = mps_image_end(image, &error);
    g_assert_no_error(error);
    return digest;
}

static void check_same(Person one[2], Person two[2])
{
    g_assert_cmpstr(two[0].name, ==, "anna");
    g_assert_cmpstr(two[0].word, ==, "static");
    g_assert_cmpstr(two[0].text, ==, "");
    g_assert_cmpstr(two[1].text, ==, "text");
    g_assert_null(two[0].nothing);
    g_assert_true(two[0].friend == &two[1] && two[1].friend == &two[0]);
    g_assert_null(two[0].stranger);
    g_assert_null(two[0].later);
    g_assert_true(two[0].own == one); /* it was there before */
    g_assert_cmpstr(two[0].items[0].text, ==, "one");
    g_assert_true(two[0].items[0].friend == &two[1]);
    g_assert_null(two[0].items[1].text);
    g_assert_cmpuint(two[0].numbers[2], ==, UINT64_MAX);
    two[0].numbers[7] = 1; /* there is room */
    g_assert_cmpuint(two[0].array->len, ==, 2);
    g_assert_cmpstr(g_array_index(two[0].array, Item, 1).text, ==, "in an array");
    g_assert_true(g_array_index(two[0].array, Item, 1).friend == &two[0]);
    g_array_set_size(two[0].zeroed, 2);
    g_assert_cmpint(g_array_index(two[0].zeroed, int32_t, 0), ==, -7);
    g_assert_cmpint(g_array_index(two[0].zeroed, int32_t, 1), ==, 0);
    g_assert_cmpuint(mps_ranges_add(&two[0].ranges, 0, 30), ==, 14);
    g_assert_cmpint(mps_histogram_quantile(&two[0].many, 0.7), ==,
                    mps_histogram_quantile(&one[0].many, 0.7));
    for (int i = 0; i < 5; i++) { /* they grow on */
        mps_histogram_add(&two[0].few, 7 + i);
        mps_histogram_add(&one[0].few, 7 + i);
    }
    g_assert_cmpint(mps_histogram_quantile(&two[0].few, 0.5), ==,
                    mps_histogram_quantile(&one[0].few, 0.5));
    g_assert_null(two[0].part[0].item);
    g_assert_cmpstr(two[0].part[1].item->text, ==, "in a part");
}

static void test_round_trip(void)
{
    g_autoptr(GError) error = NULL;
    Person one[2], two[2] = {0}, stranger;
    g_autofree char *digest = NULL, *again = NULL;
    g_autoptr(MpsImage) image = NULL;
    void *entity = NULL;

    make(one, &stranger);
    digest = write_image(one);
    two[0].own = one;
    image = mps_image_read(path, digest, &error);
    g_assert_no_error(error);
    g_assert_true(mps_image_restores(image));
    walk(image, two);
    mps_image_entity(image, &entity);
    g_assert_true(entity == &two[1]);
    again = mps_image_end(image, &error);
    g_assert_cmpstr(again, ==, digest);
    g_clear_pointer(&again, g_free);
    again = write_image(two); /* nothing of it is of where it lies */
    g_assert_cmpstr(again, ==, digest);
    check_same(one, two);
    release(one);
    release(two);
}

/* Another digest, another walk. */
static void test_refuses(void)
{
    g_autoptr(GError) error = NULL;
    Person one[2], stranger;
    g_autofree char *digest = NULL;
    g_autoptr(MpsImage) image = NULL;
    uint64_t number;

    make(one, &stranger);
    digest = write_image(one);
    release(one);
    image = mps_image_read(path, digest, &error);
    MPS_IMAGE(image, number);
    g_assert_null(mps_image_end(image, &error)); /* there is more */
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_clear_error(&error);
    digest[3] = digest[3] == '0' ? '1' : '0';
    g_assert_null(mps_image_read(path, digest, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_clear_error(&error);
    g_unlink(path);
    g_assert_null(mps_image_read(path, digest, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_clear_error(&error);
    g_assert_null(mps_image_write("/no/such/folder/image", &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
}

/* A walk that wants more than there is gets nothing, and says so. */
static void test_too_short(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpsImage) image = mps_image_write(path, &error);
    g_autofree char *digest = NULL;
    uint64_t number = 7;
    Item item = {0};

    MPS_IMAGE(image, number);
    digest = mps_image_end(image, &error);
    g_assert_no_error(error);
    mps_image_free(image);
    image = mps_image_read(path, digest, &error);
    g_assert_no_error(error);
    MPS_IMAGE(image, number);
    g_assert_cmpuint(number, ==, 7);
    MPS_IMAGE(image, number);
    g_assert_cmpuint(number, ==, 0);
    mps_image_structure(image, &item, sizeof item, item_links);
    g_assert_null(item.text);
    g_assert_null(mps_image_end(image, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_autofree char *folder = g_dir_make_tmp("image.XXXXXX", NULL);
    int status;

    g_test_init(&argc, &argv, NULL);
    path = g_build_filename(folder, "image", NULL);
    g_test_add_func("/image/round-trip", test_round_trip);
    g_test_add_func("/image/refuses", test_refuses);
    g_test_add_func("/image/too-short", test_too_short);
    status = g_test_run();
    g_rmdir(folder);
    g_free(path);
    return status;
}
