#!/bin/sh
# The whole chain in real processes, over a mosquitto on loopback: a device (`zegel pub`) pairs with a PGO by the PGO's
# code, the PGO pairs with a GP by the GP's code, and what the device measures arrives at the GP (`zegel sub`)
# with both hands shown.
#
#     chain.sh ZEGEL FOLDER PGO...      FOLDER is made anew; PGO is the command that runs it
set -eu
zegel=$(realpath "$1")
rm -rf "$2"
mkdir -p "$2"
here=$(realpath "$2")
shift 2
port=$((20000 + $$ % 20000))
address=mqtt://127.0.0.1:$port
started=
trap 'for one in $started; do kill "$one" 2>/dev/null || :; done' EXIT
said() { # file, word: waits for what somebody says
    for _ in $(seq 600); do
        if grep -q "$2" "$1" 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "nobody said $2:" >&2
    cat "$1" >&2
    exit 1
}

cd "$here"
printf 'listener %s 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n' "$port" >mosquitto.conf
PATH=$PATH:/usr/sbin mosquitto -c mosquitto.conf >mosquitto.log 2>&1 &
started=$!

"$zegel" keygen --seal-only -o device.key
"$zegel" card issue -i device.key -o device.card --label device
"$zegel" keygen -o gp.key
"$zegel" card issue -i gp.key -o gp.card --label GP --days 90
"$@" "$here/pgo" init PGO

# The PGO shows, the device scans.
"$@" "$here/pgo" show 127.0.0.1 "$port" >shown &
shower=$!
started="$started $shower"
said shown ZEGEL:
head -1 shown | "$zegel" pair scan -i device.key -c device.card --state device.state --broker "$address"
wait "$shower"
grep "paired with device" shown

# The GP shows, the PGO scans.
"$zegel" pair show -i gp.key -c gp.card --state gp.state --broker "$address" >gp.shown &
shower=$!
started="$started $shower"
said gp.shown ZEGEL:
"$@" "$here/pgo" scan 127.0.0.1 "$port" "$(head -1 gp.shown)"
wait "$shower"

"$zegel" sub -i gp.key -t zegel/gp/1 --state gp.state --broker "$address" --json --count 3 --timeout 60 >gp.out &
gp=$!
"$@" "$here/pgo" run 127.0.0.1 "$port" zegel/7f3a/1 3 GP zegel/gp/1 >pgo.out &
receiver=$!
started="$started $gp $receiver"
said pgo.out listening
for beat in 61 62 63; do
    "$zegel" pub -i device.key -r pgo/pgo.card -t zegel/7f3a/1 --state device.state --broker "$address" \
        -m "$beat beat/min"
done
wait "$receiver"
wait "$gp"
cat pgo.out gp.out
[ "$(grep -c "from device: 6. beat/min" pgo.out)" = 3 ]
grep -q '"kind":"introduction"' gp.out
[ "$(grep -c '"kind":"evidence"' gp.out)" = 3 ]
[ "$(grep -c '"known":"vouched"' gp.out)" = 3 ]
for beat in 61 62 63; do grep '"kind":"evidence"' gp.out | grep -q "$beat beat/min"; done
