/* SPDX-License-Identifier: MIT */
#include "pg/conninfo.h"
#include "pg/conn.h"

#include <stdlib.h>
#include <string.h>

/* libpq's own messages about a malformed string quote parts of it, and any part may be a piece of a password
 * (an unescaped space, slash or at sign is enough). So nothing of the string is ever shown. */
static int malformed(trdb_error **reterr) {
    return trdbi_error(
        reterr, TRDB_E_INVALID,
        "the connection string is malformed; wanted postgresql://USER:PASSWORD@HOST:PORT/DATABASE "
        "with special characters as %%XX, or KEY=VALUE pairs with values in '' where they hold "
        "spaces (it is not shown, since it may hold a password)");
}

/* The length of "postgresql", "postgres" or "postgresql+driver" when a URL begins with one of them, or 0. */
static size_t scheme_length(const char *text) {
    size_t name = strncmp(text, "postgresql", 10) == 0 ? 10 : strncmp(text, "postgres", 8) == 0 ? 8 : 0;
    if (name == 0)
        return 0;
    size_t length = name;
    if (text[length] == '+')
        length += 1 + strspn(text + length + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return strncmp(text + length, "://", 3) == 0 ? length : 0;
}

/* libpq takes a password with an unescaped '/' or '@' for host, port or database, and would then name it in
 * messages about them. Every at sign but the first, and one behind a slash, tells such a URL. */
static bool credentials_are_escaped(const char *authority) {
    const char *at = strchr(authority, '@');
    if (at == NULL)
        return true;
    if (at > authority + strcspn(authority, "/"))
        return false;
    const char *rest = at + 1;
    return memchr(rest, '@', strcspn(rest, "?")) == NULL;
}

int trdbi_conninfo_parse(const char *text, trdbi_conninfo **ret, trdb_error **reterr) {
    if (text == NULL || *text == '\0') {
        text = getenv("DB_URL");
        if (text == NULL || *text == '\0')
            return trdbi_error(reterr, TRDB_E_INVALID,
                               "no connection string is given and DB_URL is not set; set it to "
                               "postgresql://USER@HOST/DATABASE");
    }

    trdbi_buf plain __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    size_t scheme = scheme_length(text);
    if (scheme > 0) {
        if (!credentials_are_escaped(text + scheme + 3))
            return malformed(reterr);
        trdbi_buf_text(&plain, "postgresql");
        trdbi_buf_text(&plain, text + scheme);
    } else if (strstr(text, "://") != NULL && strchr(text, '=') == NULL) {
        return trdbi_error(reterr, TRDB_E_INVALID,
                           "the connection string is a URL of another kind; wanted postgresql://");
    } else {
        trdbi_buf_text(&plain, text);
    }
    if (plain.failed)
        return trdbi_error_nomem(reterr);

    trdbi_conninfo *info = malloc(sizeof *info);
    if (info == NULL)
        return trdbi_error_nomem(reterr);
    char *message = NULL;
    info->options = PQconninfoParse(plain.data, &message);
    explicit_bzero(plain.data, plain.size);
    if (info->options == NULL) {
        bool nomem = !message || strcmp(message, "out of memory\n") == 0; /* other messages quote the text */
        int r = nomem ? trdbi_error_nomem(reterr) : malformed(reterr);
        PQfreemem(message);
        free(info);
        return r;
    }
    atomic_init(&info->references, 1);
    atomic_init(&info->hanging, 0);
    *ret = info;
    return 0;
}

trdbi_conninfo *trdbi_conninfo_ref(trdbi_conninfo *info) {
    atomic_fetch_add(&info->references, 1);
    return info;
}

void trdbi_conninfo_free(trdbi_conninfo *info) {
    if (info == NULL || atomic_fetch_sub(&info->references, 1) != 1)
        return;
    PQconninfoFree(info->options);
    free(info);
}

const char *trdbi_conninfo_get(const trdbi_conninfo *info, const char *keyword) {
    for (const PQconninfoOption *option = info->options; option->keyword != NULL; option++)
        if (strcmp(option->keyword, keyword) == 0)
            return option->val;
    return NULL;
}
