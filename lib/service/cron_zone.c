/* SPDX-License-Identifier: MIT */
/* Rules of time zones from the system's tzdata, through GLib: the only file that knows GLib. GLib ends the
 * process when it is out of memory, so little of it is used: loading a zone, and the offset at an instant. */
#include <ctype.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error/error.h"
#include "service/cron.h"

#define DEFAULT_FOLDER "/usr/share/zoneinfo"
#define MAX_NAME 64

/* GLib expands the rules of a zone up to the year 2999. The calendar repeats every 400 years, weekdays
 * included, so later times are looked up in 2500 to 2899. */
#define CYCLE (INT64_C(146097) * 86400)
#define CYCLE_START (INT64_C(193579) * 86400) /* 2500-01-01 */

/* ---- names ---------------------------------------------------------------------------------------- */

/* TZDIR is what the C library takes, and it ignores it in a setuid program, too. */
static const char *folder(void) {
    const char *dir = secure_getenv("TZDIR");
    return dir && dir[0] ? dir : DEFAULT_FOLDER;
}

/* Whether a text can be a name at all: the characters of IANA names, and no way out of the folder. */
static bool well_formed(const char *name) {
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");
    return name[length] == '\0' && length > 0 && length <= MAX_NAME && isalpha((unsigned char)name[0]) &&
           !strstr(name, "//");
}

/* Files beside the zones: the machine's own setting, a default for POSIX texts, and copies of all zones, of
 * which those in right/ count leap seconds. */
static bool is_no_zone(const char *name) {
    return strcmp(name, "localtime") == 0 || strcmp(name, "posixrules") == 0 ||
           strncmp(name, "right/", 6) == 0 || strncmp(name, "posix/", 6) == 0;
}

static int refuse_name(const char *name, trdb_error **reterr) {
    const char *why = "it is none of the IANA names of this system's tzdata";
    if (name[0] == '\0')
        return trdbi_error(reterr, TRDB_E_INVALID, "the time zone is empty: name one such as Europe/Berlin");
    if (name[0] == '/' || strchr(name, '.'))
        why = "a zone is a name, not a path";
    else if (strchr("+-0123456789", name[0]))
        why = "an offset is no zone; Etc/GMT-1 is one hour ahead of UTC";
    else if (strpbrk(name, "<>,:"))
        why = "POSIX rules are no zone";
    for (const char *p = name; *p; p++) {
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7F)
            return trdbi_error(
                reterr, TRDB_E_INVALID,
                "the time zone has characters that no name has: name one such as Europe/Berlin");
    }
    return trdbi_error(reterr, TRDB_E_INVALID,
                       "unknown time zone \"%.*s\"%s: %s; name one such as Europe/Berlin", MAX_NAME, name,
                       strlen(name) > MAX_NAME ? "..." : "", why);
}

/* ---- loading -------------------------------------------------------------------------------------- */

/* GLib trusts what it reads, and says so on stderr when it should not have. */
static bool has_rules(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return false;
    char magic[44]; /* the size of the header */
    struct stat about;
    bool good = fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
                read(file, magic, sizeof(magic)) == (ssize_t)sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
    close(file);
    return good;
}

int trdbi_zone_open(const char *name, trdbi_zone *ret, trdb_error **reterr) {
    if (name == TRDB_NULL_TEXT)
        return trdbi_error(reterr, TRDB_E_INVALID, "the time zone is TRDB_NULL_TEXT; a plain NULL is UTC");
    if (!name || strcmp(name, "UTC") == 0) {
        ret->rules = NULL;
        return 0;
    }
    if (!well_formed(name) || is_no_zone(name))
        return refuse_name(name, reterr);
    /* By its path GLib reads the very file that was looked at, and takes no name for an offset or POSIX
     * rules. */
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s/%s", folder(), name);
    if (length < 0 || (size_t)length >= sizeof(path) || !has_rules(path)) {
        if (access(folder(), X_OK) < 0)
            return trdbi_error(reterr, TRDB_E_UNSUPPORTED, "no time zones in %s: install the package tzdata",
                               folder());
        return refuse_name(name, reterr);
    }
    GTimeZone *rules = g_time_zone_new_identifier(path);
    if (!rules)
        return trdbi_error(reterr, TRDB_E_UNSUPPORTED, "the rules of time zone \"%s\" cannot be read", name);
    ret->rules = rules;
    return 0;
}

void trdbi_zone_close(trdbi_zone *zone) {
    if (zone->rules)
        g_time_zone_unref(zone->rules);
    zone->rules = NULL;
}

trdbi_span trdbi_zone_span(const trdbi_zone *zone, int64_t instant) {
    if (!zone->rules)
        return (trdbi_span){0, 0};
    int64_t cycles = instant < CYCLE_START ? 0 : (instant - CYCLE_START) / CYCLE;
    int interval = g_time_zone_find_interval(zone->rules, G_TIME_TYPE_UNIVERSAL, instant - cycles * CYCLE);
    return (trdbi_span){cycles * INT32_MAX + interval, g_time_zone_get_offset(zone->rules, interval)};
}
