# Shared by the scripts beside it: steps that say what they do and how long it took.
# Everything for people goes to standard error, so that standard output stays clean.

die() {
	printf '\n%s\n' "$*" >&2
	exit 1
}

needs_go() {
	command -v go >/dev/null || die "Go 1.26 or later is needed: https://go.dev/dl/"
}

# tick NAME: shows the seconds on a terminal; ends with the script at the latest.
tick() {
	local from=$SECONDS
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		printf '\r  %-26s %4d s …' "$1" $((SECONDS - from)) >&2
	done
}

# step NAME CMD…: runs CMD quietly and prints one line. When CMD fails, its output
# follows and the script ends. CMD runs in a subshell with `set -e` in force, so it
# hands results over in files.
step() {
	local name=$1 from=$SECONDS rc=0 ticker='' out
	shift
	printf '  %-26s ' "$name" >&2
	if [ -t 2 ]; then
		tick "$name" &
		ticker=$!
	fi
	set +e
	out=$(
		set -e
		"$@" 2>&1
	)
	rc=$?
	set -e
	if [ -n "$ticker" ]; then
		{ kill "$ticker" && wait "$ticker"; } 2>/dev/null || true
		printf '\r  %-26s ' "$name" >&2
	fi
	if [ $rc -ne 0 ]; then
		printf '%4d s  FAILED\n' $((SECONDS - from)) >&2
		printf '%s\n' "$out" | sed 's/^/    /' >&2
		exit $rc
	fi
	printf '%4d s  ok\n' $((SECONDS - from)) >&2
}
