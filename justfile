set shell := ["bash", "-euo", "pipefail", "-c"]
set ignore-comments

cache := env("ROSTER_CACHE", home_directory() / ".cache/roster")
full := env("CI_FULL", "")
zips := if full == "" { "target/lambda-debug" } else { "target/lambda" }
# A suite whose tests build on each other, and print figures.
suite := "PYTHONUNBUFFERED=1 pytest --capture no --exitfirst"
export PATH := cache / "bin" + ":" + env("PATH")

# List the recipes.
default:
    @just --list --unsorted

# Serve on port 8080, as in the README.
serve:
    cargo run --release

# All tests, as in the README.
test:
    cargo test --workspace

# All checks, as in CI.
ci:
    .ci/run

# Test that `.ci/run` stops, skips, repeats and counts correctly, and how Kubernetes versions are judged.
ci-test: (_install "tests")
    pytest --quiet tests/ci

# Check the format of all Rust code.
fmt:
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check

# Lints; warnings are errors.
clippy:
    cargo clippy --workspace --all-targets -- -D warnings
    # As the README's first command builds it: without the features that the tests switch on.
    cargo clippy -- -D warnings

# Build the documentation; broken links are errors.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps

# Build and test the program of the README's first command, which lacks the features `aws`, `oidc` and `otlp`.
first-run: (_install "tests")
    cargo build --release
    {{ suite }} tests/first_run

# Check licences, banned crates and sources of all dependencies.
deny: (_install "programs")
    cargo-deny --all-features --locked check --hide-inclusion-graph licenses bans sources

# Check dependencies for known vulnerabilities; fetches the advisory database.
advisories: (_install "programs")
    cargo-deny --all-features --locked check advisories

# Rewrite docs/openapi.json from the code; the same test compares them.
openapi:
    REWRITE_OPENAPI=1 cargo test -p roster-server --test server the_document_in_docs_matches_the_code

# Rewrite the list of docs/aws-answers.md from the tests; one of them compares it.
aws-answers:
    REWRITE_AWS_ANSWERS=1 cargo test -p roster-server --test server the_document_has_the_list_as_it_is_tested

# All tests, with line coverage that includes the programs they start; fails if coverage of shared/ is too low.
coverage: (_install "llvm-tools")
    tools/coverage/run
    tools/coverage/report.py target/coverage/report.json

# Shell scripts, by shellcheck.
shellcheck: (_install "programs")
    git grep -lIE '^#!.*[/ ](bash|sh)$' -- ':!*.md' | xargs -t shellcheck
    # `grep -q` exits at the first match: a program that still writes to it fails then, and with pipefail sometimes the check.
    ! git grep -nE '\| *grep +(-[a-zA-Z]*q|--quiet|--silent)' -- .ci bench helm/checks terraform/checks tests tools

# Spelling.
typos: (_install "programs")
    typos --config .ci/typos.toml

# Check the format of all TOML files.
toml: (_install "programs")
    git ls-files '*.toml' | RUST_LOG=warn xargs taplo fmt --check --config .ci/taplo.toml

# The GitHub workflows, by actionlint and zizmor.
workflows: (_install "programs" "actionlint")
    actionlint
    zizmor --offline --no-progress .github

# The Dockerfiles, by hadolint.
hadolint: (_install "programs")
    hadolint Dockerfile tools/cache-exporter/Dockerfile

