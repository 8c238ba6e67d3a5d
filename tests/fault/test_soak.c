/* SPDX-License-Identifier: MIT */
/*
 * Mixed load for a while: units of every kind from several threads, with failures, rollbacks and servers'
 * processes that are ended, and then: what was acknowledged is there, and memory, descriptors and connections
 * have not grown. TRDB_TEST_SOAK tells the seconds; tests/run.sh --long runs half an hour.
 */
#include "harness.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 6, POOL = 8, BULK = 600, MOST_SAMPLES = 64 };

static char *url;
static trdb_db *db;
static int64_t bot, user;
static atomic_bool stop;
static atomic_long stored, in_doubt;

/* ---- the load ---------------------------------------------------------------------------------------- */

typedef struct worker {
    pthread_t thread;
    unsigned seed;
    long units, refusals, losses;
    const char *complaint; /* what should not have happened */
    int code;
    char words[256]; /* of the error */
} worker;

static trdb_trading_trade_new trade(unsigned n) {
    static const char *const symbols[] = {"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"};
    trdb_trading_trade_new in = trdb_trading_trade_new_init();
    in.bot_id = trdb_i64(bot);
    in.symbol = symbols[n % 4];
    in.interval = "1h";
    in.entry_logic_name = "in";
    in.exit_logic_name = "out";
    in.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    in.direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG);
    in.status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN);
    in.entry_price = trdb_dec("123.4567");
    in.size = trdb_dec("1");
    in.extra_metadata = "{\"note\": \"a longer text, so that there is something to keep\"}";
    return in;
}

static int insert_one(trdb_uow *uow, unsigned n, trdb_error **err) {
    trdb_trading_trade *row = NULL;
    const trdb_trading_trade_new in = trade(n);
    int code = trdb_trading_trade_insert(uow, &in, &row, err);
    trdb_trading_trade_free(row);
    return code < 0 ? code : 1;
}

/* Writes that wait for each other's round trip. */
static int insert_some(trdb_uow *uow, unsigned n, trdb_error **err) {
    int code = 0;
    for (unsigned i = 0; i < 5 && code == 0; i++) {
        const trdb_trading_trade_new in = trade(n + i);
        code = trdb_trading_trade_insert(uow, &in, NULL, err);
    }
    if (code == 0)
        code = trdb_trading_heartbeat(uow, bot, trdb_timestamp_now(), err);
    return code < 0 ? code : 5;
}

static int insert_bulk(trdb_uow *uow, unsigned n, trdb_error **err) {
    trdb_trading_trade_new *rows = calloc(BULK, sizeof *rows);
    if (!rows)
        return TRDB_E_NOMEM;
    for (unsigned i = 0; i < BULK; i++)
        rows[i] = trade(n + i);
    trdb_trading_trade_list *list = NULL;
    int code = trdb_trading_trades_insert(uow, rows, sizeof *rows, BULK, n % 2 ? &list : NULL, err);
    trdb_trading_trade_list_free(list);
    free(rows);
    return code < 0 ? code : BULK;
}

static int read_list(trdb_uow *uow, unsigned n, trdb_error **err) {
    trdb_trading_trade_list *list = NULL;
    int code = trdb_trading_trades_list(uow,
                                        TRDB_TRADING_TRADE_FILTER(.bot_id = trdb_where_i64_eq(bot),
                                                                  .limit = trdb_i64(1 + n % 500),
                                                                  .symbol = trdb_where_text_eq("BTCUSDT")),
                                        &list, err);
    trdb_trading_trade_list_free(list);
    return code;
}

