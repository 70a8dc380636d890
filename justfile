set shell := ["bash", "-euo", "pipefail", "-c"]
set ignore-comments

cache := env("ROSTER_CACHE", home_directory() / ".cache/roster")
full := env("CI_FULL", "")
zips := if full == "" { "target/lambda-debug" } else { "target/lambda" }
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

# Does `.ci/run` stop, leave out and count as it should?
ci-test:
    .ci/run_test.py

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

# All tests, and how many lines they run, in the programs that they start as well; fails where it is too few of shared/.
coverage: (_install "llvm-tools")
    .ci/test-coverage
    .ci/coverage target/coverage/report.json

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

# The same of debug programs, which are built for the tests anyway, to target/lambda-debug; they start and answer like the others.
lambda-debug: _programs
    .ci/lambda debug

# Start a function under a small Lambda on loopback, and show one answer: `just invoke list-users GET /users`.
[positional-arguments]
invoke function *request:
    just _programs
    target/debug/examples/invoke "target/debug/$1" "${@:2}"

# The container image (docs/container.md), labelled with where it comes from.
image tag="roster": (_install "engine")
    .ci/image {{ tag }}

# The image serves, keeps, drains and refuses as it should, within its limits of memory and size; prints its figures.
image-smoke: image
    .ci/image-smoke roster 24000 42000000

# The same, but for the limits, of an image of the debug program; with CI_FULL=1 of the real one.
image-debug: (_install "engine") _programs
    .ci/image --debug roster:debug
    .ci/image-smoke roster:debug

# Keeps and renders some thousand generated images, and compares them with libjpeg, libwebp and the formulas of PNG.
image-parity: (_install "image-parity") _programs
    .ci/image-parity/run

# The conformance suite of the stores on AWS, emulated by moto.
conformance-moto: (_install "moto")
    # With --workspace, which has the features of `just test`: nothing is compiled again.
    # One after the other: moto answers one call at a time, and a busy machine would have others wait past their limits.
    calls=$(mktemp) && MOTO_CALLS=$calls .ci/with-moto cargo test --workspace --test it aws::conformance -- --test-threads=1 \
        && .ci/terraform/conformance "$calls"

# The worker and the data tools on AWS, emulated by moto: from an upload to its renditions, dead letters, a sweep.
events-smoke: (_install "moto") _programs
    .ci/with-moto .ci/events-smoke target/debug

# Histories in which a sweep once removed live images, on AWS as moto emulates it, through a proxy that changes answers.
sweep-histories: (_install "moto") _programs
    .ci/with-moto .ci/sweep-histories target/debug

# Existing clients of the Libravatar protocol find Roster by an SRV record, and get its pictures.
libravatar-clients: (_install "libravatar") _programs
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

# The Kubernetes and add-on versions of all environments, compared with EKS's own lists; needs AWS credentials.
kubernetes-versions:
    .ci/kubernetes/versions --aws

# Write the inputs and outputs of Terraform's modules into their READMEs.
tf-docs: (_install "checkov")
    .ci/terraform/docs terraform/modules/*

# Everything by Terraform on moto: made, used with the roles alone, compared with what was called, and destroyed. With the functions
# of `just lambda-debug`, or with CI_FULL=1 the zips of `just lambda`, as they are.
tf-emulated: (_install "terraform" "moto") _programs
    {{ if full == "" { ".ci/lambda debug" } else { "[[ -e " + zips + "/create-user/bootstrap.zip ]] || .ci/lambda" } }}
    MOTO_CALLS=$(mktemp) MOTO_IAM_LOAD_MANAGED_POLICIES=true \
        .ci/with-moto .ci/terraform/emulated {{ zips }} target/debug

# All of helm/ that can be checked without a cluster: every values file and switch rendered, schemas, kube-score, checkov, alerts.
helm-check: (_install "helm" "checkov")
    .ci/helm/check

# The chart on the cluster that kubectl talks to: installed, used, rolled, drained, scaled, attacked (docs/kubernetes.md).
e2e *topics: (_install "helm" "moto" "engine") _programs
    .ci/with-cluster .ci/e2e/run {{ topics }}

# The topics that a change of the code can break.
e2e-short: (e2e "short")

# Those that wait for the cluster to scale and to replace what is killed; with the real image, since they measure load.
e2e-long: (_install "helm" "moto" "engine")
    CI_FULL=1 just e2e long

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
compose-check: (_install "engine" "compose") _programs
    .ci/compose-check

# Serve on port 8080 with AWS's stores, emulated by moto: what is kept there is gone at the end.
dev-aws: (_install "moto")
    .ci/with-moto .ci/dev-aws

# The load test.
bench:
    bench/run.sh

# Uploads beside anonymous pictures and events; the memory with everything that takes some at once.
overload:
    bench/run.sh overload limit

# Draw the sample pictures again.
samples:
    cargo run --release -p roster-imaging --example make_samples -- samples

# Draw docs/avatars.png again: what is shown for who has no picture, and how one is cropped.
contact-sheet:
    cargo run --release -p roster-imaging --example contact_sheet -- samples docs/avatars.png

# The programs that the tests start and the examples, with the features of the tests, so that no dependency is compiled again.
_programs:
    cargo build --quiet --workspace --bins --examples

_install *tools:
    @.ci/install {{ tools }}
