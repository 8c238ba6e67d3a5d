/* SPDX-License-Identifier: MIT */
/* Lists trades, newest entry first, in pages of ten that continue after the last row seen. */
#include <stdio.h>
#include <tradingdb/tradingdb.h>

static void show(const trdb_trading_trade *trade) {
    char time[TRDB_TIMESTAMP_TEXT_SIZE], price[TRDB_DECIMAL_TEXT_SIZE];
    trdb_timestamp_format(trade->entry_time, time, sizeof time);
    trdb_decimal_format(trade->entry_price, price, sizeof price);
    printf("%6lld  %-10s %-6s %-30s %s\n", (long long)trade->id, trade->symbol, trade->direction.text, time,
           price);
}

/* Shows one page and leaves its list in *page, so that the next page can continue after its last row. */
static int next_page(trdb_uow *uow, trdb_trading_trade_list **page, trdb_error **err) {
    size_t count = trdb_trading_trade_list_count(*page);
    trdb_trading_trade_list *list = NULL;
    int code = trdb_trading_trades_list(
        uow,
        TRDB_TRADING_TRADE_FILTER(.order_by = TRDB_TRADING_TRADE_COLUMN_ENTRY_TIME, .descending = 1,
                                  .limit = trdb_i64(10),
                                  .after = count > 0 ? trdb_trading_trade_list_at(*page, count - 1) : NULL),
        &list, err);
    if (code < 0)
        return code;
    TRDB_FOREACH(trdb_trading_trade, trade, list)
        show(trade);
    trdb_trading_trade_list_free(*page);
    *page = list;
    return 0;
}

int main(void) {
    TRDB_AUTO(trdb_error) *err = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    TRDB_AUTO(trdb_uow) *uow = NULL;
    TRDB_AUTO(trdb_trading_trade_list) *page = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_READ_ONLY;
    options.isolation = TRDB_ISOLATION_REPEATABLE_READ; /* all pages show the same moment */

    int code = trdb_open(NULL, NULL, &db, &err);
    if (code == 0)
        code = trdb_uow_begin(db, &options, &uow, &err);
    int64_t total = 0;
    if (code == 0)
        code = trdb_trading_trades_count(uow, NULL, &total, &err);
    if (code == 0)
        printf("%lld trades\n", (long long)total);
    do {
        if (code == 0)
            code = next_page(uow, &page, &err);
    } while (code == 0 && trdb_trading_trade_list_count(page) == 10);

    if (code < 0) {
        fprintf(stderr, "%s\n", trdb_error_message(err));
        return 1;
    }
    return 0;
}
