//! `paddock explain`: who may see and change a record, and by which rule. The policies answer, not we.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use paddock_api::{Code, UserAccess, explain_access};
use paddock_db::Tenant;
use uuid::Uuid;

use crate::admin;
use crate::target::{Target, TargetArgs};
use crate::terminal::{Failure, say};

/// How many users are asked about at once.
const PAGE: usize = 100;

/// Options of `paddock explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The e-mail of a user of the company whose record it is.
    #[arg(long = "as", value_name = "EMAIL")]
    user: String,
    /// What kind of record.
    resource: Resource,
    /// Its id.
    id: Uuid,
    #[command(flatten)]
    target: TargetArgs,
}

/// The resources whose records can be asked about.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Resource {
    Customers,
}

/// Prints what each user of the company may do with the record.
///
/// # Errors
/// If the user does not see the record, or the database cannot be asked.
pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let runtime = admin::runtime()?;
    let target = runtime.block_on(Target::open(&args.target))?;
    let explained = runtime.block_on(explain(&target, args));
    target.close()?;
    explained.map(|()| ExitCode::SUCCESS)
}

async fn explain(target: &Target, args: &ExplainArgs) -> Result<(), Failure> {
    let Resource::Customers = args.resource;
    let tenant = target.act_as(&args.user).await?;
    let mut last: Option<UserAccess> = None;
    loop {
        let mut users = page(&tenant, args, last.as_ref()).await?;
        users.iter().for_each(|user| say(&lines(user)));
        if users.len() < PAGE {
            return Ok(());
        }
        last = users.pop();
    }
}

async fn page(
    tenant: &Tenant,
    args: &ExplainArgs,
    after: Option<&UserAccess>,
) -> Result<Vec<UserAccess>, Failure> {
    let after = after.map(|user| (user.joined_at, user.user_id));
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    explain_access(tenant, args.id, after, limit).await.map_err(|problem| {
        if problem.code() == Code::NotFound {
            let (user, id) = (&args.user, args.id);
            return Failure::new(format!(
                "{user} sees no customer {id}: there is none, it is in the bin, another company has it, \
                 or a rule hides it"
            ));
        }
        Failure::from_error(problem)
    })
}

/// One line for the user, one for each rule that lets them in.
fn lines(user: &UserAccess) -> String {
    let rights = match (user.is_active, user.can_read, user.can_update) {
        (false, ..) => "nothing: disabled",
        (_, true, true) => "sees and changes it",
        (_, true, false) => "sees it",
        (_, false, true) => "changes it unseen",
        (_, false, false) => "nothing: no rule lets them in",
    };
    let mut text = format!("{} <{}>, {}: {rights}", user.name, user.email, user.role.as_str());
    for rule in &user.rules {
        text += &format!("\n    {:6}  {}: {}", rule.permission, rule.policy, rule.reason);
    }
    text
}
