//! `paddock purge`: takes out what is over for good. For cron, by the owner's role.

use std::process::ExitCode;

use clap::Args;
use paddock_db::purge::{Purge, Purged};
use uuid::Uuid;

use crate::admin::{self, OwnerArgs};
use crate::terminal::{Failure, say, warn};

/// Options of `paddock purge`.
#[derive(Args, Debug)]
pub(crate) struct PurgeArgs {
    #[command(flatten)]
    owner: OwnerArgs,
    /// Take out what has been over for so many days.
    #[arg(
        long, env = "PADDOCK_PURGE_DAYS", default_value_t = 30,
        value_parser = clap::value_parser!(u16).range(1..=3650)
    )]
    days: u16,
    /// How many rows a transaction takes out at most.
    #[arg(
        long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    batch: u32,
    /// Only say how many it would be.
    #[arg(long)]
    dry_run: bool,
    /// Of this company only; may be given several times.
    #[arg(long = "company", value_name = "ID")]
    companies: Vec<Uuid>,
}

/// Takes it out, with a line for each company, and the sum at the end.
///
/// # Errors
/// If the database cannot be reached or refuses.
pub(crate) fn run(args: &PurgeArgs) -> Result<ExitCode, Failure> {
    let PurgeArgs { owner, days, batch, dry_run, companies } = args;
    let (days, batch, dry_run) = (*days, *batch, *dry_run);
    let purge = Purge { days, batch, dry_run, companies: companies.clone() };
    let purged = admin::block_on(async {
        let told = |company: Uuid, purged: Purged| {
            let Purged { sessions, invitations, .. } = purged;
            warn(&format!("{company}: {sessions} sessions, {invitations} invitations"));
        };
        purge.run(&owner.owner_database_url, told).await.map_err(Failure::from_error)
    })?;
    let Purged { sessions, invitations, one_time_tokens } = purged;
    let what = format!(
        "{sessions} sessions, {invitations} invitations, {one_time_tokens} one-time tokens"
    );
    say(&if dry_run { format!("would take out {what}") } else { format!("took out {what}") });
    Ok(ExitCode::SUCCESS)
}
