/* SPDX-License-Identifier: MIT */
/* What errors tell, and how a unit of work goes on after one: a duplicate inside a savepoint. */
#include <stdio.h>
#include <tradingdb/tradingdb.h>

static void tell(const trdb_error *err) {
    printf("%s: %s\n", trdb_error_code_name(trdb_error_code(err)), trdb_error_message(err));
    if (trdb_error_constraint(err))
        printf("  constraint %s, SQLSTATE %s, retryable: %s\n", trdb_error_constraint(err),
               trdb_error_sqlstate(err), trdb_error_retryable(err) ? "yes" : "no");
}

int main(void) {
    TRDB_AUTO(trdb_error) *err = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    TRDB_AUTO(trdb_uow) *uow = NULL;
    const trdb_usr_user_new *user = TRDB_USR_USER_NEW(.email = "errors@example.org");
    if (trdb_open(NULL, NULL, &db, &err) < 0 || trdb_uow_begin(db, NULL, &uow, &err) < 0 ||
        trdb_usr_user_insert(uow, user, NULL, &err) < 0 || trdb_uow_savepoint(uow, &err) < 0) {
        tell(err);
        return 1;
    }

    /* The server refuses: the unit has failed until the savepoint is taken back. */
    if (trdb_usr_user_insert(uow, user, NULL, &err) == TRDB_E_DUPLICATE)
        tell(err);
    if (trdb_uow_rollback_to(uow, &err) < 0) {
        tell(err);
        return 1;
    }

    /* Refused before it is sent: the unit is as it was. A value made of bad text is named. */
    if (trdb_trading_bot_insert(uow, TRDB_TRADING_BOT_NEW(.current_balance = trdb_dec("12,50")), NULL, &err) <
        0)
        tell(err);

    int64_t count = 0;
    if (trdb_usr_users_count(uow, TRDB_USR_USER_FILTER(.email = trdb_where_text_eq("errors@example.org")),
                             &count, &err) < 0) {
        tell(err);
        return 1;
    }
    printf("the unit still works: %lld user of that name, and nothing is kept\n", (long long)count);
    return 0; /* not committed: rolled back */
}
