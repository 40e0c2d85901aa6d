#!/bin/sh
# Lays out the image: both programs, what they link, certificates, one user. Works in the build and, for a check by chroot, on any Debian.
# usage: rootfs.sh FOLDER-WITH-BINARIES ROOT
set -eu
from=$1
root=$2

mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/run/secrets"
chmod 1777 "$root/tmp"
install -m 0755 -t "$root/usr/bin" "$from/airlock" "$from/airlock-glass"

# The loader and every library, at the path where the loader looks for it.
ldd "$from/airlock" "$from/airlock-glass" | awk '$2 == "=>" { print $3 } $1 ~ /^\// && NF == 2 && $1 !~ /:$/ { print $1 }' | sort -u |
    while read -r library; do
        install -D -m 0755 "$library" "$root$library"
    done

install -m 0644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
echo 'airlock:x:65532:65532::/:/nonexistent' >"$root/etc/passwd"
echo 'airlock:x:65532:' >"$root/etc/group"
# Names by the hosts file, then by DNS: engines put both files in.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
