#!/bin/sh
# Runs device and gateway through a mosquitto on loopback: two readings, a restart of the device, two more; and one that
# the gateway cannot store, which comes again.
set -eu
here=$(mktemp -d)
port=$((20000 + $$ % 20000))
broker= gateway=
trap 'kill $broker $gateway 2>/dev/null || :; rm -rf "$here"' EXIT
# Until the broker's log says so; nothing here depends on how fast the machine is.
until_log() {
    for _ in $(seq 300); do
        grep -q "$1" "$here/mosquitto.log" && return
        sleep 0.1
    done
    cat "$here/mosquitto.log"
    exit 1
}
mkdir "$here/device" "$here/gateway"
printf 'listener %s 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type all\n' "$port" >"$here/mosquitto.conf"
PATH=$PATH:/usr/sbin mosquitto -c "$here/mosquitto.conf" >"$here/mosquitto.log" 2>&1 &
broker=$!
until_log " running"
bin=target/ffi
"$bin/gateway" "$here/gateway" init
cp "$here/gateway/secrets" "$here/secrets"
rm "$here/gateway/gateway.card" # as if power had gone before it was made
"$bin/gateway" "$here/gateway" init
cmp "$here/gateway/secrets" "$here/secrets"
cp "$here/gateway/gateway.card" "$here/device/recipient.card"
# The first boot makes the device's card, which the gateway's user pins; nobody listens yet.
"$bin/device" "$here/device" 127.0.0.1 "$port" zegel/7f3a/0 hello
"$bin/gateway" "$here/gateway" 127.0.0.1 "$port" zegel/7f3a/1 4 "$here/device/device.card" >"$here/out" &
gateway=$!
until_log "Sending SUBACK to zegel-gateway"
"$bin/device" "$here/device" 127.0.0.1 "$port" zegel/7f3a/1 "61 beat/min" "62 beat/min"
"$bin/device" "$here/device" 127.0.0.1 "$port" zegel/7f3a/1 "63 beat/min" "64 beat/min"
wait "$gateway"
gateway=
cat "$here/out"
# Each restart skips what was reserved and not used, 64 at a time.
grep -q "number 64: 61 beat/min" "$here/out"
grep -q "number 129: 64 beat/min" "$here/out"
grep -q "missing: 66 to 127" "$here/out"
# Two at a time would use the same numbers.
if flock "$here/device" "$bin/device" "$here/device" 127.0.0.1 "$port" zegel/7f3a/1 "65 beat/min"; then exit 1; fi
# What cannot be stored is not acknowledged, and comes again.
"$bin/device" "$here/device" 127.0.0.1 "$port" zegel/7f3a/1 "66 beat/min"
if "$bin/gateway" "$here/gateway" 127.0.0.1 "$port" zegel/7f3a/1 1 "$here/device/device.card" >/dev/full; then exit 1; fi
timeout 60 "$bin/gateway" "$here/gateway" 127.0.0.1 "$port" zegel/7f3a/1 1 "$here/device/device.card" >"$here/out"
cat "$here/out"
grep -q "number 192: 66 beat/min" "$here/out"
# And what was stored was acknowledged.
until_log "Received PUBACK from zegel-gateway (Mid: 5,"
