#!/bin/bash
# In the board, in each of its starts: says what runs, then lets power go in the middle of the next upgrade by dpkg or update from
# outside. CUTS: one for each start, ms after its begin, with a d before it for dpkg. argv: the package, which is beside a later one.
. ./set-up-board.sh
pid() { systemctl show -p MainPID --value pinion-device; }
joined() { journalctl -u pinion-device _PID="$(pid)" --no-pager -o cat | grep -q 'the session is ready'; }
runs() { tr '\0' '\n' <"/proc/$(pid)/environ" | sed -n 's/^PINION_RELEASE=//p'; }
proved() { [ ! -e /var/lib/pinion/trial ]; }
version() { dpkg-query -W -f "\${$1}" pinion; }

first=$1
echo >"up-$RIG_BOOT"
[ "$RIG_BOOT" != 1 ] || set_up "$first" PINION_PROBATION=3
wait_for 240 joined; fact "start $RIG_BOOT joins" $?
fact "start $RIG_BOOT runs" "\"$(runs)\""
read -ra cuts <<<"$CUTS"
cut=${cuts[$((RIG_BOOT - 1))]}
# what the n-th dpkg installs: there and back
package() { if [ $(($1 % 2)) = 1 ]; then echo later.deb; else echo "$first"; fi; }
if [ "$RIG_BOOT" -gt 1 ] && [[ ${cuts[$((RIG_BOOT - 2))]} = d* ]]; then
  # nobody has repaired anything yet, and the board runs; then somebody does it again
  fact "start $RIG_BOOT finds the package" "\"$(version Version) $(version Status)\""
  dpkg -i "$(package $((RIG_BOOT - 1)))" >>dpkg.log 2>&1; fact "start $RIG_BOOT installs it again" $?
  fact "start $RIG_BOOT has the package" "\"$(version Status)\""
  wait_for 240 joined; fact "start $RIG_BOOT joins again" $?
fi
wait_for 240 proved
echo >"ready-$RIG_BOOT"
case $cut in
  '') wait_for 900 test -e finished; fact 'the last release is there' $?; fact 'done' true ;;
  d*)
    rigctl power-cut "${cut#d}" >/dev/null
    dpkg -i "$(package "$RIG_BOOT")" >>dpkg.log 2>&1; fact "start $RIG_BOOT, dpkg ended before power went" $?
    sleep 200
    ;;
  *)
    wait_for 200 test -e "sending-$RIG_BOOT"
    rigctl power-cut "$cut" >/dev/null
    sleep 200
    ;;
esac
