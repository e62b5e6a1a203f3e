#!/bin/bash
# Runs inside the virtual board: the bundled device on the real kernel's GPIO. Moves the simulated chip's inputs and
# says what the kernel drives on its outputs. argv: node, folder of the bundle, config, file that `outside` writes.
node=$1 bundle=$2 config=$3 log=$4
# Every level the kernel drives, as it happens: sampling could miss a glitch.
trace=/sys/kernel/tracing
mount -t tracefs nodev "$trace" 2>/dev/null
echo 1 >"$trace/events/gpio/gpio_value/enable" || echo "no trace of GPIO"
driven() { sed -n "s/.*gpio_value: $((RIG_GPIO_BASE + $1)) set \([01]\).*/\1/p" "$trace/trace" | tr -d '\n'; }
line() { cat "$RIG_GPIO_SIM/sim_gpio$1/value"; }
wait_for() { # what, command; not often: each look starts programs, which takes from what is waited for
  for _ in $(seq 1 180); do
    eval "$2" && { echo "saw $1"; return; }
    kill -0 "$device" 2>/dev/null || { echo "the device ended before: $1"; exit 1; }
    sleep 0.5
  done
  echo "MISSED $1"; exit 1
}
said() { grep -q "\"fact\":\"$1\"" "$log" 2>/dev/null; }

sed -i "s#@UART@#$RIG_UART#" "$config"
cd "$bundle" || exit 2
"$node" pinion-device.cjs --config "$config" &
device=$!
wait_for 'line 17 high' '[ "$(line 17)" = 1 ]'
echo pull-up >"$RIG_GPIO_SIM/sim_gpio27/pull"
wait_for 'line 17 low again' '[ "$(line 17)" = 0 ]'
wait_for 'line 23 high' '[ "$(line 23)" = 1 ]'
wait_for 'the outside to be done' 'said done || said failed'
# A watched line that another program takes away, in the middle of edges, must not take the process with it.
for level in down up down up; do echo "pull-$level" >"$RIG_GPIO_SIM/sim_gpio27/pull"; done
echo $((RIG_GPIO_BASE + 27)) >/sys/class/gpio/unexport
sleep 1
kill -0 "$device" && echo "alive without line 27"
kill -TERM "$device"
wait "$device"
echo "device ended with status $?"
echo "line 23 after the end: $(line 23)"
echo "line 17 was driven $(driven 17)"
echo "line 23 was driven $(driven 23)"
