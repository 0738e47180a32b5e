//! How a company and its people come to be, by an administrator: as the schema's owner, who sees no
//! customer, one company at a time.

use tokio_postgres::Client;
use uuid::Uuid;

use crate::connect::open;
use crate::migrate::MigrateError;
use crate::sql;
use crate::statement::Statement;

const CREATE_COMPANY: Statement = sql!("provision.sql", "create_company");
const SUSPEND_COMPANY: Statement = sql!("provision.sql", "suspend_company");
const CREATE_USER: Statement = sql!("provision.sql", "create_user");
const FIND_IDENTITY: Statement = sql!("provision.sql", "find_identity");
const CREATE_IDENTITY: Statement = sql!("provision.sql", "create_identity");
const CREATE_MEMBERSHIP: Statement = sql!("provision.sql", "create_membership");

const CREATE_USER_LOGIN: Statement = sql!("provision.sql", "create_user_login");

/// A person who is to get a place in a company.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    /// Their name.
    pub name: &'a str,
    /// The e-mail they log in with.
    pub email: &'a str,
    /// `owner`, `admin`, `member` or `viewer`.
    pub role: &'a str,
    /// Argon2id in PHC form; not used if the e-mail has a login already.
    pub password_hash: &'a str,
}

/// Lets nobody act for a company from the next request on, or everybody again. Answers whether there is such a
/// company.
///
/// # Errors
/// If the server cannot be reached or refuses.
pub async fn suspend(url: &str, company_id: Uuid, suspended: bool) -> Result<bool, MigrateError> {
    let mut client = open(url).await?;
    let tx = client.transaction().await?;
    bind(tx.client(), company_id).await?;
    let row = tx.query_opt(SUSPEND_COMPANY.sql(), &[&suspended]).await?;
    tx.commit().await?;
    Ok(row.is_some())
}

/// Creates a company, and answers its id.
///
/// # Errors
/// If the server cannot be reached or refuses.
pub async fn company(url: &str, name: &str) -> Result<Uuid, MigrateError> {
    let mut client = open(url).await?;
    let tx = client.transaction().await?;
    bind(tx.client(), Uuid::now_v7()).await?;
    let id = tx.query_one(CREATE_COMPANY.sql(), &[&name]).await?.get(0);
    tx.commit().await?;
    Ok(id)
}

/// Gives a person a place in a company, with the login they have or a new one; answers the user's id.
///
/// # Errors
/// If the server cannot be reached or refuses, as for a person who is in the company already.
pub async fn user(url: &str, company_id: Uuid, user: &NewUser<'_>) -> Result<Uuid, MigrateError> {
    let mut client = open(url).await?;
    let tx = client.transaction().await?;
    bind(tx.client(), company_id).await?;
    let user_id: Uuid =
        tx.query_one(CREATE_USER.sql(), &[&user.name, &user.email, &user.role]).await?.get(0);
    let identity_id: Uuid = match tx.query_opt(FIND_IDENTITY.sql(), &[&user.email]).await? {
        Some(row) => row.get(0),
        None => {
            tx.query_one(CREATE_IDENTITY.sql(), &[&user.email, &user.password_hash]).await?.get(0)
        }
    };
    tx.execute(CREATE_MEMBERSHIP.sql(), &[&identity_id, &company_id, &user_id]).await?;
    tx.commit().await?;
    Ok(user_id)
}

/// Links an outside login to the user of that e-mail; answers the user's id.
///
/// # Errors
/// If the server cannot be reached or refuses, as for a login that is linked already, or there is no such user.
pub async fn user_login(
    url: &str,
    company_id: Uuid,
    email: &str,
    issuer: &str,
    subject: &str,
) -> Result<Uuid, MigrateError> {
    let mut client = open(url).await?;
    let tx = client.transaction().await?;
    bind(tx.client(), company_id).await?;
    let linked = tx.query_opt(CREATE_USER_LOGIN.sql(), &[&email, &issuer, &subject]).await?;
    let user_id = linked.ok_or_else(|| MigrateError::new("there is no such user"))?.get(0);
    tx.commit().await?;
    Ok(user_id)
}

/// Becomes the owner, and acts for one company.
pub(crate) async fn bind(client: &Client, company_id: Uuid) -> Result<(), MigrateError> {
    let text = format!("set local role paddock_owner; set local app.company_id = '{company_id}'");
    client.batch_execute(&text).await.map_err(MigrateError::from)
}
