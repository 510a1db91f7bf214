#!/bin/sh
# The browser tests drive a real Chromium. Where there is none and we may install one, Debian's is installed.
set -e
command -v chromium >/dev/null 2>&1 && command -v pdftotext >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "· 安装测试用的 Chromium installing Chromium, poppler and CJK fonts for the browser tests"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium poppler-utils fonts-noto-cjk >/dev/null
else
    echo "! 没有 Chromium 或 poppler-utils:浏览器测试将失败。请安装软件包 chromium poppler-utils fonts-noto-cjk。"
    echo "  No Chromium or poppler-utils: browser tests will fail. Install the packages chromium poppler-utils fonts-noto-cjk."
fi
