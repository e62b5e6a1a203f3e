/** Shell functions of what installs Pinion on a board, however it came there. They call `say <words>` and `give_up <words>`. */
export const BOARD_SHELL = String.raw`# the system may be installing something itself
install_deb() {
  tries=0
  until words=$(dpkg -i "$1" 2>&1); do
    tries=$((tries + 1))
    case $words in
      *lock*) [ $tries -lt 60 ] || give_up "dpkg is busy with something else" ;;
      *) give_up "dpkg -i failed: $words" ;;
    esac
    sleep 5
  done
  sync
}

# a file to its place, whole or not at all, for the service and nobody else
place() {
  install -o root -g pinion -m 640 "$1" "$2.new" && mv -f "$2.new" "$2" || give_up "$2 cannot be written"
}

name_host() {
  [ -s "$1" ] || return 0
  read -r new <"$1"
  old=$(cat /etc/hostname 2>/dev/null)
  (umask 022 && echo "$new" >/etc/hostname)
  if grep -q '^127\.0\.1\.1' /etc/hosts 2>/dev/null; then
    sed -i "s/^127\.0\.1\.1.*/127.0.1.1\t$new/" /etc/hosts
  else
    (umask 022 && printf '127.0.1.1\t%s\n' "$new" >>/etc/hosts)
  fi
  hostname "$new" 2>/dev/null
  [ "$old" = "$new" ] || say "the host's name is $new"
}
`;
