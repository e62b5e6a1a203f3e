#!/bin/bash
# In the board: installs the package with dpkg and does what happens to a board in a cupboard. Each line FACT is what was seen.
package=$PWD/$1 length=$2 events=$PWD/events pin=$RIG_GPIO_SIM/sim_gpio17/value
config=$PWD/installed-board.yaml

fact() { printf 'FACT ["%s", %s]\n' "$1" "$2"; }
words() { printf '"%s"' "$(tr '\n' ' ' | sed 's/ *$//; s/[\\"]/ /g')"; }
pid() { systemctl show -p MainPID --value pinion-device; }
# The emulated processor may be starved for longer than a board may be silent: only where that is the question does it matter.
patience() {
  mkdir -p /etc/systemd/system/pinion-device.service.d
  printf '[Service]\nWatchdogSec=%s\n' "$1" >/etc/systemd/system/pinion-device.service.d/rig.conf
  systemctl daemon-reload
}
uptime() { local now; read -r now _ </proc/uptime; echo "${now/./}0"; } # ms
state() { systemctl is-active "$1"; }
# wait SECONDS COMMAND...: not too often, as each program takes from what is waited for; 0 when the command did within this time
wait_for() {
  local end=$(($(uptime) + $1 * 1000)); shift
  until "$@"; do [ "$(uptime)" -lt $end ] || return 1; sleep 0.5; done
}
driven() { [ "$(<"$pin")" = "$1" ]; }
joined() { journalctl -u pinion-device _PID="$(pid)" --no-pager -o cat | grep -q 'the session is ready'; }
running() { [ "$(state pinion-device)" = active ]; }
rss() { sed -n 's/^Rss: *\([0-9]*\).*/\1/p' "/proc/$(pid)/smaps_rollup"; }

configure() {
  install -o root -g pinion -m 640 "$1" /etc/pinion/board.yaml
}

install_and_start() {
  cp /etc/passwd /etc/group "$PWD/"
  dpkg -i "$package" >dpkg.log 2>&1
  fact 'dpkg installs it' $?
  fact 'without a configuration nothing runs' "\"$(state pinion-device) $(state pinion-router-bridge)\""
  fact 'unit' "$(systemctl show -p Type,Restart,StateDirectory pinion-device | words)"
  patience 5min
  configure "$config"
  local before; before=$(uptime)
  systemctl start pinion-device
  fact 'it starts and says that it is ready' $?
  fact 'ms from start to ready' $(($(uptime) - before))
  wait_for 120 joined; fact 'it joins' $?
  fact 'ms from start to joined' $(($(uptime) - before))
  before=$(uptime); /usr/lib/pinion/node/bin/node -e 0; fact 'ms of a Node that does nothing' $(($(uptime) - before))
  fact 'user' "\"$(stat -c %U "/proc/$(pid)")\""
  fact 'it runs' "\"$(state pinion-device)\""
  wait_for 120 driven 1; fact 'a caller outside switches the pump on' $?
}

# Nothing of the process is left that could do it.
kill_hard() {
  local old; old=$(pid)
  [ "$old" -gt 1 ] || return
  kill -9 "$old"
  wait_for 120 driven 0; fact 'after kill -9 the pump is off' $?
  again() { [ "$(pid)" != "$old" ] && [ "$(pid)" != 0 ] && running; }
  wait_for 120 again; fact 'after kill -9 it runs again' $?
  wait_for 120 driven 1; fact 'and joins again' $?
}

idle() {
  sleep 5
  fact 'kB resident, idle' "$(rss)"
}

hang() {
  # the unit's own time
  rm -r /etc/systemd/system/pinion-device.service.d
  systemctl daemon-reload
  systemctl restart pinion-device
  local old; old=$(pid)
  [ "$old" -gt 1 ] || return
  kill -STOP "$old"
  again() { [ "$(pid)" != "$old" ] && [ "$(pid)" != 0 ] && running; }
  wait_for 150 again; fact 'a process that hangs is replaced' $?
  fact 'by the watchdog' "$(journalctl -u pinion-device --no-pager -o cat | grep -m1 'Watchdog timeout' | words)"
  patience 5min
  systemctl restart pinion-device
  wait_for 120 driven 1
}

busy() {
  { sed '/^drivers:/q' "$config"; echo '  - use: simulated'; echo '    sensors:'
    for n in 0 1 2 3 4 5 6 7 8 9; do echo "      wave_$n: { wave: sine, min: 0, max: 10, period: 1min, interval: 100ms }"; done
  } >busy.yaml
  configure "$PWD/busy.yaml"
  systemctl restart pinion-device
  wait_for 120 joined; fact 'it joins with a hundred readings a second' $?
  sleep 10
  local before from; before=$(<"$events") from=$(uptime)
  sleep 30
  fact 'readings a second' $((($(<"$events") - before) * 1000 / ($(uptime) - from)))
  fact 'kB resident, busy' "$(rss)"
  configure "$config"
  systemctl restart pinion-device
}

