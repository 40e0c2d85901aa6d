#!/bin/sh
# Makes every secret of the line into a folder, once. What is there already stays as it is, so that it may be run again.
# usage: secrets.sh DIR [SERVICE…]     (AIRLOCK=path of the airlock binary, to make the signing key)
set -eu
umask 077

dir=${1:?usage: secrets.sh DIR [SERVICE…]}
shift
[ $# -gt 0 ] || set -- clicks
airlock=${AIRLOCK:-airlock}

# The folder keeps other users of this machine out (0700). A bind mount needs no way through the folders above it, so the files in it
# can be readable (0444) for uid 65532, which reads them in the containers. Only the signing key must not be readable for everybody:
# the program refuses such a key. It is for its owner alone.
mkdir -p "$dir/queue" "$dir/records" "$dir/gateway" "$dir/token"
chmod 0700 "$dir"
dir=$(cd "$dir" && pwd)

# What is written anew each time, through a new file: the old one may be read-only.
write() {
    cat >"$dir/$1.new"
    mv -f "$dir/$1.new" "$dir/$1"
}

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# put FILE: a new random secret in the file, unless it is there.
put() {
    [ -s "$dir/$1" ] && return 0
    random | write "$1"
}

# Users of the broker: one a stage and one a calling service.
for stage in intake fetch scan sandbox verdict; do put "queue/$stage"; done
for service in "$@"; do
    put "queue/$service"
    put "gateway/$service"
done

# Roles of the database; fetch and scan have none.
put postgres_superuser
for role in owner intake verdict gateway sandbox; do put "records/$role"; done

# The administrator of the broker; the broker's image reads its password from a configuration file alone.
put rabbitmq_admin
printf 'default_user = admin\ndefault_pass = %s\n' "$(cat "$dir/rabbitmq_admin")" | write rabbitmq_admin.conf

# The store: one key pair that may do with one bucket what the line does.
put store_secret_key
write s3.json <<JSON
{"identities": [{"name": "airlock", "credentials": [{"accessKey": "airlock", "secretKey": "$(cat "$dir/store_secret_key")"}],
  "actions": ["Read:airlock", "Write:airlock", "List:airlock"]}]}
JSON

# The key that signs tokens.
if [ ! -s "$dir/token/signing.key" ]; then
    "$airlock" token new-key "$dir/token/signing.key" "$dir/token/public"
fi

find "$dir" -mindepth 1 -type d -exec chmod 0755 {} +
find "$dir" -type f ! -name signing.key -exec chmod 0444 {} +
chmod 0400 "$dir/token/signing.key"
if [ "$(id -u)" = 0 ]; then
    chown 65532:65532 "$dir/token/signing.key"
else
    echo "the signing key is yours alone: start the containers with AIRLOCK_USER=$(id -u):$(id -g)" >&2
fi