/* A stream, which is left half-way now and then. */
static int read_stream(trdb_uow *uow, unsigned n, trdb_error **err) {
    trdb_trading_trade_stream *stream = NULL;
    const trdb_trading_trade *row = NULL;
    trdb_stream_options options = trdb_stream_options_init();
    options.batch_rows = 50;
    int code = trdb_trading_trades_stream(
        uow, TRDB_TRADING_TRADE_FILTER(.bot_id = trdb_where_i64_eq(bot), .limit = trdb_i64(1 + n % 500)),
        &options, &stream, err);
    if (code < 0)
        return code;
    for (unsigned left = n % 3 ? UINT32_MAX : n % 200;
         left > 0 && (code = trdb_trading_trade_stream_next(stream, &row, err)) == 1; left--)
        ;
    trdb_trading_trade_stream_free(stream);
    return code < 0 ? code : insert_one(uow, n, err); /* the unit goes on */
}

/* Columns, half of the times as a stream of Arrow that outlives them. */
static int read_columns(trdb_uow *uow, unsigned n, trdb_error **err) {
    trdb_columns *columns = NULL;
    struct ArrowArrayStream stream = {.release = NULL};
    struct ArrowArray array = {.release = NULL};
    int code = trdb_trading_trades_columns(
        uow, TRDB_TRADING_TRADE_FILTER(.bot_id = trdb_where_i64_eq(bot), .limit = trdb_i64(1 + n % 2000)),
        NULL, &columns, err);
    if (code == 0 && n % 2)
        code = trdb_columns_export_arrow(columns, &stream, err);
    trdb_columns_free(columns);
    if (stream.release && stream.get_next(&stream, &array) == 0 && array.release)
        array.release(&array);
    if (stream.release)
        stream.release(&stream);
    return code;
}

/* A read, a write and a read of it in one round trip. */
static int batch(trdb_uow *uow, unsigned n, trdb_error **err) {
    trdb_batch *batch = NULL;
    trdb_trading_bot *robot = NULL;
    trdb_trading_trade *made = NULL;
    trdb_trading_trade_list *list = NULL;
    const trdb_trading_trade_new in = trade(n);
    int code = trdb_batch_new(uow, &batch, err);
    if (code == 0)
        code = trdb_batch_trading_bot_get(batch, bot, &robot, err);
    if (code == 0)
        code = trdb_batch_trading_trade_insert(batch, &in, &made, err);
    if (code == 0)
        code = trdb_batch_trading_trades_list(batch, TRDB_TRADING_TRADE_FILTER(.limit = trdb_i64(20)), &list,
                                              err);
    if (code == 0)
        code = trdb_batch_run(batch, err);
    trdb_trading_bot_free(robot);
    trdb_trading_trade_free(made);
    trdb_trading_trade_list_free(list);
    trdb_batch_free(batch);
    return code < 0 ? code : 1;
}

/* A bot, and a trade of it, before anybody knows the bot's key. */
static int refer(trdb_uow *uow, unsigned n, trdb_error **err) {
    trdb_ref robot;
    trdb_trading_trade_new in = trade(n);
    int code = trdb_trading_bot_insert_ref(
        uow,
        TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(user), .config = "{}",
                             .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                             .status = trdb_enum(TRDB_TRADING_BOT_STATUS_STOPPED)),
        &robot, err);
    if (code < 0)
        return code;
    in.bot_id = trdb_i64_ref(robot);
    code = trdb_trading_trade_insert(uow, &in, NULL, err);
    return code < 0 ? code : 1;
}

static int ask(trdb_uow *uow, unsigned n, trdb_error **err) {
    trdb_trading_pnl_summary_row *row = NULL;
    trdb_usr_user *found = NULL;
    (void)n;
    int code = trdb_trading_pnl_summary(uow, trdb_i64(bot), &row, err);
    if (code == 0)
        code = trdb_usr_user_get(uow, user, &found, err);
    trdb_usr_user_free(found);
    trdb_trading_pnl_summary_row_free(row);
    return code;
}

/* The server refuses it. */
static int refused(trdb_uow *uow, unsigned n, trdb_error **err) {
    trdb_trading_trade_new in = trade(n);
    in.bot_id = trdb_i64(INT64_MAX - n);
    int code = trdb_trading_trade_insert(uow, &in, NULL, err);
    return code < 0 ? code : trdb_uow_flush(uow, err);
}

