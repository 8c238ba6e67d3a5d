/* SPDX-License-Identifier: MIT */
/* The calls that open, migrate, examine, begin and end. */
#include "nomem.h"

NOMEM_GIVES(trdb_db, open_database, trdb_open(at->url, NULL, &ret, err))
NOMEM_GIVES(trdb_uow, begin, trdb_uow_begin(at->db, NULL, &ret, err))

static const trdb_uow_options all_options = {
    .struct_size = sizeof(trdb_uow_options),
    .flags = TRDB_UOW_READ_ONLY,
    .acting_user = "nobody",
    .lock_timeout_ms = 1000,
    .statement_timeout_ms = 1000,
};
NOMEM_GIVES(trdb_uow, begin_with_options, trdb_uow_begin(at->db, &all_options, &ret, err))

static int write_something(nomem *at, trdb_error **err) {
    return trdb_trading_heartbeat(at->uow, at->bot, trdb_timestamp_now(), err);
}

/* From the first write to the end of the unit. */
static int commit(nomem *at, trdb_error **err) {
    int code = write_something(at, err);
    return code < 0 ? code : trdb_uow_commit(at->uow, err);
}

static int roll_back(nomem *at, trdb_error **err) {
    int code = write_something(at, err);
    return code < 0 ? code : trdb_uow_rollback(at->uow, err);
}

static int savepoints(nomem *at, trdb_error **err) {
    int code = trdb_uow_savepoint(at->uow, err);
    if (code == 0)
        code = write_something(at, err);
    if (code == 0)
        code = trdb_uow_rollback_to(at->uow, err);
    if (code == 0)
        code = trdb_uow_savepoint(at->uow, err);
    return code < 0 ? code : trdb_uow_release(at->uow, err);
}

static int flush(nomem *at, trdb_error **err) {
    int code =
        trdb_trading_bot_patch(at->uow, at->bot, TRDB_TRADING_BOT_NEW(.description = "new"), NULL, err);
    return code < 0 ? code : trdb_uow_flush(at->uow, err);
}

static int unit(trdb_uow *uow, void *arg, trdb_error **err) {
    const nomem *at = arg;
    return trdb_trading_heartbeat(uow, at->bot, trdb_timestamp_now(), err);
}
NOMEM_DOES(run, trdb_run(at->db, unit, at, NULL, err))

static void hear(void *arg, const trdb_trace_event *event) {
    (void)arg, (void)event;
}
NOMEM_DOES(set_trace, trdb_set_trace(at->db, hear, NULL, err))

static int stats(nomem *at, trdb_error **err) {
    trdb_db_stats stats = trdb_db_stats_init();
    return trdb_db_get_stats(at->db, &stats, err);
}

NOMEM_GIVES(trdb_migration_list, migrate_status, trdb_migrate_status(at->url, NULL, &ret, err))
NOMEM_GIVES(trdb_migration_list, migrate_plan, trdb_migrate_plan(at->url, NULL, &ret, err))
NOMEM_GIVES(trdb_migration_list, migrate_verify, trdb_migrate_verify(at->url, NULL, &ret, err))

static int capabilities(nomem *at, trdb_error **err) {
    trdb_capabilities found = trdb_capabilities_init();
    return trdb_db_get_capabilities(at->db, &found, err);
}

NOMEM_GIVES(trdb_canceller, canceller, trdb_canceller_new(&ret, err))
NOMEM_DOES(add_replica, trdb_db_add_replica(at->db, at->url, NULL, err))

/* A unit of its own, since it needs a flag. */
static int token(nomem *at, trdb_error **err) {
    trdb_token ret;
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_TOKEN;
    int code = trdb_uow_begin(at->db, &options, &uow, err);
    if (code == 0)
        code = trdb_trading_heartbeat(uow, at->bot, trdb_timestamp_now(), err);
    if (code == 0)
        code = trdb_uow_commit(uow, err);
    if (code == 0)
        code = trdb_uow_token(uow, &ret, err);
    trdb_uow_free(uow);
    return code;
}

static int witness(nomem *at, trdb_error **err) {
    int code = trdb_uow_set_witness(at->uow, "trading_bots", "id", "1", err);
    if (code == 0)
        code = write_something(at, err);
    return code < 0 ? code : trdb_uow_commit(at->uow, err);
}

/* A chain of its own in a schema of its own, up and down again, so that the next attempt begins with nothing.
 */
static int migrate_both_ways(nomem *at, trdb_error **err) {
    trdb_migrate_options chain = trdb_migrate_options_init();
    trdb_migration_list *list = NULL;
    chain.chain = "nomem";
    chain.schema = "nomem";
    chain.directory = at->directory;
    int code = trdb_migrate_up(at->url, &chain, &list, err);
    trdb_migration_list_free(list);
    return code < 0 ? code : trdb_migrate_down(at->url, &chain, NULL, err);
}

NOMEM_GIVES(trdb_finding_list, doctor, trdb_doctor(at->url, NULL, &ret, err))
NOMEM_GIVES(trdb_cron, cron_parse, trdb_cron_parse("*/5 9-17 * * MON-FRI", "Europe/Berlin", &ret, err))

static int cron_use(nomem *at, trdb_error **err) {
    (void)at;
    trdb_timestamp next;
    trdb_cron *cron = NULL;
    int code = trdb_cron_parse("30 2 * * *", "Europe/Berlin", &cron, err);
    if (code == 0)
        code = trdb_cron_next(cron, trdb_timestamp_from_us(INT64_C(1774700000000000)), &next, err);
    trdb_cron_free(cron);
    return code;
}
NOMEM_FILLS(trdb_timestamp, parse_in, trdb_timestamp_parse_in("2026-03-29 02:30", "Europe/Berlin", &ret, err))

static int format_in(nomem *at, trdb_error **err) {
    (void)at;
    char text[TRDB_TIMESTAMP_TEXT_SIZE];
    int code = trdb_timestamp_format_in(trdb_timestamp_from_us(0), "Europe/Berlin", text, sizeof text, err);
    return code < 0 ? code : 0;
}

const nomem_call nomem_core[] = {
    {"trdb_open", open_database, .alone = true, .deep = true},
    {"trdb_uow_begin", begin},
    {"trdb_uow_begin", begin_with_options},
    {"trdb_uow_commit", commit, .fresh = true},
    {"trdb_uow_rollback", roll_back},
    {"trdb_uow_savepoint", savepoints},
    {"trdb_uow_flush", flush},
    {"trdb_run", run, .fresh = true},
    {"trdb_set_trace", set_trace},
    {"trdb_db_get_stats", stats},
    {"trdb_canceller_new", canceller, .alone = true},
    {"trdb_db_get_capabilities", capabilities},
    {"trdb_db_add_replica", add_replica, .fresh = true},
    /* A unit that is stored without its token is no failure of COMMIT. */
    {"trdb_uow_token", token, .also = TRDB_E_STATE},
    {"trdb_uow_set_witness", witness},
    {"trdb_migrate_status", migrate_status, .alone = true},
    {"trdb_migrate_plan", migrate_plan, .alone = true},
    {"trdb_migrate_verify", migrate_verify, .alone = true},
    {"trdb_migrate_up", migrate_both_ways, .alone = true},
    {"trdb_doctor", doctor, .alone = true},
    {"trdb_cron_parse", cron_parse, .alone = true},
    {"trdb_cron_next", cron_use, .alone = true},
    {"trdb_timestamp_parse_in", parse_in, .alone = true},
    {"trdb_timestamp_format_in", format_in, .alone = true},
    {.name = NULL},
};
