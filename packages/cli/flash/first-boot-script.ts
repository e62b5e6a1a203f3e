/**
 * What runs on the board at its first start. It lies in pinion/ on the boot partition, beside
 *
 *     package.deb, package.sums     the Debian package
 *     etc/*, etc.sums               what goes to /etc/pinion, secrets among it
 *     hostname, authorized_keys     where they were asked for
 *
 * Power may go at any moment: each step can be done again, and a unit starts it again until all is done. The secrets leave the boot
 * partition, which everybody can read, first; the configuration comes into place last, so that no half-installed board moves a pin.
 * Of what it takes away at the end first-boot.sh goes first: without it the unit takes away the rest.
 *
 * Called with come-again it only sees to that unit; with before-reboot it starts nothing.
 */
import { BOARD_SHELL } from "../provision/board-shell.ts";

export const FIRST_BOOT_SCRIPT = String.raw`#!/bin/sh
# by pinion flash: installs what lies beside it, without a network, and takes itself and the secrets away.
set -u
umask 077
here=$(cd "$(dirname "$0")" && pwd)
card=$(dirname "$here")
log=$card/pinion-first-boot.log
unit=/etc/systemd/system/pinion-first-boot.service
wanted=/etc/systemd/system/multi-user.target.wants/pinion-first-boot.service
kept=/var/lib/pinion-first-boot
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C

# of a FAT alone the kernel tells the card to keep what it has taken only when a file of it is synced
flush() {
  sync
  sync "$card" 2>/dev/null
}
say() {
  echo "pinion: $*"
  echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*" >>"$log"
}
give_up() {
  say "$*"
  say "the next start of the board tries again"
  flush
  exit 1
}

# whatever ends this before it is done, the next start of the board goes on
come_again() {
  mkdir -p "$(dirname "$wanted")" && cat >"$unit.new" <<END || give_up "$unit cannot be written"
[Unit]
Description=Pinion: what is left of the first start
After=local-fs.target
RequiresMountsFor=$here
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'if [ -e $here/first-boot.sh ]; then exec sh $here/first-boot.sh; fi; if [ -e $here/etc ] || [ -e $kept/etc ]; then echo $here/first-boot.sh is gone: prepare the card again; exit 1; fi; rm -rf $here $kept; sync; sync $card; rm -f $wanted $unit'
[Install]
WantedBy=multi-user.target
END
  chmod 644 "$unit.new"
  if [ -L "$wanted" ] && cmp -s "$unit.new" "$unit"; then
    rm -f "$unit.new"
    return 0
  fi
  sync "$unit.new"
  mv -f "$unit.new" "$unit" && ln -sf ../pinion-first-boot.service "$wanted" || give_up "$unit cannot be written"
  flush
}

${BOARD_SHELL}
# The kernel makes a FAT read-only at the first fault that it finds, as power leaves one behind.
mend_card() {
  (: >"$card/pinion-first-boot.try") 2>/dev/null && rm -f "$card/pinion-first-boot.try" && return
  device=$(findmnt -n -o SOURCE -T "$card")
  mount -o remount,ro "$card"
  ! command -v fsck.vfat >/dev/null || fsck.vfat -a "$device" >/dev/null 2>&1
  echo 3 >/proc/sys/vm/drop_caches
  mount -o remount,rw "$card" && say "the boot partition was read-only, and is mended"
}

take_secrets() {
  [ -d "$here/etc" ] || return 0
  if [ ! -d "$kept/etc" ] || ! cmp -s "$here/etc.sums" "$kept/etc.sums"; then
    (cd "$here" && sha256sum -c --strict --status etc.sums) || give_up "the configuration on the boot partition is damaged: prepare the card again"
    rm -rf "$kept.new"
    mkdir -p "$kept.new/etc"
    cp "$here"/etc/* "$kept.new/etc/" && cp "$here/etc.sums" "$kept.new/" || give_up "the configuration cannot be copied to $kept"
    flush
    rm -f "$kept/etc.sums"
    rm -rf "$kept"
    mv "$kept.new" "$kept"
    flush
  fi
  # a deleted file of a FAT file system is still to be read
  for file in "$here"/etc/*; do
    [ -f "$file" ] || continue
    dd if=/dev/zero of="$file" bs="$(wc -c <"$file")" count=1 conv=notrunc,fsync 2>/dev/null
    rm -f "$file"
  done
  rmdir "$here/etc"
  flush
  if [ -d "$here/etc" ]; then
    say "the configuration and its secrets are on the boot partition still, which cannot be written: write the card anew"
  else
    say "the configuration and its secrets have left the boot partition"
  fi
}

install_package() {
  read -r sum _ <"$here/package.sums"
  if [ "$(cat "$kept/installed" 2>/dev/null)" = "$sum" ]; then return 0; fi
  (cd "$here" && sha256sum -c --strict --status package.sums) || give_up "the package on the boot partition is damaged: prepare the card again"
  own=$(dpkg --print-architecture)
  its=$(dpkg-deb -f "$here/package.deb" Architecture)
  [ "$own" = "$its" ] || give_up "the package is for $its, and this system is $own: prepare the card again with the package for $own"
  install_deb "$here/package.deb"
  flush
  mkdir -p "$kept" && echo "$sum" >"$kept/installed"
  say "installed pinion $(dpkg-query -W -f '${"$"}{Version}' pinion)"
}

configure() {
  [ -d "$kept/etc" ] || return 0
  for file in "$kept"/etc/*; do
    [ "$(basename "$file")" = board.yaml ] || place "$file" "/etc/pinion/$(basename "$file")"
  done
  flush
  place "$kept/etc/board.yaml" /etc/pinion/board.yaml
  flush
  # all of it at once: some of it alone is no configuration
  mv "$kept/etc" "$kept/placed"
  rm -rf "$kept/placed"
  flush
}

allow_ssh() {
  [ -s "$here/authorized_keys" ] || return 0
  who=$(getent passwd 1000) || { say "there is no user with the number 1000, so nobody got the ssh key"; return 0; }
  user=$(echo "$who" | cut -d: -f1)
  home=$(echo "$who" | cut -d: -f6)
  group=$(echo "$who" | cut -d: -f4)
  install -d -o 1000 -g "$group" -m 700 "$home/.ssh"
  touch "$home/.ssh/authorized_keys"
  while read -r key; do
    grep -qxF "$key" "$home/.ssh/authorized_keys" || echo "$key" >>"$home/.ssh/authorized_keys"
  done <"$here/authorized_keys"
  chown "1000:$group" "$home/.ssh/authorized_keys"
  chmod 600 "$home/.ssh/authorized_keys"
  if command -v systemctl >/dev/null; then
    systemctl enable ssh >/dev/null 2>&1
    [ ! -d /run/systemd/system ] || systemctl start --no-block ssh
  fi
  say "$user may log in by the ssh key"
}

# in this order: whenever power goes, what is left leads to the rest
tidy() {
  # not while the kernel's command line runs it still
  first=$card/firstrun.sh
  grep -qs systemd.run= "$card/cmdline.txt" || ! grep -qs '^# by pinion flash: runs once' "$first" || rm -f "$first"
  flush
  rm -f "$here/first-boot.sh"
  flush
  rm -rf "$here"
  flush
  rm -rf "$kept"
  rm -f "$wanted" "$unit"
  flush
}

main() {
  # the unit, and what cloud-init runs, may come at the same time
  exec 9>/run/pinion-first-boot.lock
  if [ "$1" = come-again ]; then flock -n 9 || return 0; else flock 9; fi
  [ -e "$here/first-boot.sh" ] || return 0
  come_again
  mend_card
  [ "$1" != come-again ] || return 0
  take_secrets
  install_package
  name_host "$here/hostname"
  allow_ssh
  configure
  if words=$(setpriv --reuid=pinion --regid=pinion --init-groups pinion-device --config /etc/pinion/board.yaml --check 2>&1); then
    say "done: $(echo "$words" | head -n 1)"
  else
    say "done, but pinion-device does not take its configuration: $words"
  fi
  # before the unit goes: systemd ends a service whose unit is gone at the next daemon-reload, which may be what runs this
  if [ -d /run/systemd/system ] && [ "$1" != before-reboot ]; then
    systemctl restart --no-block pinion-device
  fi
  tidy
}

main "${"$"}{1:-}"
exit 0
`;
