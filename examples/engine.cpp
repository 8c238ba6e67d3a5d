/* SPDX-License-Identifier: MIT */
/* A small C++17 engine: owns its handles through unique_ptr, turns errors into exceptions, and books the
 * fills of a strategy that buys twice and sells once. */
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <tradingdb/tradingdb.h>

namespace {

struct Deleter {
    void operator()(trdb_db *db) const { trdb_db_free(db); }
    void operator()(trdb_uow *uow) const { trdb_uow_free(uow); }
    void operator()(trdb_usr_user *row) const { trdb_usr_user_free(row); }
    void operator()(trdb_trading_bot *row) const { trdb_trading_bot_free(row); }
    void operator()(trdb_trading_position *row) const { trdb_trading_position_free(row); }
};
template <typename T> using Handle = std::unique_ptr<T, Deleter>;

/* Passes the address of an error and throws what it receives. */
class Check {
  public:
    operator trdb_error **() { return &error_; }
    ~Check() { trdb_error_free(error_); }
    void operator()(int code) {
        if (code < 0)
            throw std::runtime_error(trdb_error_message(error_));
    }

  private:
    trdb_error *error_ = nullptr;
};

/* Calls a function whose last arguments are the place of its result and of its error. */
template <typename T, typename Function, typename... Arguments>
Handle<T> make(Function function, Arguments... arguments) {
    Check check;
    T *result = nullptr;
    check(function(arguments..., &result, check));
    return Handle<T>(result);
}

std::string text(trdb_decimal value) {
    char digits[TRDB_DECIMAL_TEXT_SIZE];
    trdb_decimal_format(value, digits, sizeof digits);
    return digits;
}

class Engine {
  public:
    explicit Engine(trdb_uow *uow) : uow_(uow) {
        auto user_new = trdb_usr_user_new_init();
        auto user = make<trdb_usr_user>(trdb_usr_user_insert, uow_, &user_new);
        auto bot_new = trdb_trading_bot_new_init();
        bot_new.user_id = trdb_i64(user->id);
        bot_new.type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
        bot_new.status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING);
        bot_new.config = "{}";
        bot_ = make<trdb_trading_bot>(trdb_trading_bot_insert, uow_, &bot_new);
        auto position_new = trdb_trading_position_new_init();
        position_new.bot_id = trdb_i64(bot_->id);
        position_new.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
        position_new.symbol = "BTCUSDT";
        position_new.direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG);
        position_ = make<trdb_trading_position>(trdb_trading_ensure_open_position, uow_, &position_new);
    }

    void fill(int32_t action, const char *quantity, const char *price) {
        auto fill_new = trdb_trading_fill_new_init();
        fill_new.action = trdb_enum(action);
        fill_new.qty = trdb_dec(quantity);
        fill_new.price = trdb_dec(price);
        position_ = make<trdb_trading_position>(apply, uow_, position_->id, &fill_new);
        std::printf("%s %s at %s: open %s, realized %s\n",
                    action == TRDB_TRADING_FILL_ACTION_BUY ? "bought" : "sold", quantity, price,
                    text(position_->qty_open).c_str(), text(position_->realized_pnl).c_str());
    }

  private:
    static int apply(trdb_uow *uow, int64_t position, const trdb_trading_fill_new *fill,
                     trdb_trading_position **ret, trdb_error **error) {
        return trdb_trading_apply_fill(uow, position, fill, 0, nullptr, ret, error);
    }

    trdb_uow *uow_;
    Handle<trdb_trading_bot> bot_;
    Handle<trdb_trading_position> position_;
};

} // namespace

int main() {
    try {
        auto db = make<trdb_db>(trdb_open, static_cast<const char *>(nullptr),
                                static_cast<const trdb_db_options *>(nullptr));
        auto uow = make<trdb_uow>(trdb_uow_begin, db.get(), static_cast<const trdb_uow_options *>(nullptr));
        Engine engine(uow.get());
        engine.fill(TRDB_TRADING_FILL_ACTION_BUY, "0.10", "64000.5");
        engine.fill(TRDB_TRADING_FILL_ACTION_BUY, "0.20", "64100");
        engine.fill(TRDB_TRADING_FILL_ACTION_SELL, "0.15", "64500.25");
        Check check;
        check(trdb_uow_commit(uow.get(), check));
        return 0;
    } catch (const std::exception &problem) {
        std::fprintf(stderr, "%s\n", problem.what());
        return 1;
    }
}
