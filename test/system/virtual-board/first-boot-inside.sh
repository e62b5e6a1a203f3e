#!/bin/bash
# In the board, in each start that is no first start any more: waits for the end of it, and says what it has left. argv: a word to be
# found nowhere on the card's partition.
boot=/boot/firmware pin=$RIG_GPIO_SIM/sim_gpio17/value

fact() { printf 'FACT ["%s", %s]\n' "$1" "$2"; }
words() { printf '"%s"' "$(tr '\n' ' ' | sed 's/ *$//; s/[\\"]/ /g')"; }
# wait SECONDS COMMAND...: 0 when the command did within this time
wait_for() {
  local end=$(($(date +%s) + $1)); shift
  until "$@"; do [ "$(date +%s)" -lt $end ] || return 1; sleep 0.5; done
}
over() { [ ! -e $boot/pinion ] && [ ! -e /etc/systemd/system/pinion-first-boot.service ]; }
driven() { [ "$(<"$pin")" = "$1" ]; }

fact start "$RIG_BOOT"
wait_for 400 over; fact 'the first start ends' $?
wait_for 200 driven 1; fact 'the board joins, and a caller outside switches the pump on' $?
fact installed "$(dpkg-query -W -f '${Status}' pinion | words)"
fact files "$(cd /etc/pinion && stat -c '%n %U:%G %a' * | words)"
fact user "\"$(stat -c %U "/proc/$(systemctl show -p MainPID --value pinion-device)")\""
fact node "\"$(readlink "/proc/$(systemctl show -p MainPID --value pinion-device)/exe")\""
fact enabled "\"$(systemctl is-enabled pinion-device)\""
fact boot "$(ls $boot | words)"
fact left "$(find /boot /etc /usr /var -name '*pinion-first-boot*' | words)"
fact host "\"$(cat /etc/hostname) $(grep -c '^127.0.1.1.greenhouse-1$' /etc/hosts)\""
fact failed "$(systemctl --failed --plain --no-legend | words)"
fact cmdline "$(words <$boot/cmdline.txt)"
sed 's/^/LOG /' $boot/pinion-first-boot.log
sync; sync $boot
fact 'done' true
journalctl -u pinion-device --no-pager -o short-monotonic | tail -30
