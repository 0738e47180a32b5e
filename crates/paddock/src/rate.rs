//! How often each may ask: settings of the server.

use clap::Args;
use paddock_api::limits::{Clock, Networks, Rate, RateLimits, RateSettings};

/// Rates are written `<requests>/<seconds>`, or `off`. So many requests may come at once; they come back evenly
/// over those seconds.
#[derive(Args, Debug, Clone)]
pub(crate) struct RateArgs {
    /// How often all users of a company together may ask.
    #[arg(
        long,
        env = "PADDOCK_RATE_LIMIT_COMPANY",
        value_name = "RATE",
        default_value = "12000/60"
    )]
    rate_limit_company: Rate,
    /// How often one user may ask.
    #[arg(long, env = "PADDOCK_RATE_LIMIT_USER", value_name = "RATE", default_value = "1200/60")]
    rate_limit_user: Rate,
    /// How often one API key may ask; its user and company count as well.
    #[arg(long, env = "PADDOCK_RATE_LIMIT_KEY", value_name = "RATE", default_value = "600/60")]
    rate_limit_key: Rate,
    /// How often one address may ask without a valid token.
    #[arg(long, env = "PADDOCK_RATE_LIMIT_ADDRESS", value_name = "RATE", default_value = "600/60")]
    rate_limit_address: Rate,
    /// How often one address may try to log in or ask for a mail; all addresses together fifty times that.
    #[arg(long, env = "PADDOCK_RATE_LIMIT_LOGIN", value_name = "RATE", default_value = "60/60")]
    rate_limit_login: Rate,
    /// Proxies whose X-Forwarded-For or Forwarded is believed, as CIDR, separated by commas.
    #[arg(long, env = "PADDOCK_TRUSTED_PROXIES", value_name = "NETWORKS", default_value = "")]
    trusted_proxies: Networks,
}

impl RateArgs {
    pub(crate) fn limits(&self) -> RateLimits {
        let settings = RateSettings {
            company: self.rate_limit_company,
            user: self.rate_limit_user,
            key: self.rate_limit_key,
            address: self.rate_limit_address,
            login: self.rate_limit_login,
            lock_accounts: true,
            trusted_proxies: self.trusted_proxies.clone(),
        };
        RateLimits::new(settings, &Clock::default())
    }
}
