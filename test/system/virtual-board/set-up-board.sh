# shellcheck shell=bash
# Read by what runs in the board: how it tells and waits, and how a board with the package comes to be.
fact() { printf 'FACT ["%s", %s]\n' "$1" "$2"; }
# wait_for SECONDS COMMAND...: 0 when the command did within this time
wait_for() { local end=$(($(date +%s) + $1)); shift; until "$@"; do [ "$(date +%s)" -lt $end ] || return 1; sleep 2; done; }

# set_up PACKAGE [VARIABLE=VALUE]...: installs it with the keys and the board.yaml of this folder, and starts the device with these variables
set_up() {
  local package=$1 drop_in=/etc/systemd/system/pinion-device.service.d; shift
  dpkg -i "$package" >dpkg.log 2>&1; fact 'dpkg installs it' $?
  mkdir -p $drop_in
  # an emulated processor may be starved for longer than a board may be silent; ten minutes for a release are cut short
  printf '[Service]\nWatchdogSec=5min\nEnvironment=PINION_TRIAL_LIMIT=240 %s\n' "$*" >$drop_in/rig.conf
  systemctl daemon-reload
  for file in *.key; do install -o root -g pinion -m 640 "$file" /etc/pinion/; done
  install -o root -g pinion -m 640 board.yaml /etc/pinion/board.yaml
  sync
  systemctl start pinion-device; fact 'it starts' $?
}
