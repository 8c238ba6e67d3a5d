/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- columns ----------------------------------------------------------------------------------------- */

static const column audit_columns[] = {
    KEY("id", "id", trdb_telegram_command_audit, id),
    TIME("created_at", "time", 2, trdb_telegram_command_audit, created_at),
    TEXT("telegram_user_id", "account", 1, trdb_telegram_command_audit, telegram_user_id),
    TEXT("command", "command", 0, trdb_telegram_command_audit, command),
    BOOL("success", "success", 1, trdb_telegram_command_audit, success),
    I64("response_time_ms", "ms", 4, trdb_telegram_command_audit, response_time_ms),
    BOOL("is_registered_user", "known", 5, trdb_telegram_command_audit, is_registered_user),
    TEXT("user_email", "e-mail", 6, trdb_telegram_command_audit, user_email),
    FAULT("error_message", "error", 3, trdb_telegram_command_audit, error_message),
    TEXT("full_message", "message", 3, trdb_telegram_command_audit, full_message),
};

static const column total_columns[] = {
    I64("total", "commands", 0, trdb_telegram_audit_totals, total),
    I64("successes", "succeeded", 0, trdb_telegram_audit_totals, successes),
    DEC("success_rate", "success rate", 0, trdb_telegram_audit_totals, success_rate),
    I64("unique_users", "accounts", 0, trdb_telegram_audit_totals, unique_users),
    DEC("average_response_ms", "ms on average", 0, trdb_telegram_audit_totals, average_response_ms),
};

static const column usage_columns[] = {
    TEXT("command", "command", 1, trdb_telegram_command_usage, command),
    I64("total", "times", 0, trdb_telegram_command_usage, total),
    I64("successes", "succeeded", 2, trdb_telegram_command_usage, successes),
    DEC("success_rate", "success rate", 2, trdb_telegram_command_usage, success_rate),
    DEC("average_response_ms", "ms on average", 3, trdb_telegram_command_usage, average_response_ms),
};

static const column feedback_columns[] = {
    KEY("id", "id", trdb_telegram_feedback, id),
    TIME("created_at", "time", 3, trdb_telegram_feedback, created_at),
    I64("user_id", "user", 4, trdb_telegram_feedback, user_id),
    TEXT("type", "type", 2, trdb_telegram_feedback, type),
    TEXT("status", "status", 0, trdb_telegram_feedback, status),
    TEXT("message", "message", 1, trdb_telegram_feedback, message),
};

static const column setting_columns[] = {
    TEXT("key", "key", 0, trdb_telegram_setting, key),
    TEXT("value", "value", 1, trdb_telegram_setting, value),
};

static const char feedback_remedy[] = "`tradingdb telegram feedback` shows what there is";

static trdb_in_i64 before(const pager *pages) {
    return pages->last ? trdb_i64(pages->last) : trdb_null_i64();
}

/* The library's last instant for a time before which rows are wanted. */
static trdb_timestamp last_before(trdb_timestamp until) {
    if (until.kind == TRDB_TIMESTAMP_FINITE)
        until.us--;
    return until;
}

/* ---- audit ------------------------------------------------------------------------------------------- */

static int audit_page(const cli *o, session *s, printer *p, pager *pages) {
    TRDB_AUTO(trdb_telegram_command_audit_list) *commands = NULL;
    const trdb_in_bool success = o->failed || o->succeeded ? trdb_bool(o->succeeded) : trdb_null_bool();
    if (trdb_telegram_list_commands(s->uow, o->telegram, o->command, success, o->from, last_before(o->until),
                                    before(pages), pager_ask(pages), &commands, &s->error) < 0)
        return session_failed(s);
    TRDB_FOREACH(trdb_telegram_command_audit, command, commands) {
        if (pager_take(pages, command->id))
            printer_row(p, command);
    }
    return CLI_OK;
}

