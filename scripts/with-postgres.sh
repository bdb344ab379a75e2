#!/bin/sh
# Runs a command beside a PostgreSQL of its own, which leaves nothing in this system:
#
#   scripts/with-postgres.sh COMMAND [ARG…]
#
# The command finds in its environment DATABASE_URL, by a Unix socket in a temporary folder, POSTGRES_FOLDER, where that
# is, and POSTGRES_SERVER, a program that takes pg_ctl's arguments (`start`, `-m immediate stop`). POSTGRES_OPTIONS is
# added to the server's command line. POSTGRES_SPACE (`200m`) limits its disk, for root alone. Exit status 77: there can
# be no server here; else that of the command.
set -eu
fail() { echo "with-postgres: $*" >&2; exit 77; }
[ $# -gt 0 ] || fail 'which command?'
# Debian keeps them out of PATH.
for bin in /usr/bin /usr/local/bin /usr/lib/postgresql/*/bin; do
  if [ -x "$bin/initdb" ] && [ -x "$bin/pg_ctl" ]; then found=$bin; fi
done
[ -n "${found-}" ] || fail 'PostgreSQL is not installed'

work=$(mktemp -d)
if [ -n "${POSTGRES_SPACE-}" ]; then
  mount -t tmpfs -o "size=$POSTGRES_SPACE" tmpfs "$work" 2>/dev/null || fail 'nobody may mount here'
fi
# The server refuses to be root.
run() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  chown "$user" "$work"
  run() { setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env HOME="$work" "$@"; }
fi
finish() {
  "$work/server" -m immediate stop >/dev/null 2>&1 || true
  if [ -n "${POSTGRES_SPACE-}" ]; then umount "$work" || true; fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

start=$PWD
cd "$work"
run "$found/initdb" -D "$work/data" -U virt-cpu --auth trust -E UTF8 --locale C.UTF-8 >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; fail 'initdb failed'; }
as=''
[ "$(id -u)" != 0 ] || as="setpriv --reuid $user --regid $(id -g "$user") --clear-groups env HOME=$work"
cat >"$work/server" <<END
#!/bin/sh
cd "$work"
exec $as "$found/pg_ctl" -D "$work/data" -l "$work/server.log" -w -t 60 \\
  -o "-k $work -c listen_addresses='' ${POSTGRES_OPTIONS-}" "\$@"
END
chmod 755 "$work/server"
"$work/server" start >"$work/log" 2>&1 ||
  { cat "$work/log" "$work/server.log" >&2; fail 'the server did not start'; }
export DATABASE_URL="postgresql://virt-cpu@/postgres?host=$work" POSTGRES_FOLDER="$work" POSTGRES_SERVER="$work/server"
cd "$start"
status=0
"$@" || status=$?
exit "$status"
