#!/bin/sh
# SPDX-License-Identifier: MIT
# A private certificate authority and a server's certificate for NAME, made for one run: certificates.sh DIR NAME
#
# DIR gets ca.crt and ca.key, server.crt and server.key.
set -eu

dir=${1:?usage: certificates.sh DIR NAME}
name=${2:?usage: certificates.sh DIR NAME}
new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -batch"

mkdir -p "$dir"
chmod 755 "$dir"
cd "$dir"
$new -x509 -subj "/CN=private CA" -keyout ca.key -out ca.crt 2>/dev/null
$new -subj "/CN=$name" -addext "subjectAltName = DNS:$name" -keyout server.key -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt \
    -copy_extensions copy 2>/dev/null
rm -f server.csr ca.srl
chmod 600 server.key ca.key
[ "$(id -u)" -ne 0 ] || chown postgres server.key
