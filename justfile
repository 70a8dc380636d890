set shell := ["bash", "-euo", "pipefail", "-c"]
set ignore-comments

cache := env("ROSTER_CACHE", home_directory() / ".cache/roster")
export PATH := cache / "bin" + ":" + env("PATH")

# List the recipes.
default:
    @just --list --unsorted

# Serve on port 8080, as the README does.
serve:
    cargo run --release

# All tests, as the README runs them.
test:
    cargo test --workspace

# What CI runs: everything below that checks.
ci:
    .ci/run

# Is all Rust in the house's format?
fmt:
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check

# Lints, each a failure.
clippy:
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation builds, and every link in it leads somewhere.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps

# Licences, banned crates and origins of all dependencies.
deny: (_install "cargo-deny")
    cargo-deny --all-features --locked check --hide-inclusion-graph licenses bans sources

# Dependencies with known vulnerabilities; fetches their database.
advisories: (_install "cargo-deny")
    cargo-deny --all-features --locked check advisories

# Rewrite docs/openapi.json from the code; a test compares them.
openapi:
    # Not straight into the file: the binary that is being built embeds it.
    new=$(mktemp) && cargo run -q --bin roster -- openapi > "$new" && cp "$new" docs/openapi.json && rm "$new"

# How many lines the tests run; fails where it is fewer than 85 % of shared/.
coverage: (_install "cargo-tarpaulin")
    # Without the tests that start the binary: what another process runs is not counted, and `--follow-exec`, which
    # would count it, never ends (tried with 0.37.5). So what runs in processes of its own alone, the start of a function
    # and the sending of spans, is left out too; the conformance suite and the emulators are tests themselves.
    cargo-tarpaulin tarpaulin --engine ptrace --workspace --locked --skip-clean --target-dir target/coverage \
        --exclude roster-create-user --exclude roster-list-users --exclude roster-manage-user \
        --exclude roster-process-avatar --exclude roster-serve-avatar --exclude roster-bench --exclude roster-emulator --exclude roster-runtime-api \
        --include-files 'shared/*/src/*' 'functions/*/src/*' --exclude-files 'shared/storage/src/conformance/*' \
        'shared/emulator/*' 'shared/runtime-api/*' 'shared/function/*' 'shared/web/src/telemetry/traces/*' \
        --timeout 900 --out Json --output-dir target/coverage -- \
        --skip process:: --skip environments:: --skip on_aws:: --skip management:: --skip telemetry_document:: \
        --skip traces:: --skip the_log_ --skip tools:: --skip worker::
    .ci/coverage target/coverage/tarpaulin-report.json 85

# Shell scripts, by shellcheck.
shellcheck: (_install "python")
    git grep -lIE '^#!.*[/ ](bash|sh)$' -- ':!*.md' | xargs -t shellcheck
    # `grep -q` leaves at the first match: what still writes to it then fails, and by pipefail the check with it, now and then.
    ! git grep -nE '\| *grep +(-[a-zA-Z]*q|--quiet|--silent)' -- .ci bench

# Spelling.
typos: (_install "python")
    typos --config .ci/typos.toml

# Is all TOML in one format?
toml: (_install "python")
    git ls-files '*.toml' | RUST_LOG=warn xargs taplo fmt --check --config .ci/taplo.toml

# The GitHub workflows, by actionlint and zizmor.
workflows: (_install "python" "actionlint")
    actionlint
    zizmor --offline --no-progress .github/workflows

# The Dockerfile, by hadolint.
hadolint: (_install "python")
    hadolint Dockerfile

# A minute of fuzzing for each target; the stable compiler has no sanitizers, so panics and aborts count.
fuzz seconds="60": (_install "cargo-fuzz")
    for target in $(cargo-fuzz fuzz list); do \
        cargo-fuzz fuzz run --sanitizer none "$target" -- -max_total_time={{ seconds }}; \
    done

# A zip for each Lambda function: for this machine, or by cargo-lambda for arm64 or x86-64 (docs/lambda.md).
lambda arch="":
    .ci/lambda {{ arch }}

# Start a function under a small Lambda on loopback, and show one answer: `just invoke list-users GET /users`.
[positional-arguments]
invoke function *request:
    # As the tests build it, so that nothing is compiled twice.
    cargo test --quiet --workspace --no-run
    target/debug/examples/invoke "target/debug/$1" "${@:2}"

