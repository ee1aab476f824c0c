#!/usr/bin/env bash
# Installs what the tests need beyond npm packages, where it is missing: Chromium, Redis, NGINX, PgBouncer, kcat (a broker of
# Kafka's protocol) and nats-server. Postgres is among the npm packages. The tests start their own servers, on free ports of loopback.
set -euo pipefail

if [[ -n ${CHROMIUM_PATH:-} && ! -x $CHROMIUM_PATH ]]; then
	echo "setup: CHROMIUM_PATH is $CHROMIUM_PATH, but no executable is there." >&2
	exit 1
fi

missing=()

chromium=${CHROMIUM_PATH:-/usr/bin/chromium}
if [[ -x $chromium ]]; then
	echo "setup: Chromium is there ($chromium)."
else
	missing+=(chromium)
fi

redis=/usr/bin/redis-server
if [[ -x $redis ]]; then
	echo "setup: Redis is there ($redis)."
elif [[ -n ${REDIS_URL:-} ]]; then
	echo 'setup: no redis-server here; tests use the one at REDIS_URL, those that stop theirs need their own.'
else
	missing+=(redis-server)
fi

# Each is in the package of its name.
for server in /usr/sbin/nginx /usr/sbin/pgbouncer /usr/bin/kcat /usr/sbin/nats-server; do
	if [[ -x $server ]]; then
		echo "setup: ${server##*/} is there ($server)."
	else
		missing+=("${server##*/}")
	fi
done

if ((${#missing[@]} == 0)); then exit; fi

if ! command -v apt-get >/dev/null; then
	echo "setup: install ${missing[*]}, then set CHROMIUM_PATH to Chromium's executable, REDIS_URL to a Redis." >&2
	exit 1
fi

echo "setup: installing with apt-get: ${missing[*]}."
as_root=()
if ((EUID != 0)); then as_root=(sudo -n); fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
