//! The promises of Roster, through the router and the binary that ship.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod avatars;
mod aws_errors;
mod bans;
mod bodies;
mod callers;
mod cors;
mod create;
mod cut;
mod database_files;
mod demo;
mod direct_uploads;
mod document;
mod edge;
mod egress_proxy;
mod environments;
mod event_sources;
mod faults;
mod images;
mod issuer_shapes;
mod issuers;
mod kept_reads;
mod lease;
mod libravatar;
mod list;
mod manage;
mod management;
mod on_aws;
mod on_postgres;
mod pod_roles;
mod process;
mod read_ahead;
mod scopes;
mod shares;
mod starts_on_aws;
mod support;
mod sweeps_on_aws;
mod telemetry;
mod telemetry_document;
mod tokens;
mod tools;
mod trace_parents;
mod traces;
mod worker;