int cmd_telegram_audit(const cli *o) {
    SESSION(s);
    int rc;
    char next[VALUE_SIZE];
    pager pages = pager_begin(o);
    if (o->failed && o->succeeded)
        return cli_usage_error("--failed and --succeeded exclude each other");
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    printer *p = printer_begin(o, "commands", audit_columns, COUNT(audit_columns));
    if (!p)
        return CLI_FAILED;
    do {
        rc = audit_page(o, &s, p, &pages);
    } while (rc == CLI_OK && pager_goes_on(&pages));
    return rc == CLI_OK ? printer_end(p, pager_next(&pages, next)) : printer_abort(p, rc);
}

/* ---- stats ------------------------------------------------------------------------------------------- */

static int print_stats(const cli *o, const trdb_telegram_audit_totals *totals,
                       const trdb_telegram_command_usage_list *usages) {
    if (o->json) {
        json_writer w = {0};
        json_open(&w, NULL, '{', true);
        for (size_t i = 0; i < COUNT(total_columns); i++)
            json_value(&w, o, &total_columns[i], totals);
        json_open(&w, "by_command", '[', true);
        TRDB_FOREACH(trdb_telegram_command_usage, usage, usages)
            json_row(&w, o, NULL, usage_columns, COUNT(usage_columns), usage, false);
        json_close(&w, ']');
        json_close(&w, '}');
        return cli_finish(CLI_OK);
    }
    if (!o->csv) {
        print_lines(o, total_columns, COUNT(total_columns), totals);
        if (totals->total.value == 0)
            return cli_finish(CLI_OK);
        putchar('\n');
    }
    printer *p = printer_begin(o, "commands", usage_columns, COUNT(usage_columns));
    if (!p)
        return CLI_FAILED;
    TRDB_FOREACH(trdb_telegram_command_usage, usage, usages)
        printer_row(p, usage);
    return printer_end(p, NULL);
}

int cmd_telegram_stats(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_telegram_audit_totals) *totals = NULL;
    TRDB_AUTO(trdb_telegram_command_usage_list) *usages = NULL;
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    const trdb_timestamp until = last_before(o->until);
    if (trdb_telegram_command_stats(s.uow, o->from, until, &totals, &s.error) < 0 ||
        trdb_telegram_command_stats_by_command(s.uow, o->from, until, &usages, &s.error) < 0)
        return session_failed(&s);
    return print_stats(o, totals, usages);
}

/* ---- feedback ---------------------------------------------------------------------------------------- */

static int feedback_page(const cli *o, session *s, printer *p, pager *pages) {
    TRDB_AUTO(trdb_telegram_feedback_list) *list = NULL;
    if (trdb_telegram_list_feedback(s->uow, o->feedback_type, o->feedback_status, before(pages),
                                    pager_ask(pages), &list, &s->error) < 0)
        return session_failed(s);
    TRDB_FOREACH(trdb_telegram_feedback, feedback, list) {
        if (pager_take(pages, feedback->id))
            printer_row(p, feedback);
    }
    return CLI_OK;
}

static int list_feedback(const cli *o) {
    SESSION(s);
    int rc;
    char next[VALUE_SIZE];
    pager pages = pager_begin(o);
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    printer *p = printer_begin(o, "feedback", feedback_columns, COUNT(feedback_columns));
    if (!p)
        return CLI_FAILED;
    do {
        rc = feedback_page(o, &s, p, &pages);
    } while (rc == CLI_OK && pager_goes_on(&pages));
    return rc == CLI_OK ? printer_end(p, pager_next(&pages, next)) : printer_abort(p, rc);
}