# Fuzz each target for a minute; the stable compiler has no sanitizers, so only panics and aborts are found.
fuzz seconds="60": (_install "cargo-fuzz")
    for target in $(cargo-fuzz fuzz list); do \
        if [ -d "fuzz/seeds/$target" ]; then mkdir -p "fuzz/corpus/$target" && cp "fuzz/seeds/$target"/* "fuzz/corpus/$target"; fi; \
        cargo-fuzz fuzz run --sanitizer none "$target" -- -max_total_time={{ seconds }}; \
    done

# Build a zip for each Lambda function: for this machine, or with cargo-lambda for arm64 or x86-64 (docs/lambda.md).
lambda arch="":
    {{ if arch == "" { ":" } else { ".ci/install dev" } }}
    tools/lambda {{ arch }}

# The same with debug programs, which are built for the tests anyway, to target/lambda-debug; they behave like the others.
lambda-debug: _programs
    tools/lambda debug

# Start a function under a small Lambda emulator on loopback, and print one response: `just invoke list-users GET /users`.
[positional-arguments]
invoke function *request:
    just _programs
    target/debug/examples/invoke "target/debug/$1" "${@:2}"

# Build the container image (docs/container.md), labelled with its source.
image tag="roster": (_install "engine")
    tools/image {{ tag }}

# Test that the image serves, persists, drains and refuses correctly, within memory and size limits; prints its figures.
image-smoke: image (_install "tests")
    IMAGE=roster MOST_KILOBYTES=24000 MOST_BYTES=26000000 {{ suite }} tests/container/test_image.py

# The same without the limits, for an image of the debug program; with CI_FULL=1 for the real one.
image-debug: (_install "engine" "tests") _programs
    tools/image --debug roster:debug
    IMAGE=roster:debug {{ suite }} tests/container/test_image.py

# Clean and render some thousand generated images, and compare them with libjpeg, libpng, libwebp and the formulas of PNG.
image-parity: (_install "tests" "libjpeg" "libpng") _programs
    {{ suite }} tests/images

# Browsers and HTTP clients: refusals before the request was read, and pictures with faults, taken and refused, as both browsers show them.
http-clients: (_install "tests" "libjpeg" "libpng" "http-clients") _programs
    {{ suite }} tests/clients

# The conformance suite of the stores on AWS, emulated by moto; before it, that moto checks presigned URLs as S3 does.
conformance-moto: (_install "tests")
    {{ suite }} tests/aws/emulator tests/aws/test_conformance.py

# The worker and the data tools on AWS, emulated by moto: an upload and its renditions, dead letters, a sweep.
events-smoke: (_install "tests") _programs
    {{ suite }} tests/aws/test_events.py

# Histories in which a sweep once removed live images, on AWS emulated by moto, through a proxy that changes responses.
sweep-histories: (_install "tests") _programs
    {{ suite }} tests/aws/test_sweep_histories.py

# Test that the process and the functions keep the OpenAPI document that they serve, by schemathesis; with CI_FULL=1 more requests.
contract: (_install "tests" "contract") _programs
    {{ suite }} tests/contract

# Test that existing Libravatar clients find Roster by an SRV record, and get its pictures.
libravatar-clients: (_install "tests" "libravatar") _programs
    {{ suite }} tests/libravatar

# The rules of the HTTP cache, by varnishtest, and Varnish with them in front of the API (docs/cache.md).
cache-check: (_install "tests" "varnish") _programs
    PATH="$PATH:/usr/sbin" CI=1 {{ suite }} tests/cache

# Build the image of the exporter beside Varnish, which no registry has.
cache-exporter tag="roster-cache-exporter:7.7": (_install "engine" "cache")
    docker build --tag {{ tag }} tools/cache-exporter

# Run Terraform on one stack of one environment: `just tf dev data plan` (docs/terraform.md).
[positional-arguments]
tf environment stack command *arguments:
    terraform/tf "$@"

# Move traffic to the latest applied versions of the functions; an alarm rolls it back.
deploy environment:
    terraform/deploy {{ environment }}

# Install the controllers of an environment's cluster, or upgrade them; EMAIL also makes an issuer of certificates.
controllers environment email="":
    terraform/controllers {{ environment }} {{ email }}

# Build the image of this checkout for the nodes of an environment, and push it to its registry; prints its tag.
push environment:
    terraform/push {{ environment }}

# All checks of terraform/ that need no cloud: format, tflint, validity, tests, checkov, the modules' READMEs.
tf-check: (_install "terraform" "tflint" "checkov" "tests")
    terraform/checks/check

# Compare the Kubernetes and add-on versions of all environments with EKS's own lists; needs AWS credentials.
kubernetes-versions:
    terraform/checks/kubernetes_versions.py --aws

# Write the inputs and outputs of Terraform's modules into their READMEs.
tf-docs: (_install "checkov")
    {{ cache }}/python/checkov/bin/python terraform/checks/docs.py terraform/modules/*

# Everything of Terraform on moto: created, used with only its roles, policies compared with calls, and destroyed. With the
# functions of `just lambda-debug`, or with CI_FULL=1 the existing zips of `just lambda`.
tf-emulated: (_install "terraform" "tests") _programs
    {{ if full == "" { "tools/lambda debug" } else { "[[ -e " + zips + "/create-user/bootstrap.zip ]] || tools/lambda" } }}
    ROSTER_ZIPS={{ zips }} {{ suite }} tests/aws/terraform

# All checks of helm/ that need no cluster: every values file and switch rendered, schemas, kube-score, checkov, alerts, scripts.
helm-check: (_install "helm" "checkov" "tests")
    pytest --quiet helm/checks
    helm/checks/check

# Test the chart on the cluster of kubectl: installed, used, rolled out, drained, scaled, attacked, cached (docs/kubernetes.md).
e2e *topics: (_install "helm" "tests" "engine" "cache" "postgres") _programs
    tests/cluster/with-cluster tests/cluster/run {{ topics }}

# The topics that a code change can break.
e2e-short: (e2e "short")

# The topics that wait for the cluster to scale and to replace killed pods; with the real image, since they measure load.
e2e-long: (_install "helm" "tests" "engine" "cache" "postgres")
    CI_FULL=1 just e2e long

# Write the values of the chart into its README.
helm-docs: (_install "helm")
    helm-docs --chart-search-root helm --sort-values-order file --log-level warning

# Serve this checkout on LocalStack; restarts on every code change.
dev: (_install "dev")
    tools/local/settings watchfiles --sigint-timeout 40 'cargo run --quiet --features full -- serve --worker' shared functions Cargo.toml

# Serve the functions of this checkout on LocalStack at port 9000, under cargo-lambda; restarts on every code change.
dev-lambda: (_install "dev")
    tools/local/settings tools/local/dev-lambda

# Test docker compose as a user would: up, an upload and its renditions, a restart of each container, down.
compose-check: (_install "engine" "cache" "compose" "tests") _programs
    {{ suite }} tests/container/test_compose.py

# Serve on port 8080 with the AWS stores, emulated by moto; data is lost at the end.
dev-aws: (_install "tests")
    {{ cache }}/python/tests/bin/python tests/aws/with_moto.py tools/local/dev-aws

# Run the benchmarks.
bench:
    bench/run.sh

# Benchmark uploads under load of anonymous pictures and events, and peak memory.
overload:
    bench/run.sh overload limit

# Draw the sample pictures again.
samples:
    cargo run --release -p roster-imaging --example make_samples -- samples

# Draw docs/avatars.png again: what is shown for users without an avatar, and how pictures are cropped.
contact-sheet:
    cargo run --release -p roster-imaging --example contact_sheet -- samples docs/avatars.png

# The programs that the tests start, and the examples, with the features of the tests, so that no dependency is rebuilt.
_programs:
    cargo build --quiet --workspace --bins --examples

_install *tools:
    @.ci/install {{ tools }}
