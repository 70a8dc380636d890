//! Sends one request to a local function, as the event of an HTTP API:
//!
//! ```console
//! $ cargo run -p roster-runtime-api --example invoke -- target/lambda/list-users/bootstrap GET /users
//! ```

#![allow(clippy::print_stdout, reason = "it shows the answer")]

use std::io;

use runtime_api::{ClientRequest, EventSource, Function, RuntimeApi};

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [program, method, target] = arguments.as_slice() else {
        return Err(io::Error::other("usage: invoke PROGRAM METHOD PATH"));
    };
    let program = std::path::Path::new(program).canonicalize()?;
    let api = RuntimeApi::start().await?;
    let folder = std::env::current_dir()?;
    let function = Function::start(program, &folder, &api, &[])?;
    let request =
        ClientRequest { method: method.clone(), target: target.clone(), ..ClientRequest::default() };
    let answer = api.invoke(EventSource::HttpApi.event(&request).to_string()).await.answered();
    let response = EventSource::HttpApi.response(&answer);
    println!("{}", response.status);
    for (name, value) in &response.headers {
        println!("{name}: {value}");
    }
    println!("\n{}", String::from_utf8_lossy(&response.body));
    function.terminated().await;
    Ok(())
}
