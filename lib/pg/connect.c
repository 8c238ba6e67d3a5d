/* SPDX-License-Identifier: MIT */
/* Making a connection, and saying in words why none could be made. */
#include "base/text.h"
#include "pg/conn.h"
#include "pg/conninfo.h"
#include "pg/errand.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_SERVER_VERSION = 150000, MAX_KEYWORDS = 96 };

static bool ends_with(const char *line, size_t size, const char *words) {
    size_t length = strlen(words);
    return size >= length && memcmp(line + size - length, words, length) == 0;
}

/* At the beginning or the end of a line: elsewhere the words may be part of a name that is quoted. The second are
 * getaddrinfo()'s. */
bool trdbi_tells_of_memory(const char *message) {
    static const char libpq[] = "out of memory", resolver[] = "Memory allocation failure";
    for (const char *line = message; line && *line;) {
        size_t size = strcspn(line, "\n");
        if (strncmp(line, libpq, strlen(libpq)) == 0 || ends_with(line, size, libpq) ||
            ends_with(line, size, resolver))
            return true;
        line += line[size] ? size + 1 : size;
    }
    return !message;
}

const char *trdbi_first_line(const char *text, char *buffer, size_t size) {
    snprintf(buffer, size, "%.*s", (int)strcspn(text ? text : "", "\n"), text ? text : "");
    return buffer;
}

/* ---- what went wrong ------------------------------------------------------------------------------ */

/* libpq 15 has no field for the SQLSTATE of a failed connection. Under verbose messages the text holds it
 * behind the severity, whatever language the server speaks: "FATAL:  28P01: password authentication failed".
 * Finds it, and where the server's words begin. */
static bool find_sqlstate(const char *text, char sqlstate[6], const char **ret_words) {
    for (const char *p = strstr(text, ":  "); p; p = strstr(p + 1, ":  ")) {
        const char *state = p + 3;
        size_t length = strspn(state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (length == 5 && state[5] == ':' && state[6] == ' ') {
            memcpy(sqlstate, state, 5);
            sqlstate[5] = '\0';
            *ret_words = state + 7;
            return true;
        }
    }
    return false;
}

static bool may_hold_password(PGconn *pg, const char *text) {
    const char *password = PQpass(pg);
    return password && *password && strstr(text, password);
}

static void describe_server(PGconn *pg, char *where, size_t size) {
    const char *host = PQhost(pg);
    const char *port = PQport(pg);
    if (!host || !*host)
        host = "the default host";
    snprintf(where, size, "%s port %s", host, port && *port ? port : "5432");
    if (may_hold_password(pg, where))
        snprintf(where, size, "the server");
}

/* PgBouncer's words. */
static const char *advice(const char *words) {
    return strstr(words, "unsupported startup parameter: options")
               ? "; a pooler takes no options: use ALTER ROLE … SET or ALTER DATABASE … SET in their place"
               : "";
}

/* PgBouncer gives one SQLSTATE to all of its refusals, and to those of the server that it hands on. */
static int code_of_refusal(const char *sqlstate, const char *words) {
    static const struct {
        const char *words;
        int code;
    } known[] = {
        {"authentication failed", TRDB_E_AUTH},     {"no such user", TRDB_E_AUTH},
        {"permission denied", TRDB_E_AUTH},         {"too many connections", TRDB_E_EXHAUSTED},
        {"no more connections", TRDB_E_EXHAUSTED},
    };
    if (strcmp(sqlstate, "08P01") == 0)
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strstr(words, known[i].words))
                return known[i].code;
    return trdbi_code_of_sqlstate(sqlstate);
}

static int refused(PGconn *pg, trdb_error **reterr) {
    char where[256], words[512], sqlstate[6] = "";
    describe_server(pg, where, sizeof where);

    const char *text = PQerrorMessage(pg);
    const char *reason = text;
    bool from_server = find_sqlstate(text, sqlstate, &reason);
    if (!from_server) {
        const char *failed = strstr(text, " failed: ");
        if (failed)
            reason = failed + strlen(" failed: ");
    }
    trdbi_first_line(reason, words, sizeof words);
    int code = from_server ? code_of_refusal(sqlstate, words) : TRDB_E_CONNECT;
    if (may_hold_password(pg, words))
        snprintf(words, sizeof words, "%s", "the reason is not shown, since it may hold the password");

    if (!from_server && trdbi_tells_of_memory(text))
        return trdbi_error_nomem(reterr);
    if (!from_server && PQconnectionNeedsPassword(pg)) {
        code = TRDB_E_AUTH;
        snprintf(words, sizeof words, "it asks for a password and none was given");
    }
    switch (code) {
    case TRDB_E_AUTH:
    case TRDB_E_PERMISSION:
        code = TRDB_E_AUTH;
        trdbi_error(reterr, code, "%s refused the user or the password: %s", where, words);
        break;
    case TRDB_E_EXHAUSTED:
        trdbi_error(reterr, code,
                    "%s has no free connection: %s; use a smaller pool or raise max_connections", where,
                    words);
        break;
    default:
        code = TRDB_E_CONNECT;
        trdbi_error(reterr, code, "cannot connect to %s: %s%s", where, words, advice(words));
    }
    if (reterr && (*reterr)->code == code)
        memcpy((*reterr)->sqlstate, sqlstate, sizeof sqlstate);
    return code;
}