# The service may open the chips, although no device but those it names is open to it.
chip() {
  sed 's/sysfs/chardev/' "$config" >chardev.yaml
  configure "$PWD/chardev.yaml"
  systemctl restart pinion-device
  wait_for 120 driven 1; fact 'over the character device it works too' $?
  configure "$config"
  systemctl restart pinion-device
}

router() {
  install -m 644 /usr/share/pinion/examples/bridge.yaml /etc/pinion/bridge.yaml
  systemctl start pinion-router-bridge; fact 'the router-bridge starts and says that it is ready' $?
  exec 5<>/dev/tcp/127.0.0.1/8080
  printf 'GET /healthz HTTP/1.0\r\nHost: 127.0.0.1:8080\r\n\r\n' >&5; IFS= read -r -t 20 line <&5; exec 5>&-
  fact 'and answers' "$(echo "$line" | tr -d '\r' | words)"
  pid=$(systemctl show -p MainPID --value pinion-router-bridge)
  fact 'user of the router-bridge' "\"$(stat -c %U "/proc/$pid")\""
  # name and nice value, fields 2 and 19
  fact 'nice values of its helping threads' "\"$(cut -d ' ' -f 2,19 "/proc/$pid"/task/*/stat | grep V8Worker | sort -u)\""
  systemctl disable --now pinion-router-bridge 2>/dev/null
}

read_only() {
  systemctl stop pinion-device
  fact 'stopped, the pump is off' "$(<"$pin")"
  mount -t tmpfs -o mode=755 tmpfs /var/lib/pinion
  # by the old system call: with the new one an overlay takes its own options for changes
  export LIBMOUNT_FORCE_MOUNT2=always
  mount -o remount,ro /; fact 'the root is read-only' $?
  touch /etc/pinion/x 2>/dev/null; fact 'truly' $?
  systemctl start pinion-device; fact 'it starts on a read-only root' $?
  wait_for 120 driven 1; fact 'and works' $?
  fact 'and keeps its state' "$(ls -A /var/lib/pinion | words)"
  systemctl stop pinion-device
  mount -o remount,rw / && umount /var/lib/pinion
  systemctl start pinion-device
}

upgrade() {
  local old sum; old=$(pid); sum=$(cksum </etc/pinion/board.yaml)
  dpkg -i "$PWD/later.deb" >>dpkg.log 2>&1; fact 'dpkg upgrades it' $?
  fact 'to the later one' "$(dpkg-query -W -f '${Version}' pinion | words)"
  again() { [ "$(pid)" != "$old" ] && running; }
  wait_for 120 again; fact 'the new one runs' $?
  [ "$sum" = "$(cksum </etc/pinion/board.yaml)" ]; fact 'with the same configuration' $?
  fact 'what was disabled stays so' "\"$(systemctl is-enabled pinion-router-bridge)\""
}

purge() {
  wait_for 120 running; fact 'after a power cut it comes up by itself' $?
  wait_for 120 driven 1; fact 'and works as before' $?
  rm -r /etc/systemd/system/pinion-device.service.d
  dpkg -P pinion >>dpkg.log 2>&1; fact 'dpkg purges it' $?
  fact 'purged, the pump is off' "$(<"$pin")"
  fact 'what is left' "$(find /etc /usr /var -name '*pinion*' -not -path '/var/lib/dpkg/*' | words)"
  local file
  for file in passwd group; do cmp -s "$file" "/etc/$file"; fact "$file is as it was" $?; done
}

# What the README says to type on the Pi, word for word.
as_written() {
  sudo() { "$@"; }
  local line
  while IFS= read -r line; do
    (eval "$line") >typed.log 2>&1; fact "\$ $line" $?
  done <"$PWD/typed"
  wait_for 120 driven 1; fact 'as written: the relay is on' $?
  dpkg -P pinion >>dpkg.log 2>&1
}

if [ "$RIG_BOOT" = 1 ]; then
  install_and_start
  kill_hard
  idle
  if [ "$length" = long ]; then
    hang; busy; chip; router; read_only; upgrade
    sync
    fact 'boot 1' true
    rigctl power-cut
    sleep 60
  fi
else
  purge
  as_written
fi
fact 'done' true
journalctl -u pinion-device -u pinion-router-bridge --no-pager -o short-monotonic | tail -60
tail -5 dpkg.log
