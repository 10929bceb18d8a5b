/* row_queue.c - rows are copied, with their texts, into pieces of memory that go round in a ring.
 *
 * Row in a piece: | Row | values: MpsValue each | texts, ended by '\0', padded to 8 | */
#include "store/row_queue.h"

#include <string.h>

#include "store/table_numbers.h"
#include "util/thread.h"

enum { N_PIECES = 4 };
#define PIECE_BYTES (256u << 10)

typedef struct {
    const MpsTable *table;
    size_t n_bytes; /* of all */
} Row;

typedef struct {
    uint8_t *bytes;
    size_t capacity, n_bytes;
} Piece;

/* What has to be known of a table to copy its rows. */
typedef struct {
    unsigned n_columns, n_texts;
    unsigned *texts; /* columns that hold text */
} Form;

struct _MpsRowQueue {
    MpsRowSink rows; /* first: the sink is the queue */
    MpsRowSink *to;
    MpsTableNumbers numbers;
    Form *forms;  /* by number */
    Piece *piece; /* being filled, or NULL */
    Piece pieces[N_PIECES];
    MpsRing ring; /* of them */
    GThread *thread;
};

static size_t padded(size_t n_bytes)
{
    return (n_bytes + 7) & ~(size_t)7;
}

void mps_row_queue_hand_over(MpsRowQueue *self)
{
    if (self->piece)
        mps_ring_fill(&self->ring);
    self->piece = NULL;
}

/* Room for @n_bytes; a row that is larger than a piece makes one of its size. */
static uint8_t *make_room(MpsRowQueue *self, size_t n_bytes)
{
    if (self->piece && self->piece->capacity - self->piece->n_bytes < n_bytes)
        mps_row_queue_hand_over(self);
    if (!self->piece) {
        self->piece = &self->pieces[mps_ring_wait_empty(&self->ring)];
        self->piece->n_bytes = 0;
    }
    if (self->piece->capacity < n_bytes) {
        self->piece->capacity = MAX(n_bytes, PIECE_BYTES);
        self->piece->bytes = g_realloc(self->piece->bytes, self->piece->capacity);
    }
    self->piece->n_bytes += n_bytes;
    return self->piece->bytes + self->piece->n_bytes - n_bytes;
}

static void add(MpsRowSink *rows, const MpsTable *table, const MpsValue *values)
{
    MpsRowQueue *self = (MpsRowQueue *)rows;
    const Form *form = &self->forms[mps_table_number(&self->numbers, table)];
    const size_t values_bytes = form->n_columns * sizeof *values;
    size_t n_bytes = sizeof(Row) + values_bytes;

    for (unsigned i = 0; i < form->n_texts; i++)
        if (values[form->texts[i]].known)
            n_bytes += strlen(values[form->texts[i]].text) + 1;
    n_bytes = padded(n_bytes);

    Row *row = (Row *)(void *)make_room(self, n_bytes);
    MpsValue *copies = (MpsValue *)(void *)(row + 1);
    char *text = (char *)copies + values_bytes;

    *row = (Row){table, n_bytes};
    memcpy(copies, values, values_bytes);
    for (unsigned i = 0; i < form->n_texts; i++) {
        MpsValue *copy = &copies[form->texts[i]];

        if (!copy->known)
            continue;
        copy->text = strcpy(text, copy->text);
        text += strlen(text) + 1;
    }
}

static gpointer store(gpointer user)
{
    MpsRowQueue *self = user;
    int slot;

    while ((slot = mps_ring_wait_full(&self->ring)) >= 0) {
        const Piece *piece = &self->pieces[slot];

        for (size_t at = 0; at < piece->n_bytes;) {
            const Row *row = (const Row *)(const void *)(piece->bytes + at);

            self->to->add(self->to, row->table, (const MpsValue *)(const void *)(row + 1));
            at += row->n_bytes;
        }
        mps_ring_empty(&self->ring);
    }
    return NULL;
}

static Form make_form(const MpsTable *table)
{
    Form form = {0};
    g_autoptr(GArray) texts = g_array_new(FALSE, FALSE, sizeof(unsigned));

    for (; table->columns[form.n_columns].name; form.n_columns++)
        if (table->columns[form.n_columns].type == MPS_TEXT)
            g_array_append_val(texts, form.n_columns);
    form.n_texts = texts->len;
    form.texts = (unsigned *)(void *)g_array_free(g_steal_pointer(&texts), FALSE);
    return form;
}

MpsRowQueue *mps_row_queue_new(MpsRowSink *rows, const MpsTable *const *tables)
{
    MpsRowQueue *self = g_new0(MpsRowQueue, 1);

    self->rows.add = add;
    self->to = rows;
    self->numbers = mps_table_numbers_new(tables);
    self->forms = g_new0(Form, self->numbers.n_tables);
    for (unsigned i = 0; i < self->numbers.n_tables; i++)
        self->forms[i] = make_form(tables[i]);
    mps_ring_begin(&self->ring, N_PIECES);
    self->thread = mps_thread_start("store", store, self);
    return self;
}

MpsRowSink *mps_row_queue_rows(MpsRowQueue *self)
{
    return &self->rows;
}

void mps_row_queue_free(MpsRowQueue *self)
{
    if (!self)
        return;
    mps_row_queue_hand_over(self);
    mps_ring_end(&self->ring);
    g_thread_join(self->thread);
    mps_ring_clear(&self->ring);
    for (unsigned i = 0; i < N_PIECES; i++)
        g_free(self->pieces[i].bytes);
    for (unsigned i = 0; i < self->numbers.n_tables; i++)
        g_free(self->forms[i].texts);
    mps_table_numbers_clear(&self->numbers);
    g_free(self->forms);
    g_free(self);
}