static int too_late(PGconn *pg, int timeout_ms, trdb_error **reterr) {
    char where[256];
    describe_server(pg, where, sizeof where);
    return trdbi_error(reterr, TRDB_E_TIMEOUT, "%s did not accept a connection within %d ms", where,
                       timeout_ms);
}

static int connecting_cancelled(trdb_error **reterr) {
    return trdbi_error(reterr, TRDB_E_CANCELLED, "connecting was cancelled");
}

/* ---- connecting ----------------------------------------------------------------------------------- */

/* libpq would print notices on stderr. What a server says that ends a resting session comes as one, too. */
static void hear_notice(void *arg, const PGresult *result) {
    trdbi_conn_hear(arg, result);
}

/* connect_timeout of the connection string counts when it is the shorter one. */
static int timeout_of(const trdbi_conninfo *info, const trdbi_conn_options *options) {
    const char *text = trdbi_conninfo_get(info, "connect_timeout");
    long seconds = text ? strtol(text, NULL, 10) : 0;
    if (seconds > 0 && seconds < options->timeout_ms / 1000)
        return (int)seconds * 1000;
    return options->timeout_ms;
}

/* A list of hosts without the first so many; a single port is that of all. */
static const char *without(const char *list, int count) {
    const char *rest = list;
    for (; count > 0 && rest; count--) {
        rest = strchr(rest, ',');
        rest = rest ? rest + 1 : NULL;
    }
    return rest ? rest : list;
}

static int length_of(const char *list) {
    int count = 1;
    for (; list && (list = strchr(list, ',')); list++)
        count++;
    return count;
}

/* How many hosts are named. */
static int count_hosts(const trdbi_conninfo *info) {
    const char *addresses = trdbi_conninfo_get(info, "hostaddr");
    return length_of(addresses ? addresses : trdbi_conninfo_get(info, "host"));
}

static bool is_list(const char *keyword) {
    return strcmp(keyword, "host") == 0 || strcmp(keyword, "hostaddr") == 0 || strcmp(keyword, "port") == 0;
}

/* `skipped`: so many hosts are left out. */
static PGconn *start(const trdbi_conninfo *info, const trdbi_conn_options *options, int skipped) {
    const char *keywords[MAX_KEYWORDS + 4], *values[MAX_KEYWORDS + 4];
    size_t n = 0;
    for (const PQconninfoOption *option = info->options; option->keyword && n < MAX_KEYWORDS; option++) {
        if (!option->val)
            continue;
        keywords[n] = option->keyword;
        values[n++] = is_list(option->keyword) ? without(option->val, skipped) : option->val;
    }
    keywords[n] = "client_encoding";
    values[n++] = "UTF8";
    keywords[n] = options->application_name ? "application_name" : "fallback_application_name";
    values[n++] = options->application_name ? options->application_name : "tradingdb";
    keywords[n] = NULL;
    values[n] = NULL;
    return PQconnectStartParams(keywords, values, 0);
}

static int connect_until(trdbi_conn *conn, int timeout_ms, int64_t deadline_us, trdb_error **reterr) {
    PGconn *pg = conn->pg;
    if (PQstatus(pg) == CONNECTION_BAD)
        return refused(pg, reterr);
    PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(pg, hear_notice, conn);
    for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
         state = PQconnectPoll(pg)) {
        if (state == PGRES_POLLING_FAILED)
            return refused(pg, reterr);
        switch (trdbi_wait_fd(PQsocket(pg), state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_us,
                              conn->canceller)) {
        case TRDBI_WAIT_READY:
            break;
        case TRDBI_WAIT_LATE:
            return too_late(pg, timeout_ms, reterr);
        case TRDBI_WAIT_CANCELLED:
            return connecting_cancelled(reterr);
        }
    }
    PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
    return 0;
}

