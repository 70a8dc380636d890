//! The SDK's own HTTPS client, except that no start waits for it.
//!
//! Making a client of a service has the HTTPS client read the certificates of the system, some hundred files: longer than
//! all else that a Lambda function does before it asks for its first event (docs/performance.md).

use aws_config::BehaviorVersion;
use aws_smithy_runtime::client::defaults::default_http_client_plugin_v2;
use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
    runtime_plugin::RuntimePlugin as _,
};
use aws_smithy_types::config_bag::ConfigBag;
use tokio::task::spawn_blocking;

/// A client that reads the certificates beside the start, on a thread of the runtime; whoever sends before they are read
/// waits for them.
pub(super) fn client(version: BehaviorVersion) -> SharedHttpClient {
    let components = RuntimeComponentsBuilder::new("roster");
    let own = default_http_client_plugin_v2(version)
        .and_then(|plugin| plugin.runtime_components(&components).http_client())
        .expect("the feature `default-https-client` is on");
    let reader = own.clone();
    spawn_blocking(move || {
        // Reading is all that this does; what is wrong with a certificate is in the log.
        let _ = reader.validate_base_client_config(&components, &ConfigBag::base());
    });
    SharedHttpClient::new(Unhurried(own))
}

/// Leaves out what the making of a client would wait for.
#[derive(Debug)]
struct Unhurried(SharedHttpClient);

impl HttpClient for Unhurried {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}
