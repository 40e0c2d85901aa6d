#!/bin/sh
# Makes the role of each stage with its rights and its password. Run by the superuser after each `airlock db migrate`.
# usage: roles.sh DIR [psql arguments…]     DIR holds one file a role (intake, verdict, gateway, sandbox) with its password
set -eu
dir=${1:?usage: roles.sh DIR [psql arguments…]}
shift
here=$(cd "$(dirname "$0")" && pwd)

{
    printf '\\connect airlock\nBEGIN;\n'
    cat "$here/roles.sql"
    for role in intake verdict gateway sandbox; do
        printf 'GRANT CONNECT ON DATABASE airlock TO airlock_%s;\n' "$role"
        # psql itself reads the file: a password among the arguments would show in the list of processes.
        # shellcheck disable=SC2016 # the backquotes are for psql
        printf '\\set password `cat "%s/%s"`\n' "$dir" "$role"
        printf "ALTER ROLE airlock_%s PASSWORD :'password';\n" "$role"
    done
    echo 'COMMIT;'
} | psql -X -q -v ON_ERROR_STOP=1 "$@"