/* How many of the hosts from `skipped` on are through, when the attempt hangs. libpq does not tell its place in
 * the list. */
static int hosts_until(const PGconn *pg, const trdbi_conninfo *info, int skipped, int count) {
    const char *list = trdbi_conninfo_get(info, "host"), *ports = trdbi_conninfo_get(info, "port");
    const char *host = PQhost(pg), *port = PQport(pg);
    for (int i = skipped; list && host && i < count; i++) {
        const char *name = without(list, i), *number = ports ? without(ports, i) : NULL;
        if (strlen(host) == strcspn(name, ",") && strncmp(host, name, strlen(host)) == 0 &&
            (!number || !port || (strlen(port) == strcspn(number, ",") && strncmp(port, number, strlen(port)) == 0)))
            return i + 1;
    }
    return skipped + 1;
}

/* Whether the next host may do better: this one hung, or hung up without a word. libpq itself goes on from those
 * that refuse; what a server says stands. */
static bool may_go_on(int code, const trdb_error *error) {
    const char *sqlstate = trdb_error_sqlstate(error);
    return code == TRDB_E_TIMEOUT || (code == TRDB_E_CONNECT && (!sqlstate || !*sqlstate));
}

/* Each host of several has its share of the time: one that hangs does not take that of those behind it. */
static int connect_to_one(trdbi_conn *conn, const trdbi_conninfo *info, const trdbi_conn_options *options,
                          int64_t deadline_us, trdb_error **reterr) {
    const int count = count_hosts(info);
    for (int skipped = 0;;) {
        const int64_t now_us = trdbi_monotonic_us();
        const int64_t share_us = (deadline_us - now_us) / (count - skipped > 1 ? count - skipped : 1);
        trdb_error *error = NULL;
        conn->pg = start(info, options, skipped);
        if (!conn->pg)
            return trdbi_error_nomem(reterr);
        int r = connect_until(conn, (int)((share_us + 999) / 1000), now_us + share_us, &error);
        if (r == 0)
            return 0;
        const bool goes_on = may_go_on(r, error);
        skipped = hosts_until(conn->pg, info, skipped, count);
        if (!goes_on || skipped >= count) {
            trdbi_error_hand(reterr, error);
            return r;
        }
        trdb_error_free(error);
        PQfinish(conn->pg);
        conn->pg = NULL;
    }
}

static bool is_set(const trdbi_conn *conn, const char *name, const char *value) {
    const char *now = PQparameterStatus(conn->pg, name);
    return now && strcmp(now, value) == 0;
}

/* Sent as statements, since poolers refuse some of them at the start of a session; not sent where the server
 * already reports them. No other setting of the session matters to the library. */
static int make_session(trdbi_conn *conn, trdb_error **reterr) {
    int version = PQserverVersion(conn->pg);
    if (version < MIN_SERVER_VERSION)
        return trdbi_error(reterr, TRDB_E_UNSUPPORTED,
                           "the server is PostgreSQL %d.%d; 15 or later is needed", version / 10000,
                           version % 10000);
    if (is_set(conn, "TimeZone", "UTC") && is_set(conn, "DateStyle", "ISO, MDY") &&
        is_set(conn, "standard_conforming_strings", "on"))
        return 0;
    return trdbi_conn_exec(
        conn, "connect",
        "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET standard_conforming_strings = on", NULL,
        reterr);
}

static int open_until(trdbi_conn *conn, const trdbi_conninfo *info, const trdbi_conn_options *options,
                      trdb_error **reterr) {
    int timeout_ms = timeout_of(info, options);
    int64_t deadline_us = trdbi_monotonic_us() + (int64_t)timeout_ms * 1000;
    int r = trdbi_cache_init(&conn->cache, options->statement_cache, reterr);
    if (r < 0)
        return r;
    conn->canceller = options->canceller;
    r = connect_to_one(conn, info, options, deadline_us, reterr);
    if (r < 0)
        return r;
    trdbi_conn_set_deadline(conn, deadline_us);
    r = make_session(conn, reterr);
    trdbi_conn_set_deadline(conn, 0);
    trdbi_conn_set_canceller(conn, NULL);
    return r == 0 && trdbi_cancelled(options->canceller) ? connecting_cancelled(reterr) : r;
}

static int open_here(const trdbi_conninfo *info, const trdbi_conn_options *options, trdbi_conn **ret,
                     trdb_error **reterr) {
    trdbi_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return trdbi_error_nomem(reterr);
    trdbi_conn_set_call(conn, -1);
    int r = open_until(conn, info, options, reterr);
    if (r < 0) {
        trdbi_conn_close(conn);
        return r;
    }
    *ret = conn;
    return 0;
}

