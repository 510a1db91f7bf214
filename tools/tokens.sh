#!/bin/sh
# The tests of keys in a token (PKCS#11) use SoftHSM. Where it is missing and we may install, Debian's package is installed;
# where neither is so, those tests are skipped and say so.
set -e
[ -e /usr/lib/softhsm/libsofthsm2.so ] && command -v softhsm2-util >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "· 安装测试用的软件密码设备 installing SoftHSM for the tests of keys in a token"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq softhsm2 >/dev/null; } && exit 0
fi
echo "! 没有 SoftHSM：密码设备的测试将跳过（软件包 softhsm2）。 No SoftHSM: tests of tokens are skipped (package softhsm2)."
