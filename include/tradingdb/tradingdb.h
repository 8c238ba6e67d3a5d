/* SPDX-License-Identifier: MIT */
/**
 * @file tradingdb.h
 * The whole of libtradingdb. Programs include this one header:
 *
 *     cc engine.c $(pkg-config --cflags --libs tradingdb)
 */
#ifndef TRADINGDB_TRADINGDB_H
#define TRADINGDB_TRADINGDB_H

#include <tradingdb/base.h>
#include <tradingdb/error.h>
#include <tradingdb/decimal.h>
#include <tradingdb/types.h>
#include <tradingdb/cron.h>
#include <tradingdb/filter.h>
#include <tradingdb/bulk.h>
#include <tradingdb/columns.h>
#include <tradingdb/arrow.h>
#include <tradingdb/stream.h>
#include <tradingdb/pool.h>
#include <tradingdb/servers.h>
#include <tradingdb/uow.h>
#include <tradingdb/batch.h>
#include <tradingdb/migrate.h>

#include <tradingdb/users.h>
#include <tradingdb/jobs.h>
#include <tradingdb/trading.h>
#include <tradingdb/telegram.h>

#include <tradingdb/services.h>

#endif
