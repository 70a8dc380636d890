//! Sends one request to a local function, as the event of an HTTP API:
//!
//! ```console
//! $ cargo run -p roster-runtime-api --example invoke -- target/lambda/list-users/bootstrap GET /users
//! ```

#![allow(clippy::print_stdout, reason = "it shows the answer")]

use std::io;

use runtime_api::{Front, Function, RuntimeApi, Sent};

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
    let sent = Sent { method: method.clone(), target: target.clone(), ..Sent::default() };
    let answer = api.invoke(Front::HttpApi.event(&sent).to_string()).await.answered();
    let received = Front::HttpApi.received(&answer);
    println!("{}", received.status);
    for (name, value) in &received.headers {
        println!("{name}: {value}");
    }
    println!("\n{}", String::from_utf8_lossy(&received.body));
    function.terminated().await;
    Ok(())
}
