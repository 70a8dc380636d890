//! Benchmarks of single functions: `cargo bench -p roster-bench`.

use std::{hint::black_box, sync::Arc, time::Duration};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use domain::UserId;
use http_body_util::BodyExt as _;
use runtime::{Config, MemoryPlan, Services, Telemetry};
use server::app::routes;
use storage::{Boundary, sqlite};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use web::{Access, App};

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
    criterion.bench_function("render portrait.jpg", |bencher| {
        bencher.iter_batched(
            inspect,
            |inspected| inspected.render().expect("the sample is valid"),
            BatchSize::SmallInput,
        );
    });
    for pixels in [64, 128, 256, 512] {
        let size = domain::Size::new(pixels).expect("a standard size");
        criterion.bench_function(&format!("square of {pixels} of portrait.jpg"), |bencher| {
            bencher.iter(|| inspect().square(size).expect("the sample is valid"));
        });
        let square = inspect().square(size).expect("the sample is valid");
        for format in square.formats() {
            criterion.bench_function(&format!("{pixels} as {format:?}"), |bencher| {
                bencher.iter(|| square.encode(format));
            });
        }
    }
}

/// Through the whole router, without a socket and without a log.
fn list(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the runtime starts");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("list.db");
    sqlite::fill(&file, 1000).expect("the store can be filled");
    let telemetry = Telemetry::for_server(None);
    let boundary = Boundary { observer: Some(Arc::new(telemetry.clone())), ..Boundary::default() };
    let connection = runtime
        .block_on(storage::connect(&storage::Config::Sqlite(sqlite::Options::new(file)), boundary))
        .expect("the store opens");
    let config = Config::read(|_| None).expect("the defaults are valid");
    let plan = MemoryPlan::new(None, config.image_memory_bytes, config.cache_bytes, config.max_upload_bytes);
    let services = Services::new(&config, connection.stores.clone(), None, telemetry);
    let app = App::new(Arc::new(config), services, Access::default(), &plan, "http://localhost");
    let router = routes(&app);
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