# The container image (docs/container.md), labelled with where it comes from.
image tag="roster": (_install "engine")
    docker build --tag {{ tag }} \
        --build-arg SOURCE="$(git config --get remote.origin.url | sed 's,//[^/]*@,//,')" \
        --build-arg VERSION="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)" \
        --build-arg REVISION="$(git describe --always --dirty --abbrev=40 --exclude '*')" .

# The image serves, keeps, drains and refuses as it should; prints its figures.
image-smoke: image
    .ci/image-smoke roster

# The conformance suite of the stores on AWS, emulated by moto.
conformance-moto: (_install "moto")
    # With --workspace, which has the features of `just test`: nothing is compiled again.
    # One after the other: moto answers one call at a time, and a busy machine would have others wait past their limits.
    calls=$(mktemp) && MOTO_CALLS=$calls .ci/with-moto cargo test --workspace --test it aws::conformance -- --test-threads=1 \
        && .ci/terraform/conformance "$calls"

# The worker and the data tools on AWS, emulated by moto: from an upload to its renditions, dead letters, a sweep.
events-smoke: (_install "moto")
    cargo test --quiet --workspace --test server --example provision --no-run
    .ci/with-moto .ci/events-smoke target/debug

# Existing clients of the Libravatar protocol find Roster by an SRV record, and get its pictures.
libravatar-clients: (_install "libravatar")
    cargo test --quiet --workspace --test server --no-run
    .ci/libravatar/run target/debug/roster

# Terraform on one stack of one environment: `just tf dev data plan` (docs/terraform.md).
[positional-arguments]
tf environment stack command *arguments:
    terraform/tf "$@"

# Move traffic to the versions of the functions that were applied last; an alarm moves it back.
deploy environment:
    .ci/terraform/deploy {{ environment }}

# All of terraform/ that can be checked without a cloud: format, validity, tests, checkov, the modules' READMEs.
tf-check: (_install "terraform" "checkov")
    .ci/terraform/check

# Write the inputs and outputs of Terraform's modules into their READMEs.
tf-docs: (_install "checkov")
    .ci/terraform/docs terraform/modules/*

# Everything by Terraform on moto: made, used with the roles alone, compared with what was called, and destroyed.
tf-emulated: (_install "terraform" "moto")
    cargo test --quiet --workspace --test server --example events --no-run
    # The zips of `just lambda`, as they are.
    [[ -e target/lambda/create-user/bootstrap.zip ]] || .ci/lambda
    MOTO_CALLS=$(mktemp) MOTO_IAM_LOAD_MANAGED_POLICIES=true \
        .ci/with-moto .ci/terraform/emulated target/lambda target/debug

# All of helm/ that can be checked without a cluster: every values file and switch rendered, schemas, kube-score, checkov, alerts.
helm-check: (_install "helm" "checkov")
    .ci/helm/check

# The chart on the cluster that kubectl talks to: installed, used, rolled, drained, scaled, attacked (docs/kubernetes.md).
e2e *topics: (_install "helm" "moto" "engine")
    cargo test --quiet --workspace --no-run
    .ci/with-cluster .ci/e2e/run {{ topics }}

# Write the values of the chart into its README.
helm-docs: (_install "helm")
    helm-docs --chart-search-root helm --sort-values-order file --log-level warning

# Serve this checkout on LocalStack, and again after every change of the code.
dev: (_install "watchfiles")
    .ci/local-settings watchfiles --sigint-timeout 40 'cargo run --quiet --bin roster -- serve --worker' shared functions Cargo.toml

# Serve the functions of this checkout on LocalStack at port 9000, under cargo-lambda, and again after every change of the code.
dev-lambda: (_install "watchfiles" "cargo-lambda")
    .ci/local-settings .ci/dev-lambda

# docker compose, as a user has it: up, an upload and its renditions, a restart of each container, down.
compose-check: (_install "engine" "compose")
    .ci/compose-check

# Serve on port 8080 with AWS's stores, emulated by moto: what is kept there is gone at the end.
dev-aws: (_install "moto")
    .ci/with-moto .ci/dev-aws

# The load test.
bench:
    bench/run.sh

# Draw the sample pictures again.
samples:
    cargo run --release -p roster-imaging --example make_samples -- samples

# Draw docs/avatars.png again: what is shown for who has no picture, and how one is cropped.
contact-sheet:
    cargo run --release -p roster-imaging --example contact_sheet -- samples docs/avatars.png

_install *tools:
    @.ci/install {{ tools }}
