#!/bin/sh
# Prepares a broker and a database for the line: what the one-shot services of compose.yaml do, for bare machines. It may be run again.
#
# usage: init.sh --secrets DIR --config FILE --management URL --postgres URL [--service NAME]…
#   --secrets DIR      the folder that secrets.sh made
#   --config FILE      airlock.toml; its queue.passwords_dir and records.passwords_dir are taken from --secrets here
#   --management URL   management address of the broker, http://host:15672
#   --admin NAME       its administrator (default admin); the password is in DIR/rabbitmq_admin, or in --admin-password-file
#   --postgres URL     superuser's address without its password, postgres://postgres@host:5432/postgres
#   --postgres-password-file FILE   default DIR/postgres_superuser
#   --service NAME     a calling service; may be given several times (default clicks)
# AIRLOCK=path of the airlock binary; psql must be there. The bucket of the store is made with the store's own tools.
set -eu

fail() {
    echo "init.sh: $1" >&2
    exit 2
}

secrets='' config='' management='' admin=admin admin_file='' postgres='' postgres_file='' services=''
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || fail "$1 needs a value"
    case $1 in
    --secrets) secrets=$(cd "$2" && pwd) ;;
    --config) config=$2 ;;
    --management) management=$2 ;;
    --admin) admin=$2 ;;
    --admin-password-file) admin_file=$2 ;;
    --postgres) postgres=$2 ;;
    --postgres-password-file) postgres_file=$2 ;;
    --service) services="$services $2" ;;
    *) fail "$1 is not known; the first lines of this file say what is" ;;
    esac
    shift 2
done
for given in "$secrets" "$config" "$management" "$postgres"; do
    [ -n "$given" ] || fail "--secrets, --config, --management and --postgres must be there"
done

here=$(cd "$(dirname "$0")" && pwd)
airlock=${AIRLOCK:-airlock}
export AIRLOCK_CONFIG="$config"
export AIRLOCK_QUEUE_PASSWORDS_DIR="$secrets/queue" AIRLOCK_RECORDS_PASSWORDS_DIR="$secrets/records"

# The broker: vhost, users, permissions, exchanges, queues, policies.
set --
for service in ${services:-clicks}; do set -- "$@" --service "$service"; done
"$airlock" topology apply --management "$management" --user "$admin" --password-file "${admin_file:-$secrets/rabbitmq_admin}" "$@"

# The database: its owner, the tables as the owner, then a role for each stage. The address may have `?sslmode=…`.
PGPASSWORD=$(cat "${postgres_file:-$secrets/postgres_superuser}")
export PGPASSWORD
"$here/sql/owner.sh" "$secrets/records" --dbname="$postgres"
"$airlock" db migrate
"$here/sql/roles.sh" "$secrets/records" --dbname="$postgres"
