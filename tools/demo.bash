# Shared by scripts that use the program from outside, as it runs by itself: `serve --demo` on a
# free port, with its data in a temporary folder. Needs lib.bash.
#
# temporary NAME makes that folder, $dir, which goes with the script, and the program with it.

temporary() {
	dir=$(mktemp -d "${TMPDIR:-/tmp}/creditmsg-$1.XXXXXX")
	exec 9> >(guard)
	guard=$!
	trap 'exec 9>&-; wait "$guard" || true' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# guard waits until this script is gone, even by force, and then clears up: it reads a
# pipe (descriptor 9) that only this script holds open.
guard() {
	trap '' INT TERM HUP
	cat >/dev/null
	stop
	rm -rf "$dir"
}

# serve leaves the address and the token of the demo in files.
serve() {
	local pid i
	set -m
	(cd "$dir" && CREDITMSG_LISTEN=127.0.0.1:0 exec "$dir/creditmsg" serve --demo) >"$dir/serve.log" 2>&1 </dev/null 9>&- &
	pid=$!
	set +m
	echo "$pid" >"$dir/serve.pid"
	for ((i = 0; i < 600; i++)); do
		if grep -qs 'ledger  *proven' "$dir/serve.log"; then
			sed -n 's/.*"api_url": *"\([^"]*\)".*/\1/p' "$dir/data/demo.json" >"$dir/url"
			sed -n 's/.*"demo-rich": *"\(cm_live_[^"]*\)".*/\1/p' "$dir/data/demo.json" >"$dir/token"
			return
		fi
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	echo 'the program does not start; its log ends:'
	tail -n 20 "$dir/serve.log"
	return 1
}

stop() {
	local pid i
	[ -s "$dir/serve.pid" ] || return 0
	pid=$(cat "$dir/serve.pid")
	kill "$pid" 2>/dev/null || return 0
	for ((i = 0; i < 100; i++)); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -s KILL "$pid" 2>/dev/null || true
}

# install PACKAGES… puts packages of Debian in, where this is root on Debian.
install() {
	export DEBIAN_FRONTEND=noninteractive
	local get=(apt-get install -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 "$@")
	"${get[@]}" || { apt-get update && "${get[@]}"; }
}

can_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

# ensure_node WHAT… has Node.js with npm here, for what needs them.
ensure_node() {
	if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
		can_install || die "$* needs Node.js 18.17 or later with npm, and not both are here.
Install them (https://nodejs.org/en/download, Debian: apt-get install nodejs npm) or run this as root on Debian."
		step 'installing Node.js' install nodejs npm
	fi
	[ "$(node -p '(([a, b]) => a > 18 || (a == 18 && b >= 17))(process.versions.node.split(".").map(Number))')" = true ] ||
		die "$* needs Node.js 18.17 or later, and this is $(node --version): https://nodejs.org/en/download"
}

# packages FOLDER TO copies a folder and installs what its lock names, unless it is there. Programs
# that packages bring along do not run.
packages() {
	mkdir -p "$2"
	cp "$1"/* "$2"
	cd "$2"
	cmp -s package-lock.json node_modules/.lock && return
	npm ci --no-audit --no-fund --no-update-notifier --ignore-scripts --prefer-offline --loglevel=error
	cp package-lock.json node_modules/.lock
}