/* ---- names that may take long to resolve ---------------------------------------------------------- */

/* Whether libpq will ask the system for an address. It does so before it can look at a clock. */
static bool resolves(const trdbi_conninfo *info) {
    const char *service = trdbi_conninfo_get(info, "service"), *hosts = trdbi_conninfo_get(info, "host");
    if (trdbi_conninfo_get(info, "hostaddr") || getenv("PGHOSTADDR"))
        return false;
    if (!hosts && (service || getenv("PGSERVICE")))
        return true; /* a file says where to; who knows */
    hosts = hosts ? hosts : getenv("PGHOST");
    for (const char *host = hosts; host; host = strchr(host, ',') ? strchr(host, ',') + 1 : NULL) {
        char name[64] = "";
        unsigned char address[16];
        size_t length = strcspn(host, ",");
        if (length == 0 || host[0] == '/' || host[0] == '@')
            continue; /* a socket */
        if (length >= sizeof name)
            return true;
        memcpy(name, host, length);
        if (inet_pton(AF_INET, name, address) != 1 && inet_pton(AF_INET6, name, address) != 1)
            return true;
    }
    return false;
}

/* A connection that a thread of its own makes. */
typedef struct dialling {
    trdbi_conninfo *info;
    trdbi_conn_options options;
    char *application_name;
    trdbi_conn *conn;
    trdb_error *error;
    int code;
} dialling;

static void dial(void *arg) {
    dialling *d = arg;
    d->code = open_here(d->info, &d->options, &d->conn, &d->error);
}

static void free_dialling(dialling *d) {
    trdbi_conn_close(d->conn);
    trdb_error_free(d->error);
    trdbi_conninfo_free(d->info);
    free(d->application_name);
    free(d);
}

/* Nobody waits any more. */
static void drop_dialling(void *arg) {
    dialling *d = arg;
    atomic_fetch_sub(&d->info->hanging, 1);
    free_dialling(d);
}

static dialling *new_dialling(trdbi_conninfo *info, const trdbi_conn_options *options) {
    dialling *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->info = trdbi_conninfo_ref(info);
    d->options = *options;
    d->options.canceller = NULL; /* the thread may outlive it */
    if (options->application_name)
        d->options.application_name = d->application_name = strdup(options->application_name);
    if (options->application_name && !d->application_name) {
        free_dialling(d);
        return NULL;
    }
    return d;
}

static int open_elsewhere(trdbi_conninfo *info, const trdbi_conn_options *options, trdbi_conn **ret,
                          trdb_error **reterr) {
    enum { MOST_HANGING = 16 };
    int timeout_ms = timeout_of(info, options), r = 0;
    int64_t deadline_us = trdbi_monotonic_us() + (int64_t)timeout_ms * 1000;
    if (atomic_load(&info->hanging) >= MOST_HANGING)
        return trdbi_error(reterr, TRDB_E_CONNECT,
                           "%d attempts to connect hang already, in resolving the host name", MOST_HANGING);
    dialling *d = new_dialling(info, options);
    trdbi_errand_end end =
        d ? trdbi_errand_run(dial, drop_dialling, d, deadline_us, options->canceller) : TRDBI_ERRAND_UNABLE;
    switch (end) {
    case TRDBI_ERRAND_LATE: /* the thread may have counted down already: the sum is what matters */
        atomic_fetch_add(&info->hanging, 1);
        return trdbi_error(reterr, TRDB_E_TIMEOUT, "the server did not accept a connection within %d ms",
                           timeout_ms);
    case TRDBI_ERRAND_CANCELLED:
        atomic_fetch_add(&info->hanging, 1);
        return connecting_cancelled(reterr);
    case TRDBI_ERRAND_UNABLE:
        r = trdbi_error_nomem(reterr);
        break;
    case TRDBI_ERRAND_DONE:
        r = d->code;
        if (r == 0)
            *ret = d->conn;
        else
            trdbi_error_hand(reterr, d->error);
        d->conn = NULL;
        d->error = NULL;
        break;
    }
    if (d)
        free_dialling(d);
    return r;
}

int trdbi_conn_open(const trdbi_conninfo *info, const trdbi_conn_options *options, trdbi_conn **ret,
                    trdb_error **reterr) {
    if (!resolves(info))
        return open_here(info, options, ret, reterr);
    /* Its counters are no part of what it says. */
    return open_elsewhere((trdbi_conninfo *)(uintptr_t)info, options, ret, reterr);
}
