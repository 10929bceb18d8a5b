/* batch.c - rows wait as records in a database in memory, on one page for each table.  A full page
 * goes into the file by one statement: between tables that are alike SQLite copies whole records,
 * where it would handle each value of a row several times.
 *
 * The formats are those of https://sqlite.org/fileformat.html:
 *   record:         | bytes of the header | type of each value | values |
 *   cell of a page: | bytes of the record | rowid | record |
 * A record too long for a page goes on in overflow pages. */
#include "store/batch.h"

#include <math.h>
#include <string.h>

#include "store/schema.h"
#include "store/table_numbers.h"

enum {
    PAGE_BYTES = 32768,
    LEAF_OF_TABLE = 13, /* the kind of page */
    HEADER_BYTES = 8,   /* of a page, before the places of its cells, in order of rowids */
    PLACE_BYTES = 2,
    MAX_VARINT = 9,
    CHAIN_BYTES = 4, /* number of the next overflow page */
    LINK_BYTES = PAGE_BYTES - CHAIN_BYTES,
    MAX_LOCAL = PAGE_BYTES - 35,                   /* of a record, in its page; */
    MIN_LOCAL = (PAGE_BYTES - 12) * 32 / 255 - 23, /* of one that is longer */
};

/* Fields of the first page. */
enum { CHANGE_COUNTER = 24, N_PAGES = 28, VALID_FOR = 92 };

typedef struct {
    const MpsTable *table;
    int key; /* the column that is the rowid; -1: none is */
    sqlite3_stmt *copy;
    size_t page_at; /* in the image */
    unsigned n_rows;
    unsigned begin; /* of the cells, which are put in from the end */
} Leaf;

typedef struct {
    const uint8_t *bytes;
    size_t n_bytes;
} Record;

struct _MpsBatch {
    sqlite3 *db;
    MpsTableNumbers numbers;
    Leaf *leaves;            /* by number */
    uint8_t *image;          /* of the database in memory, which SQLite reads only */
    size_t n_pages, n_fixed; /* those behind are for overflow */
    uint8_t *types;          /* of the record that is made */
    uint8_t *record;         /* its values, from values_at on */
    size_t values_at, capacity;
    size_t numbers_bytes; /* of a row that is all numbers, at most */
};

