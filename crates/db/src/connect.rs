//! How a connection to PostgreSQL is made: TCP or Unix socket, with TLS where the connection string asks.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode, SslNegotiation};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::wire::Connector;

/// Why a connection string is no good, or nobody answers at its other end.
#[derive(Debug)]
pub struct ConnectError(pub(crate) String);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConnectError {}

/// What a connection string says, with the time limits that tokio-postgres leaves out.
pub(crate) struct Target {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
}

impl Target {
    /// Reads a connection string. Beyond what tokio-postgres takes: `sslrootcert=FILE`, as in libpq.
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        let (url, authorities) = take_authorities(url);
        let mut config = Config::from_str(&url).map_err(|error| {
            ConnectError(format!("this is no PostgreSQL connection string: {error}"))
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(3));
        }
        config.keepalives_idle(Duration::from_secs(15));
        config.tcp_user_timeout(Duration::from_secs(10));
        if config.get_application_name().is_none() {
            config.application_name("paddock");
        }
        if config.get_ssl_mode() == SslMode::Prefer && config.get_hosts().iter().all(is_here) {
            // Within one machine nobody listens, and certificates of local servers vouch for nothing.
            config.ssl_mode(SslMode::Disable);
        }
        Ok(Self { config, tls: tls(authorities.as_deref())? })
    }

    /// The same for a pool, whose connections send each flight as one pipeline: see `wire`.
    pub(crate) fn pipelined(mut self) -> (Config, Connector) {
        let by_tcp = self.config.get_hosts().iter().all(|host| matches!(host, Host::Tcp(_)));
        if self.config.get_ssl_mode() != SslMode::Disable || !by_tcp {
            return (self.config, Connector::Tls(self.tls));
        }
        self.config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
        (self.config, Connector::Plain)
    }
}

/// Takes `sslrootcert` out of a connection string, in either of its forms.
fn take_authorities(url: &str) -> (String, Option<String>) {
    const NAME: &str = "sslrootcert=";
    let Some(at) = url.find(NAME) else { return (url.to_owned(), None) };
    let value = &url[at + NAME.len()..];
    let end = value.find(['&', ' ']).unwrap_or(value.len());
    let (before, after) = (&url[..at], &value[end..]);
    let rest = format!("{before}{}", after.trim_start_matches('&'));
    (rest.trim_end_matches(['&', '?']).to_owned(), Some(value[..end].to_owned()))
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
    }
}

/// TLS that trusts the public authorities, or those of a PEM file and no others.
fn tls(authorities: Option<&str>) -> Result<MakeRustlsConnect, ConnectError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let bad =
                |error: &dyn fmt::Display| ConnectError(format!("sslrootcert {path}: {error}"));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| bad(&error))? {
                roots
                    .add(certificate.map_err(|error| bad(&error))?)
                    .map_err(|error| bad(&error))?;
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectError(error.to_string()))?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Opens one connection that belongs to no tenant: for tests and the benchmark, which look from outside.
/// Handlers have their `Caller`, commands have [`migrate`](crate::migrate) and
/// [`provision`](crate::provision).
///
/// # Errors
/// If the connection string cannot be read or the server cannot be reached.
pub async fn connect(url: &str) -> Result<Client, ConnectError> {
    open(url).await
}

/// Opens one connection outside any pool, for administration.
pub(crate) async fn open(url: &str) -> Result<Client, ConnectError> {
    let Target { config, tls } = Target::parse(url)?;
    let (client, connection) = config.connect(tls).await.map_err(|error| {
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

#[cfg(test)]
mod tests {
    use super::take_authorities;

    #[test]
    fn sslrootcert_is_read_as_in_libpq() {
        let is = |url: &str, rest: &str, file: Option<&str>| {
            assert_eq!(take_authorities(url), (rest.to_owned(), file.map(str::to_owned)));
        };
        is("postgres://a@b/c", "postgres://a@b/c", None);
        is("postgres://a@b/c?sslrootcert=/ca.pem", "postgres://a@b/c", Some("/ca.pem"));
        is(
            "postgres://b/c?sslrootcert=/x&sslmode=require",
            "postgres://b/c?sslmode=require",
            Some("/x"),
        );
        is(
            "postgres://b/c?sslmode=require&sslrootcert=/x",
            "postgres://b/c?sslmode=require",
            Some("/x"),
        );
        is("host=b sslrootcert=/x user=a", "host=b  user=a", Some("/x"));
    }
}
