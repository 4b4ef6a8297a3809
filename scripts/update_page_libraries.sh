#!/usr/bin/env bash
# Makes the libraries of the report's page from npm: one file of the parts of three.js that the page uses, and uPlot. Needs npm and
# the network; users and builds need neither. Run it after a change of the versions or of the parts, and commit what it writes.
set -euo pipefail
cd "$(dirname "$0")/.."

three=0.187.0
uplot=1.6.32
esbuild=0.28.2

vendor=$PWD/src/report/page/vendor
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp "$vendor/three_parts.js" "$place/"
cd "$place"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent "three@$three" "uplot@$uplot" "esbuild@$esbuild"
npx esbuild three_parts.js --bundle --minify --format=iife --global-name=THREE --legal-comments=eof --log-level=warning \
  --outfile="$vendor/three.js"
cp node_modules/uplot/dist/uPlot.iife.min.js "$vendor/uplot.js"
cp node_modules/uplot/dist/uPlot.min.css "$vendor/uplot.css"
{
  echo "/*!"
  printf 'three.js %s\n\n' "$three" && cat node_modules/three/LICENSE
  printf '\nuPlot %s\n\n' "$uplot" && cat node_modules/uplot/LICENSE
  echo "*/"
} >"$vendor/licences.js"
cd "$vendor"
sha256sum three.js uplot.js uplot.css licences.js >SHA256SUMS
