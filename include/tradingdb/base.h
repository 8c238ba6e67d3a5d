/* SPDX-License-Identifier: MIT */
/**
 * @file base.h
 * What every other header of libtradingdb needs: the version, the export mark, scope-bound cleanup.
 */
#ifndef TRADINGDB_BASE_H
#define TRADINGDB_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define TRDB_BEGIN_DECLS extern "C" {
#define TRDB_END_DECLS }
#else
#define TRDB_BEGIN_DECLS
#define TRDB_END_DECLS
#endif

/** Marks a symbol that the shared library exports. */
#if defined(__GNUC__)
#define TRDB_API __attribute__((visibility("default")))
#else
#define TRDB_API
#endif

/** Version of the headers. Compare with trdb_version() to see which library was loaded. */
#define TRDB_VERSION_MAJOR 0
#define TRDB_VERSION_MINOR 2
#define TRDB_VERSION_PATCH 0
#define TRDB_VERSION "0.2.0"

/**
 * Declares a handle that is released when its scope ends, by whatever way it is left (gcc and clang):
 *
 *     TRDB_AUTO(trdb_error) *err = NULL;
 *
 * Every handle and row type has the `<type>_cleanup` function that this needs. Give the pointer a value
 * (usually NULL) where it is declared.
 */
#define TRDB_AUTO(type) __attribute__((cleanup(type##_cleanup))) type

/** Walks a list: `TRDB_FOREACH(trdb_trading_bot, bot, bots) puts(bot->status.text);` */
#define TRDB_FOREACH(type, row, list)                                                                        \
    for (const type *row = type##_list_at((list), 0); row; row = type##_list_next((list), row))

/**
 * Defines `<type>_init()`, which returns a struct with struct_size set and everything else zero. Structs that
 * a caller fills in carry their size first, so that a library of another version knows which fields exist.
 */
#define TRDB_DEFINE_INIT(type)                                                                               \
    static inline type type##_init(void) {                                                                   \
        type value;                                                                                          \
        memset(&value, 0, sizeof value);                                                                     \
        value.struct_size = sizeof value;                                                                    \
        return value;                                                                                        \
    }                                                                                                        \
    typedef type type##_needs_semicolon_

TRDB_BEGIN_DECLS

/**
 * The version of the loaded library as "major.minor.patch".
 * @return a static string; never NULL. Any thread.
 */
TRDB_API const char *trdb_version(void);

TRDB_END_DECLS

#endif
