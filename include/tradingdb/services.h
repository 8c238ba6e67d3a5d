/* SPDX-License-Identifier: MIT */
/**
 * @file services.h
 * What the domains do beyond reading and writing rows: signing users in, booking fills, closing trades.
 * Services that only read are named queries: users.h and trading.h have them, as
 * trdb_users_get_telegram_profile() and trdb_trading_bots_enabled().
 *
 * A service takes a unit of work and never begins or commits, so calling several on one unit makes them one
 * transaction. What the top of users.h says about ownership, threads and common errors holds here too.
 *
 * Arguments are checked before anything is sent: TRDB_E_NOT_NULL for a required field that is not given,
 * or for any field given as NULL where nothing else is said; TRDB_E_INVALID for a field that a call does not
 * take; TRDB_E_RANGE for a value out of its range. The error names table and column, and the unit is as it
 * was. Source: reference/framework-operations.md 3 to 6.
 */
#ifndef TRADINGDB_SERVICES_H
#define TRADINGDB_SERVICES_H

#include <tradingdb/services_jobs.h>
#include <tradingdb/services_telegram.h>
#include <tradingdb/services_trading.h>
#include <tradingdb/services_users.h>

#endif
