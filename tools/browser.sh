#!/bin/sh
# The browser tests drive a real Chromium: Debian's headless shell. The whole browser will do, at three times the cost (it
# also draws windows that nobody sees). Where something is missing and we may install, Debian's packages are installed.
set -e
has() { command -v "$1" >/dev/null 2>&1; }
has chromium-headless-shell && has pdftotext && exit 0
if [ "$(id -u)" = 0 ] && has apt-get; then
    echo "· 安装测试用的 Chromium installing Chromium, poppler and CJK fonts for the browser tests"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq chromium-headless-shell poppler-utils fonts-noto-cjk >/dev/null && exit 0
fi
has chromium && has pdftotext && exit 0
echo "! 没有 Chromium 或 poppler-utils:浏览器测试将失败。请安装软件包 chromium-headless-shell poppler-utils fonts-noto-cjk。"
echo "  No Chromium or poppler-utils: browser tests will fail. Install the packages chromium-headless-shell poppler-utils fonts-noto-cjk."
