#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the SQL of a named query, for psql: query.sh NAME
set -eu
cat "$(dirname "$0")"/../../schema/queries/*.sql |
    awk -v name="${1:?usage: query.sh NAME}" '/^-- name: / { on = $3 == name } on && !/^--/' |
    sed 's/{schema}\.//g; s/;$//'
