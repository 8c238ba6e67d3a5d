/* SPDX-License-Identifier: MIT */
#include "day.h"

#include <stdio.h>

/* Six random digits. */
static void make_code(char code[7]) {
    const trdb_uuid random = trdb_uuid_make();
    unsigned number = 0;
    for (int i = 10; i < 16; i++) /* the last bytes of such a key are random */
        number = (number << 8 | random.bytes[i]) % 1000000;
    snprintf(code, 7, "%06u", number);
}

static int send_code(trdb_db *db, const char *code, trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    int64_t now = trdb_timestamp_now().us / 1000000;
    int code_of = trdb_uow_begin(db, NULL, &uow, reterr);
    if (code_of == 0)
        code_of = trdb_telegram_set_user_email(uow, TELEGRAM_ID, "trader@example.org", code, now, "en", false,
                                               NULL, reterr);
    return code_of == 0 ? trdb_uow_commit(uow, reterr) : code_of;
}

/* The answer is committed whatever it is: a wrong try counts. */
static int take_code(trdb_db *db, const char *code, int32_t *ret_outcome, trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    int code_of = trdb_uow_begin(db, NULL, &uow, reterr);
    if (code_of == 0)
        code_of = trdb_telegram_verify_code(uow, TELEGRAM_ID, code, 0, 0, ret_outcome, reterr);
    if (code_of == 0 && *ret_outcome == TRDB_CODE_OUTCOME_ACCEPTED)
        code_of = trdb_telegram_approve_user(uow, TELEGRAM_ID, reterr);
    return code_of == 0 ? trdb_uow_commit(uow, reterr) : code_of;
}

static int find(trdb_db *db, int64_t *ret_user_id, bool *ret_verified, trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    TRDB_AUTO(trdb_telegram_profile) *profile = NULL;
    int code = trdb_uow_begin(db, NULL, &uow, reterr);
    if (code == 0)
        code = trdb_users_get_telegram_profile(uow, TELEGRAM_ID, &profile, reterr);
    if (code == 0) {
        *ret_user_id = profile->user_id.value;
        *ret_verified = profile->verified.set && profile->verified.value;
    }
    return code;
}

int trader_register(trdb_db *db, int64_t *ret_user_id, trdb_error **reterr) {
    trdb_timestamp began = trdb_timestamp_now();
    bool verified = false;
    int32_t outcome = 0;
    char code[7];
    int found = find(db, ret_user_id, &verified, reterr);
    if (found < 0 && found != TRDB_E_NOT_FOUND)
        return found;
    if (verified) {
        printf("Telegram account " TELEGRAM_ID " is registered as user %lld\n", (long long)*ret_user_id);
        return audit_command(db, "/start", began, NULL, reterr);
    }
    make_code(code);
    int r = send_code(db, code, reterr);
    if (r == 0)
        r = audit_command(db, "/start", began, NULL, reterr);
    began = trdb_timestamp_now();
    if (r == 0)
        r = take_code(db, code, &outcome, reterr);
    if (r == 0)
        r = find(db, ret_user_id, &verified, reterr);
    if (r == 0)
        r = audit_command(db, "/verify", began, verified ? NULL : "the code was not accepted", reterr);
    if (r == 0)
        printf("Telegram account " TELEGRAM_ID " registered as user %lld, %s by code\n",
               (long long)*ret_user_id, verified ? "verified" : "not verified");
    return r;
}
