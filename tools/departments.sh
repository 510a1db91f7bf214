#!/bin/sh
# The tests of docking pull from a MariaDB server that they start themselves. Where it is missing and we may install, Debian's
# package is installed; where neither is so, those tests are skipped and say so. (A department's PostgreSQL is the wheel's.)
set -e
PATH="$PATH:/usr/sbin:/usr/local/sbin"
has() { command -v "$1" >/dev/null 2>&1; }
has mariadbd && has mariadb-install-db && exit 0
if [ "$(id -u)" = 0 ] && has apt-get; then
    echo "· 安装测试用的 MariaDB installing MariaDB for the tests of docking"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server >/dev/null; } && exit 0
fi
echo "! 没有 MariaDB：从 MariaDB 拉取的测试将跳过（软件包 mariadb-server）。 No MariaDB: tests of docking to it are skipped (package mariadb-server)."
