/**
 * Shell functions that do dpkg's work on a board without it. What they have installed is recorded in /usr/lib/pinion/package: version,
 * content, files (those outside of /usr/lib/pinion), the package's scripts, and `remove`. They call `give_up <words>`.
 */

/** The folder that all but commands, units, rules and documents lie in. */
const HOME = "/usr/lib/pinion";

export const ARCHIVE_SHELL = String.raw`unpack_archive() {
  rm -rf "$1"
  mkdir -p "$1"
  words=$(tar -xzpf "$here/package.tar.gz" -C "$1" 2>&1) || give_up "the package cannot be unpacked: $(echo "$words" | head -n 1)"
}

# beside what is there, then in its place: the programs as one folder, last
install_archive() {
  stage=${HOME}.new
  before=$(cat ${HOME}/package/version 2>/dev/null)
  unpack_archive "$stage"
  (umask 022 && cp -R "$here/package" "$stage${HOME}/package") || give_up "${HOME} cannot be written"
  chown -R root:root "$stage"
  chmod -R u=rwX,go=rX "$stage${HOME}/package"
  files=$stage${HOME}/package/files
  (cd "$stage" && find . ! -type d ! -path './usr/lib/pinion/*' | sed 's/^\.//') >"$files"
  sync
  while read -r file; do
    (umask 022 && mkdir -p "$(dirname "$file")")
    mv -f "$stage$file" "$file" || give_up "$file cannot be written"
  done <"$files"
  if [ -e ${HOME}/package/files ]; then
    grep -vxF -f "$files" ${HOME}/package/files | while read -r file; do rm -f "$file"; done
  fi
  chmod 644 "$files"
  (umask 022 && mkdir -p /etc/pinion)
  rm -rf ${HOME}.old
  [ ! -e ${HOME} ] || mv ${HOME} ${HOME}.old || give_up "${HOME} cannot be replaced"
  mv "$stage${HOME}" ${HOME} || give_up "${HOME} cannot be written"
  sync
  rm -rf ${HOME}.old "$stage"
  words=$(sh ${HOME}/package/postinst configure $before 2>&1) || give_up "the package's postinst failed: $words"
  sync
}
`;

export const REMOVE_SCRIPT = String.raw`#!/bin/sh
# Takes Pinion off this system, which has no dpkg, as that would: sudo sh ${HOME}/package/remove [--purge]
# With --purge users, state and configuration go too.
set -e
case $1 in
  '' | --purge) ;;
  *) echo "remove: $1? There is --purge alone" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo "remove: this takes root: sudo sh ${HOME}/package/remove $1" >&2; exit 1; }
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
records=$(mktemp -d)
trap 'rm -rf "$records"' EXIT
cp ${HOME}/package/* "$records"
sh "$records/prerm" remove
while read -r file; do rm -f "$file"; done <"$records/files"
rm -rf ${HOME} /usr/share/pinion /usr/share/doc/pinion
sh "$records/postrm" remove
[ "$1" != --purge ] || sh "$records/postrm" purge
`;
