#!/bin/sh
# Makes the owner of the tables and its database. Run once by the superuser; harmless when it is there.
# usage: owner.sh DIR [psql arguments…]     DIR/owner holds the password; without arguments psql goes where PGHOST and PGUSER say
set -eu
dir=${1:?usage: owner.sh DIR [psql arguments…]}
shift
export AIRLOCK_OWNER_PASSWORD_FILE="$dir/owner"

# psql itself reads the file: a password among the arguments would show in the list of processes.
psql -X -q -v ON_ERROR_STOP=1 "$@" <<'SQL'
\set password `cat "$AIRLOCK_OWNER_PASSWORD_FILE"`
SELECT 'CREATE ROLE airlock_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'airlock_owner') \gexec
ALTER ROLE airlock_owner PASSWORD :'password';
SELECT 'CREATE DATABASE airlock OWNER airlock_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'airlock') \gexec
REVOKE ALL ON DATABASE airlock FROM PUBLIC;
SQL