static int set_feedback_status(const cli *o, const char *status) {
    SESSION(s);
    TRDB_AUTO(trdb_telegram_feedback) *feedback = NULL;
    if (session_write(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_telegram_set_feedback_status(s.uow, o->id, status, &feedback, &s.error) < 0)
        return session_missing(&s, "feedback", o->id, feedback_remedy);
    if (session_commit(&s) != CLI_OK)
        return CLI_FAILED;
    if (o->json || o->csv)
        return print_record(o, feedback_columns, COUNT(feedback_columns), feedback);
    char *printable = text_printable(feedback->status);
    printf("feedback %" PRId64 " is %s\n", feedback->id, printable ? printable : "");
    free(printable);
    return cli_finish(CLI_OK);
}

int cmd_telegram_feedback(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_telegram_feedback) *feedback = NULL;
    if (!o->id)
        return list_feedback(o);
    if (o->feedback_type || o->feedback_status || o->after || o->limit)
        return cli_usage_error(
            "with ID there is nothing to choose from: leave --type, --status, --limit and --after out");
    if (o->operands[1])
        return set_feedback_status(o, o->operands[1]);
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_telegram_feedback_get(s.uow, o->id, &feedback, &s.error) < 0)
        return session_missing(&s, "feedback", o->id, feedback_remedy);
    return print_record(o, feedback_columns, COUNT(feedback_columns), feedback);
}

/* ---- settings ---------------------------------------------------------------------------------------- */

static int no_setting(session *s, const char *key) {
    if (trdb_error_code(s->error) != TRDB_E_NOT_FOUND)
        return session_failed(s);
    char *printable = text_printable(key);
    cli_error("there is no setting %s; `tradingdb telegram settings` shows those that there are",
              printable ? printable : "");
    free(printable);
    return CLI_FAILED;
}

/* Keys are texts, so the walk over the pages is its own. */
static int list_settings(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_telegram_setting_list) *settings = NULL;
    pager pages = pager_begin(o);
    const char *last = NULL;
    trdb_telegram_setting_filter filter = trdb_telegram_setting_filter_init();
    filter.limit = trdb_i64(pages.left + 2); /* the one of --after, and one to see whether there are more */
    if (o->after_key)
        filter.key = trdb_where_text_from(o->after_key);
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_telegram_settings_list(s.uow, &filter, &settings, &s.error) < 0)
        return session_failed(&s);
    printer *p = printer_begin(o, "settings", setting_columns, COUNT(setting_columns));
    if (!p)
        return CLI_FAILED;
    TRDB_FOREACH(trdb_telegram_setting, setting, settings) {
        if (o->after_key && strcmp(setting->key, o->after_key) == 0)
            continue;
        if (!pager_take(&pages, 0))
            break;
        printer_row(p, setting);
        last = setting->key;
    }
    return printer_end(p, pages.more ? last : NULL);
}

static int print_setting(const cli *o, const trdb_telegram_setting *setting) {
    if (o->json || o->csv)
        return print_record(o, setting_columns, COUNT(setting_columns), setting);
    if (setting->value && on_terminal()) {
        char *printable = text_printable(setting->value);
        puts(printable ? printable : "");
        free(printable);
    } else if (setting->value) {
        puts(setting->value);
    }
    return cli_finish(CLI_OK);
}

static int write_setting(const cli *o, const char *key, const char *value) {
    SESSION(s);
    if (session_write(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (!value && trdb_telegram_setting_delete(s.uow, key, &s.error) < 0)
        return no_setting(&s, key);
    if (value && trdb_telegram_set_setting(s.uow, key, value, &s.error) < 0)
        return session_failed(&s);
    if (session_commit(&s) != CLI_OK)
        return CLI_FAILED;
    const trdb_telegram_setting setting = {.key = key, .value = value};
    if (o->json || o->csv)
        return print_record(o, setting_columns, COUNT(setting_columns), &setting);
    char *printable = text_printable(key);
    printf("setting %s is %s\n", printable ? printable : "", value ? "written" : "gone");
    free(printable);
    return cli_finish(CLI_OK);
}

int cmd_telegram_settings(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_telegram_setting) *setting = NULL;
    const char *key = o->operands[0], *value = key ? o->operands[1] : NULL;
    if (o->unset && (!key || value))
        return cli_usage_error("--unset needs a KEY and no VALUE");
    if (key && (o->after_key || o->limit))
        return cli_usage_error("with KEY there is nothing to choose from: leave --limit and --after out");
    if (!key)
        return list_settings(o);
    if (value || o->unset)
        return write_setting(o, key, value);
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_telegram_get_setting(s.uow, key, &setting, &s.error) < 0)
        return no_setting(&s, key);
    return print_setting(o, setting);
}
