//! Region, credentials and endpoints of this machine, found once and shared by all clients.

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::IdentityCache;
use domain::Error;
use tokio::{runtime::Handle, sync::OnceCell, task::spawn_blocking};

use super::{clients, credentials::KeptCredentials};

/// A configuration of the SDK whose credentials are [kept](KeptCredentials).
#[derive(Clone, Debug)]
pub(super) struct AwsConfig {
    pub(super) sdk: SdkConfig,
    pub(super) credentials: Option<KeptCredentials>,
}

impl AwsConfig {
    pub(super) fn new(sdk: &SdkConfig) -> Self {
        let credentials = sdk.credentials_provider().map(KeptCredentials::new);
        let kept = credentials.clone().map(SharedCredentialsProvider::new);
        let mut sdk = sdk.clone().into_builder();
        // The SDK's own cache would ask too late.
        sdk.set_credentials_provider(kept).set_identity_cache(Some(IdentityCache::no_cache()));
        Self { sdk: sdk.build(), credentials }
    }
}

/// The configuration of this machine, once it is known.
#[derive(Default)]
pub(super) struct Session(OnceCell<AwsConfig>);

impl Session {
    /// With this configuration instead of that of the machine.
    #[cfg(feature = "conformance")]
    pub(super) fn of(config: AwsConfig) -> Self {
        Self(OnceCell::new_with(Some(config)))
    }

    /// The configuration, with credentials at hand. What is missing is looked up again by the next call: the metadata
    /// service of a machine may answer late.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a region or credentials.
    pub(super) async fn config(&self) -> Result<&AwsConfig, Error> {
        let config = self.0.get_or_try_init(load).await?;
        if let Some(credentials) = &config.credentials {
            credentials.get().await?;
        }
        Ok(config)
    }
}

/// On a thread that may block: it reads files.
async fn load() -> Result<AwsConfig, Error> {
    let runtime = Handle::current();
    let loaded =
        spawn_blocking(move || runtime.block_on(clients::config())).await.map_err(Error::unavailable)?;
    if loaded.region().is_none() {
        return Err(Error::unavailable(
            "there is no AWS region: set AWS_REGION; on EC2 the metadata service did not return one",
        ));
    }
    Ok(AwsConfig::new(&loaded))
}