static int undone(trdb_uow *uow, unsigned n, trdb_error **err) {
    int code = trdb_uow_savepoint(uow, err);
    if (code == 0)
        code = refused(uow, n, err);
    if (code == TRDB_E_REFERENCE) {
        trdb_error_free(*err);
        *err = NULL;
        code = trdb_uow_rollback_to(uow, err);
    }
    return code < 0 ? code : insert_one(uow, n, err);
}

typedef int (*part_fn)(trdb_uow *uow, unsigned n, trdb_error **err);

/* One unit; *rows receives what it wrote. */
static int run_unit(part_fn part, unsigned n, uint32_t flags, bool roll_back, long *rows, trdb_error **err) {
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = flags;
    int code = trdb_uow_begin(db, &options, &uow, err);
    if (code < 0)
        return code;
    code = part(uow, n, err);
    *rows = roll_back || code < 0 ? 0 : code;
    if (code >= 0)
        code = roll_back ? trdb_uow_rollback(uow, err) : trdb_uow_commit(uow, err);
    trdb_uow_free(uow);
    return code;
}

static void judge(worker *w, int code, const trdb_error *err, bool refusal, long rows) {
    w->units++;
    if (code == 0) {
        atomic_fetch_add(&stored, rows);
        if (refusal)
            w->complaint = "a unit that must fail did not", w->code = code;
    } else if (code == TRDB_E_REFERENCE && refusal) {
        w->refusals++;
    } else if (code == TRDB_E_IN_DOUBT) {
        atomic_fetch_add(&in_doubt, rows);
        w->losses++;
    } else if (trdb_error_retryable(err) || code == TRDB_E_CONNECT) {
        w->losses++;
    } else {
        w->complaint = "an error that nothing explains", w->code = code;
        snprintf(w->words, sizeof w->words, "%s", trdb_error_message(err));
    }
}

static void *work(void *arg) {
    static const part_fn parts[] = {insert_one, insert_some, insert_bulk, read_list,    ask,   refused,
                                    undone,     read_list,   read_stream, read_columns, batch, refer};
    enum { PARTS = sizeof parts / sizeof *parts };
    worker *w = arg;
    while (!atomic_load(&stop) && !w->complaint) {
        unsigned n = (unsigned)rand_r(&w->seed), choice = n / 8 % PARTS;
        long rows = 0;
        trdb_error *err = NULL;
        /* Most of the bulk is undone: what is stored should not outgrow the disk. */
        bool roll_back = choice == 2 ? n / 128 % 8 != 0 : n / 128 % 5 == 0;
        uint32_t flags = n / 1024 % 2 ? TRDB_UOW_PIPELINE : 0;
        int code = run_unit(parts[choice], n, flags, roll_back, &rows, &err);
        judge(w, code, err, parts[choice] == refused, rows);
        trdb_error_free(err);
    }
    return NULL;
}

/* ---- what is measured -------------------------------------------------------------------------------- */

typedef struct sample {
    long resident_kb;
    int descriptors;
    int connections;
} sample;

