#!/bin/sh
# Runs device and gateway through a mosquitto on loopback: three readings, a restart of the device, two more.
set -eu
here=$(mktemp -d)
port=$((20000 + $$ % 20000))
trap 'kill "$broker" 2>/dev/null || :; rm -rf "$here"' EXIT
mkdir "$here/device" "$here/gateway"
printf 'listener %s 127.0.0.1\nallow_anonymous true\npersistence false\n' "$port" >"$here/mosquitto.conf"
PATH=$PATH:/usr/sbin mosquitto -c "$here/mosquitto.conf" >"$here/mosquitto.log" 2>&1 &
broker=$!
sleep 1
bin=target/ffi
"$bin/gateway" "$here/gateway" init
cp "$here/gateway/gateway.card" "$here/device/recipient.card"
# The first boot makes the device's card, which the gateway's user pins; nobody listens yet.
"$bin/device" "$here/device" 127.0.0.1 "$port" zegel/7f3a/0 hello
"$bin/gateway" "$here/gateway" 127.0.0.1 "$port" zegel/7f3a/1 4 "$here/device/device.card" >"$here/out" &
gateway=$!
sleep 1
"$bin/device" "$here/device" 127.0.0.1 "$port" zegel/7f3a/1 "61 beat/min" "62 beat/min"
"$bin/device" "$here/device" 127.0.0.1 "$port" zegel/7f3a/1 "63 beat/min" "64 beat/min"
wait "$gateway"
cat "$here/out"
# Each restart skips what was reserved and not used, 64 at a time.
grep -q "number 64: 61 beat/min" "$here/out"
grep -q "number 129: 64 beat/min" "$here/out"
grep -q "missing: 66 to 127" "$here/out"
