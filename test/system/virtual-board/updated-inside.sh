#!/bin/bash
# In the board: installs the package, and lets others work on the board from outside. argv: the package, the configuration's folder.
fact() { printf 'FACT ["%s", %s]\n' "$1" "$2"; }
wait_for() { local end=$(($(date +%s) + $1)); shift; until "$@"; do [ "$(date +%s)" -lt $end ] || return 1; sleep 2; done; }

if [ "$RIG_BOOT" = 1 ]; then
  dpkg -i "$1" >dpkg.log 2>&1; fact 'dpkg installs it' $?
  mkdir -p /etc/systemd/system/pinion-device.service.d
  # an emulated processor may be starved for longer than a board may be silent; ten minutes for a release are cut short
  printf '[Service]\nWatchdogSec=5min\nEnvironment=PINION_TRIAL_LIMIT=240\n' >/etc/systemd/system/pinion-device.service.d/rig.conf
  systemctl daemon-reload
  for file in *.key; do install -o root -g pinion -m 640 "$file" /etc/pinion/; done
  install -o root -g pinion -m 640 board.yaml /etc/pinion/board.yaml
  sync
  systemctl start pinion-device; fact 'it starts' $?
  wait_for 2400 test -e cut; fact 'all was done from outside' $?
  fact 'starts by systemd' "$(systemctl show -p NRestarts --value pinion-device)"
  # nothing is flushed first: what was confirmed is on the disk
  rigctl power-cut
  sleep 60
fi
echo >"boot-$RIG_BOOT"
wait_for 600 test -e finished; fact 'looked at after the power cut' $?
fact failed "\"$(systemctl --failed --plain --no-legend)\""
fact 'done' true
