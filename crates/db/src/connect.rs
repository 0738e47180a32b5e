//! How a connection to PostgreSQL is made: TCP or Unix socket, with TLS where the connection string asks.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why a connection string is no good, or nobody answers at its other end.
#[derive(Debug)]
pub struct ConnectError(pub(crate) String);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConnectError {}

/// Reads a connection string and adds the time limits that tokio-postgres leaves out.
pub(crate) fn config(url: &str) -> Result<Config, ConnectError> {
    let mut config = Config::from_str(url).map_err(|error| {
        ConnectError(format!(
            "this is no PostgreSQL connection string ({error}); the password is not shown"
        ))
    })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(3));
    }
    config.keepalives_idle(Duration::from_secs(15));
    config.tcp_user_timeout(Duration::from_secs(10));
    if config.get_application_name().is_none() {
        config.application_name("paddock");
    }
    Ok(config)
}

/// TLS for connection strings with `sslmode=prefer` (the default) or `require`: the public authorities.
pub(crate) fn tls() -> MakeRustlsConnect {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        match ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() {
            Ok(builder) => builder,
            Err(_) => unreachable!("the provider is built with TLS 1.2 and 1.3"),
        };
    MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Opens one connection outside any pool, for administration: migrations, provisioning, tests.
///
/// # Errors
/// If the connection string cannot be read or the server cannot be reached.
pub async fn connect(url: &str) -> Result<Client, ConnectError> {
    let config = config(url)?;
    let (client, connection) = config.connect(tls()).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|e| format!(": {e}")).unwrap_or_default();
        ConnectError(format!("cannot connect to PostgreSQL ({error}{cause})"))
    })?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "an administrative connection ended");
        }
    });
    Ok(client)
}
