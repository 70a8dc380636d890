#!/usr/bin/env bash
# What stages of .ci/run and jobs of the workflow `ci` use, as pathspecs of git.
# shellcheck disable=SC2034 # for those that source it

# Inputs of an optimized build besides the code: dependencies, features, profiles, the compiler.
build=(Cargo.lock '*Cargo.toml' .cargo/config.toml rust-toolchain.toml)
# Neither tests nor documents of the crates, which are in no program; but shared/storage/tests/libsqlite3-sys is a crate that is.
unused=(':!*.md' ':!*/benches/*' ':!functions/*/tests/*' ':!shared/imaging/tests/*' ':!shared/*/tests/[!l]*')
# Sources of the programs, and the pictures that tests use.
code=("${build[@]}" docs/openapi.json shared functions samples "${unused[@]}")
pytest=(pytest.ini tests/support)
moto=("${pytest[@]}" tests/aws/emulator tests/aws/conftest.py)
stacks=(terraform ':!terraform/checks' ':!terraform/*/tests/*')
cache_rules=(helm/roster/files/cache)
image=("${pytest[@]}" tools/image tools/dist .dockerignore Dockerfile)
cluster=("${moto[@]}" "${stacks[@]}" "${image[@]}" tests/cluster tools/cache-exporter helm/roster helm/values helm/checks/{matrix,values} shared/storage/examples)
