#!/bin/sh
# The tests of signed papers have them judged by programs of others: poppler's pdfsig, with a store of certificates that NSS's
# certutil makes. Where they are missing and we may install, Debian's packages are installed; where neither is so, those tests are
# skipped and say so.
set -e
has() { command -v "$1" >/dev/null 2>&1; }
has pdfsig && has certutil && exit 0
if [ "$(id -u)" = 0 ] && has apt-get; then
    echo "· 安装测试用的 poppler 和 NSS 工具 installing poppler and NSS tools for the tests of signed papers"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends poppler-utils libnss3-tools >/dev/null; } && exit 0
fi
echo "! 没有 pdfsig 或 certutil：签名文件的部分测试将跳过（软件包 poppler-utils libnss3-tools）。 No pdfsig or certutil: some tests of signed papers are skipped (packages poppler-utils libnss3-tools)."