static void put_u16(uint8_t *to, unsigned value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static unsigned get_u16(const uint8_t *from)
{
    return (unsigned)from[0] << 8 | from[1];
}

static void put_u32(uint8_t *to, size_t value)
{
    put_u16(to, (unsigned)(value >> 16));
    put_u16(to + 2, (unsigned)value);
}

static size_t get_u32(const uint8_t *from)
{
    return (size_t)get_u16(from) << 16 | get_u16(from + 2);
}

static unsigned varint_bytes(uint64_t value)
{
    unsigned n = 1;

    while (n < MAX_VARINT && (value >>= 7) != 0)
        n++;
    return n;
}

/* Seven bits in each byte, the highest first, and eight in a ninth. */
static uint8_t *put_varint(uint8_t *to, uint64_t value)
{
    unsigned at = varint_bytes(value);
    uint8_t *const end = to + at;
    uint8_t more = 0;

    if (at == MAX_VARINT) {
        to[--at] = (uint8_t)value;
        value >>= 8;
        more = 0x80;
    }
    for (; at > 0; value >>= 7, more = 0x80)
        to[--at] = (uint8_t)((value & 0x7f) | more);
    return end;
}

static const uint8_t *get_varint(const uint8_t *from, uint64_t *value)
{
    *value = 0;
    for (unsigned n = 1; n < MAX_VARINT; n++, from++) {
        *value = *value << 7 | (*from & 0x7f);
        if (*from < 0x80)
            return from + 1;
    }
    *value = *value << 8 | *from;
    return from + 1;
}

/* Big-endian, in as few bytes as there is a type for; 0 and 1 are types of their own. */
static void put_int(uint8_t **type, uint8_t **to, int64_t value)
{
    static const uint8_t types[] = {1, 2, 3, 4, 5, 5, 6, 6}, sizes[] = {1, 2, 3, 4, 6, 6, 8, 8};

    if (value == 0 || value == 1) {
        *(*type)++ = (uint8_t)(8 + value);
        return;
    }

    const uint64_t magnitude = (uint64_t)(value < 0 ? ~value : value);
    const int at = (64 - __builtin_clzll(magnitude << 1 | 1) - 1) / 8; /* with a bit for the sign */
    const uint64_t bytes = GUINT64_TO_BE((uint64_t)value << (64 - 8 * sizes[at]));

    *(*type)++ = types[at];
    memcpy(*to, &bytes, sizeof bytes);
    *to += sizes[at];
}

/* One that is not a number is NULL, as it is for SQLite. */
static void put_real(uint8_t **type, uint8_t **to, double value)
{
    uint64_t bytes;

    if (isnan(value)) {
        *(*type)++ = 0;
        return;
    }
    memcpy(&bytes, &value, sizeof bytes);
    bytes = GUINT64_TO_BE(bytes);
    *(*type)++ = 7;
    memcpy(*to, &bytes, sizeof bytes);
    *to += sizeof bytes;
}

/* Room for a text of @n_bytes at @to, and behind it for all numbers of a row. */
static uint8_t *make_room(MpsBatch *self, uint8_t *to, size_t n_bytes)
{
    const size_t used = (size_t)(to - self->record), needed = used + n_bytes + self->numbers_bytes;

    if (self->capacity < needed) {
        self->capacity = 2 * needed;
        self->record = g_realloc(self->record, self->capacity);
    }
    return self->record + used;
}

/* The header comes before the values when it is known how long it is. */
static Record make_record(MpsBatch *self, const Leaf *leaf, const MpsValue *values)
{
    const MpsColumn *columns = leaf->table->columns;
    uint8_t *type = self->types, *to = self->record + self->values_at;

    for (int i = 0; columns[i].name; i++) {
        if (!values[i].known || i == leaf->key) {
            *type++ = 0;
        } else if (columns[i].type == MPS_INT) {
            put_int(&type, &to, values[i].i64);
        } else if (columns[i].type == MPS_REAL) {
            put_real(&type, &to, values[i].real);
        } else {
            const size_t n_bytes = strlen(values[i].text);

            type = put_varint(type, 13 + 2 * (uint64_t)n_bytes);
            to = make_room(self, to, n_bytes);
            memcpy(to, values[i].text, n_bytes);
            to += n_bytes;
        }
    }

    const size_t n_types = (size_t)(type - self->types);
    const size_t n_header = n_types + (n_types < 0x7f ? 1 : 2);
    uint8_t *const begin = self->record + self->values_at - n_header;

    memcpy(put_varint(begin, n_header), self->types, n_types);
    return (Record){begin, (size_t)(to - begin)};
}

static bool attach_image(MpsBatch *self, const uint8_t *from, size_t n_from, size_t n_pages)
{
    uint8_t *image = g_malloc0_n(n_pages, PAGE_BYTES);
    const sqlite3_int64 n_bytes = (sqlite3_int64)(n_pages * PAGE_BYTES);

    memcpy(image, from, n_from * PAGE_BYTES);
    put_u32(image + N_PAGES, n_pages);

    const int status = sqlite3_deserialize(self->db, "batch", image, n_bytes, n_bytes,
                                           SQLITE_DESERIALIZE_READONLY);

    g_free(self->image);
    self->image = image;
    self->n_pages = n_pages;
    return status == SQLITE_OK;
}

/* Pages are not as SQLite has seen them before. */
static void tell_change(MpsBatch *self)
{
    const size_t n_changes = get_u32(self->image + CHANGE_COUNTER) + 1;

    put_u32(self->image + CHANGE_COUNTER, n_changes);
    put_u32(self->image + VALID_FOR, n_changes);
}

static void finish_page(MpsBatch *self, const Leaf *leaf)
{
    uint8_t *page = self->image + leaf->page_at;

    memset(page, 0, HEADER_BYTES);
    page[0] = LEAF_OF_TABLE;
    put_u16(page + 3, leaf->n_rows);
    put_u16(page + 5, leaf->begin);
}

static bool copy_rows(Leaf *leaf)
{
    const bool good = sqlite3_step(leaf->copy) == SQLITE_DONE;

    sqlite3_reset(leaf->copy);
    leaf->n_rows = 0;
    leaf->begin = PAGE_BYTES;
    return good;
}

static bool flush_one(MpsBatch *self, Leaf *leaf)
{
    finish_page(self, leaf);
    tell_change(self);
    return copy_rows(leaf);
}

bool mps_batch_flush(MpsBatch *self)
{
    for (unsigned i = 0; i < self->numbers.n_tables; i++)
        finish_page(self, &self->leaves[i]);
    tell_change(self);

    bool good = sqlite3_exec(self->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
    for (unsigned i = 0; good && i < self->numbers.n_tables; i++)
        good = self->leaves[i].n_rows == 0 || copy_rows(&self->leaves[i]);
    return good && sqlite3_exec(self->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

/* How much of a record is in the page of its cell: all, or what leaves no overflow page in part
 * empty, if that is not too much. */
static size_t local_bytes(size_t n_bytes)
{
    const size_t fitting = MIN_LOCAL + (n_bytes - MIN_LOCAL) % LINK_BYTES;

    return n_bytes <= MAX_LOCAL ? n_bytes : fitting <= MAX_LOCAL ? fitting : MIN_LOCAL;
}

static bool put_overflow(MpsBatch *self, const uint8_t *from, size_t n_bytes)
{
    const size_t n_links = (n_bytes + LINK_BYTES - 1) / LINK_BYTES;

    if (self->n_pages < self->n_fixed + n_links &&
        !attach_image(self, self->image, self->n_pages, self->n_fixed + n_links))
        return false;
    for (size_t at = self->n_fixed; n_bytes > 0; at++) {
        uint8_t *page = self->image + at * PAGE_BYTES;
        const size_t here = MIN(n_bytes, LINK_BYTES);

        n_bytes -= here;
        put_u32(page, n_bytes > 0 ? at + 2 : 0); /* pages are counted from 1 */
        memcpy(page + CHAIN_BYTES, from, here);
        from += here;
    }
    return true;
}

static uint8_t *place_at(uint8_t *page, unsigned index)
{
    return page + HEADER_BYTES + PLACE_BYTES * index;
}

static int64_t rowid_at(uint8_t *page, unsigned index)
{
    uint64_t value;

    get_varint(get_varint(page + get_u16(place_at(page, index)), &value), &value);
    return (int64_t)value;
}

/* Makes a place for a cell, behind those with a lower rowid. */
static uint8_t *make_place(const Leaf *leaf, uint8_t *page, int64_t rowid)
{
    unsigned low = leaf->key >= 0 ? 0 : leaf->n_rows, high = leaf->n_rows;

    while (low < high) {
        const unsigned middle = (low + high) / 2;

        if (rowid_at(page, middle) > rowid)
            high = middle;
        else
            low = middle + 1;
    }

    uint8_t *place = place_at(page, low);

    memmove(place + PLACE_BYTES, place, (size_t)PLACE_BYTES * (leaf->n_rows - low));
    return place;
}

static bool fits(const Leaf *leaf, size_t n_bytes)
{
    return HEADER_BYTES + PLACE_BYTES * (leaf->n_rows + 1) + n_bytes <= leaf->begin;
}

bool mps_batch_add(MpsBatch *self, const MpsTable *table, const MpsValue *values)
{
    Leaf *leaf = &self->leaves[mps_table_number(&self->numbers, table)];

    g_assert(leaf->key < 0 || values[leaf->key].known);

    const Record record = make_record(self, leaf, values);
    const size_t local = local_bytes(record.n_bytes), rest = record.n_bytes - local;

    if (!fits(leaf, MAX_VARINT + MAX_VARINT + local + CHAIN_BYTES) && !flush_one(self, leaf))
        return false;
    if (rest > 0 && !put_overflow(self, record.bytes + local, rest))
        return false;

    uint8_t *page = self->image + leaf->page_at;
    const int64_t rowid = leaf->key >= 0 ? values[leaf->key].i64 : (int64_t)leaf->n_rows + 1;
    uint8_t *place = make_place(leaf, page, rowid);

    leaf->begin -= varint_bytes(record.n_bytes) + varint_bytes((uint64_t)rowid) + (unsigned)local +
                   (rest > 0 ? CHAIN_BYTES : 0);
    leaf->n_rows++;
    put_u16(place, leaf->begin);

    uint8_t *to = put_varint(put_varint(page + leaf->begin, record.n_bytes), (uint64_t)rowid);

    memcpy(to, record.bytes, local);
    if (rest == 0)
        return true;
    put_u32(to + local, self->n_fixed + 1);
    return flush_one(self, leaf); /* the overflow pages are one row's */
}

/* Makes tables like those of the file, empty, each on a page of its own. */
static bool create_tables(MpsBatch *self)
{
    g_autoptr(GString) sql = g_string_new("ATTACH ':memory:' AS batch; PRAGMA batch.page_size = ");

    g_string_append_printf(sql, "%d;", PAGE_BYTES);
    for (unsigned i = 0; i < self->numbers.n_tables; i++)
        mps_schema_append_table(sql, "batch.", self->leaves[i].table, false);
    return sqlite3_exec(self->db, sql->str, NULL, NULL, NULL) == SQLITE_OK;
}

static bool find_pages(MpsBatch *self)
{
    sqlite3_stmt *root = NULL;
    bool good =
        sqlite3_prepare_v2(self->db, "SELECT rootpage FROM batch.sqlite_master WHERE name = ?1", -1,
                           &root, NULL) == SQLITE_OK;

    for (unsigned i = 0; good && i < self->numbers.n_tables; i++) {
        sqlite3_bind_text(root, 1, self->leaves[i].table->name, -1, SQLITE_STATIC);
        good = sqlite3_step(root) == SQLITE_ROW;
        self->leaves[i].page_at = (size_t)(sqlite3_column_int(root, 0) - 1) * PAGE_BYTES;
        sqlite3_reset(root);
    }
    sqlite3_finalize(root);
    return good;
}

/* From now on the pages are written here. */
static bool take_image(MpsBatch *self)
{
    sqlite3_int64 n_bytes = 0;
    uint8_t *image = sqlite3_serialize(self->db, "batch", &n_bytes, 0);
    bool good;

    self->n_fixed = (size_t)n_bytes / PAGE_BYTES;
    good = image && attach_image(self, image, self->n_fixed, self->n_fixed);
    sqlite3_free(image);
    return good;
}

static bool prepare_copies(MpsBatch *self)
{
    for (unsigned i = 0; i < self->numbers.n_tables; i++) {
        const char *name = self->leaves[i].table->name;
        g_autofree char *sql =
            g_strdup_printf("INSERT INTO main.%s SELECT * FROM batch.%s", name, name);

        if (sqlite3_prepare_v3(self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &self->leaves[i].copy,
                               NULL) != SQLITE_OK)
            return false;
    }
    return true;
}

MpsBatch *mps_batch_new(sqlite3 *db, const MpsTable *const *tables, const MpsTable *const *goals)
{
    g_autoptr(MpsBatch) self = g_new0(MpsBatch, 1);
    size_t most_columns = 0;

    self->db = db;
    self->numbers = mps_table_numbers_new(tables);
    self->leaves = g_new0(Leaf, self->numbers.n_tables);
    for (unsigned i = 0; i < self->numbers.n_tables; i++) {
        self->leaves[i] = (Leaf){
            .table = goals[i], .key = mps_schema_rowid_column(goals[i]), .begin = PAGE_BYTES};
        most_columns = MAX(most_columns, mps_schema_n_columns(goals[i]));
    }
    self->types = g_malloc(most_columns * MAX_VARINT);
    self->values_at = most_columns * MAX_VARINT + MAX_VARINT;
    self->numbers_bytes = most_columns * sizeof(uint64_t);
    self->capacity = self->values_at + self->numbers_bytes;
    self->record = g_malloc(self->capacity);
    if (!create_tables(self) || !find_pages(self) || !take_image(self) || !prepare_copies(self))
        return NULL;
    return g_steal_pointer(&self);
}

void mps_batch_free(MpsBatch *self)
{
    if (!self)
        return;
    for (unsigned i = 0; i < self->numbers.n_tables; i++)
        sqlite3_finalize(self->leaves[i].copy);
    if (!sqlite3_get_autocommit(self->db)) /* a transaction that failed */
        (void)sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
    (void)sqlite3_exec(self->db, "DETACH batch", NULL, NULL, NULL);
    mps_table_numbers_clear(&self->numbers);
    g_free(self->leaves);
    g_free(self->image);
    g_free(self->types);
    g_free(self->record);
    g_free(self);
}
