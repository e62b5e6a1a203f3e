#!/bin/bash
# Runs inside the virtual board, again after each power cut: starts the board with its launcher, says which release that is, and
# begins the next update, in the middle of which power goes. argv: a shared folder with node, package, artefacts and config.
folder=$1
export PATH="$folder:$PATH" STATE_DIRECTORY=/data/state PINION_TRIAL_LIMIT=2
mkdir -p /data/state
fact() { echo "{\"boot\":$RIG_BOOT,\"fact\":\"$1\",\"value\":\"$2\",\"at\":$(cut -d" " -f1 /proc/uptime)}" >>"$folder/facts.jsonl"; }

# it runs until it is ready and, if it is on trial, until that is over
"$folder/package/run" --config "$folder/board.yaml" >"/tmp/log" 2>&1 &
board=$!
# a program that is started here takes long under emulation, so as few as can be
for _ in $(seq 1 120); do
  [[ $(</tmp/log) == *'no session'* && ! -e /data/state/trial ]] && break
  kill -0 "$board" 2>/dev/null || break
  sleep 0.5
done
if kill -0 "$board" 2>/dev/null; then
  fact runs "$(tr '\0' '\n' <"/proc/$board/environ" | sed -n 's/^PINION_RELEASE=//p')"
else
  fact ended "$(tail -c 300 /tmp/log | tr -d '"\\\n')"
fi
read -ra cuts <<<"$CUTS"
cut=${cuts[$((RIG_BOOT - 1))]}
if [ -n "$cut" ]; then
  next=2.0.$RIG_BOOT
  fact begins "$next"
  rigctl power-cut "$cut" >/dev/null
  "$folder/package/run" update "$folder/pinion-device-$next.tar.gz" --config "$folder/board.yaml" >/tmp/update 2>&1
  fact "update ended" "$? $(tail -c 300 /tmp/update | tr -d '"\\\n')"
  # as its user would see it: the board notices, ends, and is started anew, on trial
  wait "$board"
  "$folder/package/run" --config "$folder/board.yaml" >/tmp/log 2>&1 &
  sleep 60
  exit 1
fi
kill -TERM "$board"
wait "$board"
fact done "$?"
