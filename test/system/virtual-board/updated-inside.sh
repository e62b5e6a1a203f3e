#!/bin/bash
# In the board: installs the package, and lets others work on the board from outside. argv: the package, the configuration's folder.
. ./set-up-board.sh

if [ "$RIG_BOOT" = 1 ]; then
  set_up "$1"
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
