/**
 * What runs on the board as root, from a folder that root alone can read:
 *
 *     package.deb                   the Debian package, where another one is there; or without dpkg
 *     package.tar.gz, package/*     its files and its scripts
 *     package.sums                  of either
 *     etc/*, etc.sums               what goes to /etc/pinion, secrets among it
 *     hostname, key                 where asked for; the name of a key that is made here
 *
 * The connection may go at any moment, and power too: what has begun is finished without the first, and at the next start after the
 * second. Nothing is replaced before the board itself has said that the new program takes the new configuration.
 */
import { BOARD_SHELL } from "../provision/board-shell.ts";
import { ARCHIVE_SHELL } from "./archive-shell.ts";

const HOME = "/var/lib/pinion-deploy";
export const SCRIPT_NAME = "install.sh";

/** Takes the archive from its standard input. Nothing of half an archive stays. */
export const RECEIVE = `umask 077
d=${HOME}
refuse() { echo "pinion: failed $1"; exit 1; }
exec 9>/run/pinion-deploy.lock
flock -n 9 || refuse "another pinion deploy is at work on this board: wait for it"
rm -rf $d/in
mkdir -p $d/in || refuse "$d cannot be made"
words=$(tar -xf - -C $d/in 2>&1) || { rm -rf $d/in; refuse "what was sent did not arrive whole: $(echo "$words" | head -n 1)"; }
exec sh $d/in/${SCRIPT_NAME}`;

export const INSTALL_SCRIPT = String.raw`#!/bin/sh
# by pinion deploy: installs what lies beside it, and takes itself away.
set -u
umask 077
trap '' HUP PIPE
here=${HOME}/in
device=/usr/lib/pinion/pinion-device
unit=/etc/systemd/system/pinion-deploy.service
wanted=/etc/systemd/system/multi-user.target.wants/pinion-deploy.service
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C
# the package's own scripts leave the services to this one: one start anew, not two
export PINION_RESTART=no STATE_DIRECTORY=/var/lib/pinion
replaced=

say() { echo "pinion: step $*"; }
give_up() {
  printf '%s\n' "$1" | while read -r line; do printf 'pinion: failed %s\n' "$line"; done
  [ -z "$replaced" ] || restart
  tidy
  exit 1
}

${BOARD_SHELL}
${ARCHIVE_SHELL}
# power may go: the next start of the board goes on
come_again() {
  mkdir -p "$(dirname "$wanted")" && cat >"$unit.new" <<END || give_up "$unit cannot be written"
[Unit]
Description=Pinion: what is left of pinion deploy
After=local-fs.target
ConditionPathExists=$here/${SCRIPT_NAME}
[Service]
Type=oneshot
ExecStart=/bin/sh $here/${SCRIPT_NAME}
[Install]
WantedBy=multi-user.target
END
  chmod 644 "$unit.new"
  # whole or not at all
  sync
  mv -f "$unit.new" "$unit"
  ln -sf ../pinion-deploy.service "$wanted"
  sync
}

tidy() {
  rm -f "$wanted" "$unit" "$unit.new"
  rm -rf ${HOME}/in
  rmdir ${HOME} 2>/dev/null
  sync
}

run_of_device() { systemctl show -p InvocationID --value pinion-device; }

restart() {
  systemctl daemon-reload
  systemctl --quiet enable pinion-device
  systemctl reset-failed pinion-device 2>/dev/null
  before=$(run_of_device)
  systemctl restart --no-block pinion-device
  # who waits for it to join means the new one; 15 s are the most that the old one may take to end
  tries=0
  while [ "$(run_of_device)" = "$before" ] && [ $tries -lt 30 ]; do
    tries=$((tries + 1))
    sleep 1
  done
  if [ "$replaced" = first ]; then systemctl start --no-block pinion-router-bridge; fi
  if [ "$replaced" = again ]; then systemctl try-restart --no-block pinion-router-bridge; fi
}

whole() {
  (cd "$here" && sha256sum -c --strict --status "$1") || give_up "what was sent did not arrive whole: run this again"
}

has_package() { [ -e "$here/package.deb" ] || [ -e "$here/package.tar.gz" ]; }

install_package() {
  has_package || return 0
  say "installing the package"
  replaced=$1
  if [ -e "$here/package.deb" ]; then install_deb "$here/package.deb"; else install_archive; fi
  rm -f "$here/package.deb" "$here/package.tar.gz"
  say "installed pinion $("$device/start" --version)"
}

# without dpkg nobody else knows whether the libraries are there that it needs
try_archive() {
  unpack_archive "$here/try"
  words=$("$here/try$device/start" --version 2>&1) || give_up "the program does not run on this system, and nothing was installed: $words"
}

# the program that will read the configuration: of the package that is to come where one is there already, so that it can still be refused
choose_program() {
  program=$device/run
  has_package || return 0
  whole package.sums
  if [ ! -e "$here/package.deb" ]; then
    try_archive
  else
    words=$(dpkg --no-act -i "$here/package.deb" 2>&1) || give_up "dpkg would not install the package: $words"
  fi
  if [ ! -x "$device/start" ] || ! getent passwd pinion >/dev/null; then install_package first; return 0; fi
  say "trying the new program beside the one that runs"
  program=$here/try$device/start
  [ -e "$here/package.deb" ] || return 0
  mkdir -p "$here/try"
  dpkg-deb --fsys-tarfile "$here/package.deb" | tar -xf - -C "$here/try" ./usr/lib/pinion || give_up "the package cannot be unpacked: is the disk full?"
}

make_key() {
  [ -s "$here/key" ] || return 0
  read -r key <"$here/key"
  "$program" enroll --config "$here/etc/board.yaml" >/dev/null 2>"$here/words" || give_up "the board's key could not be made: $(cat "$here/words")"
  say "$(head -n 1 "$here/words")"
  # for the check, which finds it beside the others
  cp "/etc/pinion/$key" "$here/etc/$key" || give_up "/etc/pinion/$key is not there"
}

check() {
  chown -R root:pinion ${HOME}
  chmod 750 ${HOME}
  chmod -R u=rwX,g=rX,o= "$here"
  if words=$(runuser -u pinion -- "$program" --config "$here/etc/board.yaml" --check --files "$here/etc" --here 2>&1); then
    say "the board takes the configuration: $(echo "$words" | head -n 1)"
    return 0
  fi
  give_up "the board does not take the configuration, and nothing of it was put in place:
$(echo "$words" | sed "s|$here/etc/||g")"
}

configure() {
  while read -r _ file; do
    name=$(basename "$file")
    [ "$name" = board.yaml ] || place "$here/etc/$name" "/etc/pinion/$name"
  done <"$here/etc.sums"
  sync
  place "$here/etc/board.yaml" /etc/pinion/board.yaml
  sync
}

whole etc.sums
come_again
choose_program
make_key
check
install_package again
configure
name_host "$here/hostname"
restart
tidy
systemctl daemon-reload
echo "pinion: done yes"
exit 0
`;
