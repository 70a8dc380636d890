//! Reports to Lambda why a function could not start.

use axum::http::Request;
use lambda_http::lambda_runtime::{Diagnostic, Error};
use lambda_runtime_api_client::{PooledClient, body::Body};

/// Reports why this process ends before its first event, in one line.
///
/// # Errors
/// If Lambda cannot be reached.
pub async fn report_init_error(line: &str) -> Result<(), Error> {
    let diagnostic = Diagnostic { error_type: "Roster.InitError".to_owned(), error_message: line.to_owned() };
    let request = Request::post("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", &diagnostic.error_type)
        .body(Body::from(serde_json::to_vec(&diagnostic)?))?;
    PooledClient::builder().build().call(request).await?;
    Ok(())
}
