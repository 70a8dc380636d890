//! Benchmarks of single functions: `cargo bench -p roster-bench`.

use std::{hint::black_box, time::Duration};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use domain::UserId;
use http_body_util::BodyExt as _;
use runtime::{Lifecycle, Telemetry};
use server::app::{Parts, app, kit};
use storage::{Config, sqlite};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use web::{Auth, Callers, Cors, Links};

const PORTRAIT: &[u8] = include_bytes!("../../samples/portrait.jpg");

criterion_group! {
    name = functions;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).without_plots();
    targets = images, list, ids
}
criterion_main!(functions);

fn images(criterion: &mut Criterion) {
    let inspect = || imaging::inspect(Bytes::from_static(PORTRAIT)).expect("the sample is valid");
    criterion.bench_function("inspect portrait.jpg", |bencher| bencher.iter(inspect));
    criterion.bench_function("clean portrait.jpg", |bencher| {
        bencher.iter_batched(
            inspect,
            |inspected| inspected.clean().expect("the sample is valid"),
            BatchSize::SmallInput,
        );
    });
}

/// Through the whole router, without a socket and without a log.
fn list(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the runtime starts");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("list.db");
    sqlite::fill(&file, 1000).expect("the store can be filled");
    let connection = runtime
        .block_on(storage::connect(&Config::Sqlite(sqlite::Options::new(file))))
        .expect("the store opens");
    let parts = Parts {
        stores: connection.stores.clone(),
        queue: None,
        links: Links::new("http://localhost", "http://localhost"),
        auth: Auth::off(),
        cors: Cors::default(),
        callers: Callers::default(),
        lifecycle: Lifecycle::default(),
        max_upload_bytes: 1,
        image_memory_bytes: 1,
        cache_bytes: 64 << 20,
        default_image_hosts: Vec::new(),
        initials: false,
        demo: false,
        telemetry: Telemetry::for_server(None),
    };
    let router = app(&kit(parts, None).0);
    for (name, uri) in [("GET /healthz", "/healthz"), ("GET /users?limit=100", "/users?limit=100")] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    let request = Request::get(uri).body(Body::empty()).expect("the request is valid");
                    let answer = router.clone().oneshot(request).await.expect("the router is infallible");
                    answer.into_body().collect().await.expect("the body is complete").to_bytes()
                })
            });
        });
    }
    runtime.block_on(connection.close());
}

fn ids(criterion: &mut Criterion) {
    let id = UserId::from_bytes([0x5a; 32]);
    let text = id.to_string();
    criterion.bench_function("user id to hex", |bencher| bencher.iter(|| black_box(id).to_string()));
    criterion
        .bench_function("user id from hex", |bencher| bencher.iter(|| black_box(&text).parse::<UserId>()));
}
