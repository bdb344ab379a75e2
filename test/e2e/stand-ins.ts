/** Programs that stand in for what tests do not have: a host behind ssh, a browser. */

/** What a host that is reached by ssh says here: this machine, under another name. */
export const SSH = `#!/bin/sh
until case $1 in *@*) true ;; *) false ;; esac; do shift; done
host=\${1#*@}; shift
printf 'uname() { [ "$1" = -n ] && echo %s || command uname "$@"; }\\n' "$host" >"$0.$$"
cat >>"$0.$$"
echo "$*" | sed 's/.*sh -s\\(.*\\)/sh FILE \\1/' | sed "s|FILE|$0.$$|;s| -- | |;s| --$| |" | sh |
  sed "s/^|machine-id: .*/|machine-id: $(printf %s "$host" | sha256sum | cut -c 1-32)/"
`

/** A browser, as far as readers need one here. */
export const XDG_OPEN = `#!/bin/sh
case $1 in
  http*) node -e "fetch('$1').then(async page => process.exit(/<!doctype html>/i.test(await page.text()) ? 0 : 1))" ;;
  *) test -s "$1" ;;
esac && echo "opened $1"
`
