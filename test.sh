#!/bin/sh
# Every check of the project: format, lints, tests, docs, the demo, and the report in a real browser.
set -eu
cd "$(dirname "$0")"
step() { printf '\n== %s\n' "$1"; }

step "format"
cargo fmt --all -- --check
step "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings
step "tests"
cargo test --workspace --locked
step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
# As the tests built it: the numerical crates are at full speed there too, and a second build of everything takes longer than the demo.
step "the demo"
demo="$(mktemp -d)"
trap 'rm -rf "$demo"' EXIT
cargo run --locked -- demo "$demo/demo"
ls "$demo"/demo/runs/*/report.html

step "the report in a browser"
if command -v node >/dev/null 2>&1 && command -v chromium >/dev/null 2>&1 && [ -d web/node_modules ]; then
    cargo run --locked -p counterpoint-report --example sample -- "$demo/samples"
    cp "$demo"/demo/runs/*/report.html "$demo/samples/demo.html"
    node web/test/report.browser.mjs "$demo/samples"
elif [ "${REQUIRE_BROWSER:-0}" = 1 ]; then
    echo "node, chromium or web/node_modules is missing: the report was not tested" >&2
    exit 1
else
    echo "SKIPPED: needs node, chromium and 'npm ci' in web/ (see web/README.md)"
fi
printf '\nAll checks passed.\n'