static int count_descriptors(void) {
    DIR *dir = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(dir);
    int count = -1; /* its own */
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static long resident_kb(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%*d %ld", &pages), 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static sample take_sample(void) {
    sample now = {.resident_kb = resident_kb(), .descriptors = count_descriptors()};
    char *count =
        harness_value(url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                           "AND pid <> pg_backend_pid()");
    now.connections = atoi(count);
    free(count);
    return now;
}

static void end_some_backends(void) {
    harness_sql(url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() ORDER BY random() LIMIT 2");
}

static sample most(const sample *samples, int from, int until) {
    sample top = samples[from];
    for (int i = from + 1; i < until; i++) {
        top.resident_kb = samples[i].resident_kb > top.resident_kb ? samples[i].resident_kb : top.resident_kb;
        top.descriptors = samples[i].descriptors > top.descriptors ? samples[i].descriptors : top.descriptors;
        top.connections = samples[i].connections > top.connections ? samples[i].connections : top.connections;
    }
    return top;
}

/* After a third of the time everything has its size. */
static void check_flat(const sample *samples, int count) {
    sample middle = most(samples, count / 3, 2 * count / 3), last = most(samples, 2 * count / 3, count);
    printf("# resident: %ld kB, later %ld kB; descriptors: %d, later %d; connections: %d, later %d\n",
           middle.resident_kb, last.resident_kb, middle.descriptors, last.descriptors, middle.connections,
           last.connections);
    ck_assert_msg(last.resident_kb <= middle.resident_kb + middle.resident_kb / 10 + 4096,
                  "memory grew from %ld to %ld kB", middle.resident_kb, last.resident_kb);
    ck_assert_int_le(last.connections, POOL);
    ck_assert_int_le(last.descriptors, middle.descriptors + POOL);
}

/* ---- the test ---------------------------------------------------------------------------------------- */

static void prepare(void) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_usr_user *made = NULL;
    trdb_trading_bot *robot = NULL;
    trdb_db_options options = trdb_db_options_init();
    options.pool_size = POOL;
    options.pool_overflow = -1;
    options.max_lifetime_ms = 5000; /* connections are also replaced for their age */
    ck_ok(trdb_open(url, &options, &db, &err), err);
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    ck_ok(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.role = trdb_enum(TRDB_USR_ROLE_TRADER)), &made, &err),
          err);
    user = made->id;
    ck_ok(trdb_trading_bot_insert(uow,
                                  TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(user), .config = "{}",
                                                       .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                       .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING)),
                                  &robot, &err),
          err);
    bot = robot->id;
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    trdb_usr_user_free(made);
    trdb_trading_bot_free(robot);
}

static int watch(int seconds, sample samples[MOST_SAMPLES]) {
    int count = seconds < 60 ? 12 : 60;
    for (int i = 0; i < count; i++) {
        usleep((useconds_t)(seconds * 1000000LL / count));
        samples[i] = take_sample();
        printf("# %d s: %ld kB, %d descriptors, %d connections, %ld rows\n", (i + 1) * seconds / count,
               samples[i].resident_kb, samples[i].descriptors, samples[i].connections, atomic_load(&stored));
        if (i % 2)
            end_some_backends();
    }
    return count;
}

START_TEST(mixed_load) {
    const char *given = getenv("TRDB_TEST_SOAK");
    int seconds = given ? atoi(given) : 20;
    worker workers[THREADS] = {{0}};
    sample samples[MOST_SAMPLES];
    url = harness_database();
    prepare();
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].seed = 4711 + i;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    int count = watch(seconds, samples);
    atomic_store(&stop, true);
    long units = 0, refusals = 0, losses = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        units += workers[i].units, refusals += workers[i].refusals, losses += workers[i].losses;
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_msg(!workers[i].complaint, "%s: %s: %s", workers[i].complaint,
                      trdb_error_code_name(workers[i].code), workers[i].words);
    trdb_db_free(db);
    char *rows = harness_value(url, "SELECT count(*) FROM trading_trades");
    printf("# %d s: %ld units, %ld refused, %ld lost; %ld rows acknowledged, %s there, %ld in doubt\n",
           seconds, units, refusals, losses, atomic_load(&stored), rows, atomic_load(&in_doubt));
    ck_assert_int_ge(atol(rows), atomic_load(&stored));
    ck_assert_int_le(atol(rows), atomic_load(&stored) + atomic_load(&in_doubt));
    ck_assert(refusals > 0 && losses > 0);
    free(rows);
    check_flat(samples, count);
    harness_database_free(url);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("soak");
    TCase *tcase = tcase_create("soak");
    const char *given = getenv("TRDB_TEST_SOAK");
    tcase_set_timeout(tcase, 120 + 2 * (given ? atoi(given) : 20));
    tcase_add_test(tcase, mixed_load);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
