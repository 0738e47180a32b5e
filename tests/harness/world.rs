//! A database with two companies, and the application in front of it.
#![expect(clippy::disallowed_methods, reason = "tests look at the database from outside")]

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix_http::Request;
use actix_web::dev::Service;
use actix_web::test::{init_service, read_body};
use actix_web::web::Data;
use futures_util::future::LocalBoxFuture;
use paddock_api::limits::RateLimits;
use paddock_api::mail::Post;
use paddock_api::{Accounts, Keys, Passwords, Providers, Settings, State, app};
use paddock_db::provision::{NewUser, user};
use paddock_db::{Actor, Db, Door, Limits, Tenant, connect};
use tokio_postgres::Client;

use super::cluster::{self, Database, Place, ground};
use super::mailbox::Mailbox;
use super::{Person, Reply};

/// What tokens are signed with in tests.
pub const SECRET: &[u8] = b"a secret of the tests, 32 bytes.";

/// How many passwords are hashed at the same time: nobody waits for a turn so long that it is refused.
const AT_ONCE: usize = 16;

/// Takes a request, gives the answer.
pub type Doorman = Rc<dyn Fn(Request) -> LocalBoxFuture<'static, Reply>>;

/// Two companies, one database.
pub struct World {
    pub database: Database,
    pub db: Db,
    /// Counts the hashes that it computes.
    pub passwords: Passwords,
    doorman: Doorman,
}

impl World {
    /// A world for one test.
    pub async fn new() -> Self {
        Self::with(patient(), &[]).await
    }

    /// A world in a database that is more than the template.
    pub async fn of(database: Database) -> Self {
        let keys = Keys::of_secret(SECRET).unwrap();
        let (limits, rates) = (Limits::default(), RateLimits::none());
        Self::made_in(database, keys, limits, &[], rates, no_mail, unaltered).await
    }

    /// A world with other limits, or with origins whose pages may call.
    pub async fn with(limits: Limits, origins: &[&str]) -> Self {
        let keys = Keys::of_secret(SECRET).unwrap();
        Self::made_of(keys, limits, origins, RateLimits::none(), no_mail, unaltered).await
    }

    /// A world in which nobody may ask too often.
    pub async fn limited(limits: Limits, origins: &[&str], rates: RateLimits) -> Self {
        Self::made_of(Keys::of_secret(SECRET).unwrap(), limits, origins, rates, no_mail, unaltered)
            .await
    }

    /// A world with other keys for access tokens.
    pub async fn with_keys(keys: Keys) -> Self {
        Self::made_of(keys, patient(), &[], RateLimits::none(), no_mail, unaltered).await
    }

    /// A world that sends mails, and where they arrive.
    pub async fn with_mail() -> (Self, Mailbox) {
        Self::with_limited_mail(RateLimits::none()).await
    }

    /// A world that sends mails, in which nobody may ask too often.
    pub async fn with_limited_mail(rates: RateLimits) -> (Self, Mailbox) {
        let mut mailbox = None;
        let accounts = |database: &Database| {
            let (mails, accounts) = Mailbox::of(database);
            mailbox = Some(mails);
            accounts
        };
        let world = Self::with_accounts(rates, accounts).await;
        (world, mailbox.unwrap())
    }

    /// A world with other ways to come in.
    pub async fn with_accounts(
        rates: RateLimits,
        accounts: impl FnOnce(&Database) -> Accounts,
    ) -> Self {
        let keys = Keys::of_secret(SECRET).unwrap();
        Self::made_of(keys, patient(), &[], rates, accounts, unaltered).await
    }

    /// A world that trusts others to log people in.
    pub async fn trusting(providers: Providers) -> Self {
        Self::altered(|state| state.trusting(providers)).await
    }

    /// A world with something else in its state.
    pub async fn altered(alter: impl FnOnce(State) -> State) -> Self {
        let keys = Keys::of_secret(SECRET).unwrap();
        Self::made_of(keys, patient(), &[], RateLimits::none(), no_mail, alter).await
    }

    async fn made_of(
        keys: Keys,
        limits: Limits,
        origins: &[&str],
        rates: RateLimits,
        accounts: impl FnOnce(&Database) -> Accounts,
        alter: impl FnOnce(State) -> State,
    ) -> Self {
        Self::made_in(Database::new().await, keys, limits, origins, rates, accounts, alter).await
    }

    async fn made_in(
        database: Database,
        keys: Keys,
        limits: Limits,
        origins: &[&str],
        rates: RateLimits,
        accounts: impl FnOnce(&Database) -> Accounts,
        alter: impl FnOnce(State) -> State,
    ) -> Self {
        let db = Db::new(&database.app_url(), limits).unwrap();
        let door = Door::new(&database.auth_url(), limits).unwrap();
        let passwords = Passwords::new(AT_ONCE);
        let state = State::new(Settings {
            db: db.clone(),
            door,
            passwords: passwords.clone(),
            keys,
            secret: SECRET,
            origins: origins.iter().map(ToString::to_string).collect(),
            draining: Arc::new(AtomicBool::new(false)),
        });
        let state = state.unwrap().limited_by(Arc::new(rates));
        let state = alter(state.with_accounts(accounts(&database)));
        let service = Rc::new(init_service(app(Data::new(state))).await);
        let doorman: Doorman = Rc::new(move |request| {
            let service = Rc::clone(&service);
            Box::pin(async move {
                match service.call(request).await {
                    Ok(response) => {
                        let (status, headers) = (response.status(), response.headers().clone());
                        Reply::new(status, headers, read_body(response).await)
                    }
                    // What the server makes of an error that comes out of the application.
                    Err(error) => {
                        let response = error.error_response();
                        let (status, headers) = (response.status(), response.headers().clone());
                        let body = actix_web::body::to_bytes(response.into_body()).await;
                        Reply::new(status, headers, body.unwrap_or_default())
                    }
                }
            })
        });
        Self { database, db, passwords, doorman }
    }

    /// Ends the application; its database stays until that is dropped.
    pub fn close(self) -> Database {
        self.database
    }

    /// Nobody in particular: without a token.
    pub fn stranger(&self) -> Person {
        Person::new(Rc::clone(&self.doorman), None, self.alice_place())
    }

    /// Alice of Nike, logged in.
    pub async fn alice(&self) -> Person {
        self.log_in("alice@nike.example", self.alice_place()).await
    }

    /// Bob of Coca-Cola, logged in.
    pub async fn bob(&self) -> Person {
        self.log_in("bob@coca-cola.example", self.bob_place()).await
    }

    /// Somebody else of Nike, logged in: `carol` is `carol@nike.example`.
    pub async fn colleague(&self, name: &str) -> Person {
        let email = format!("{name}@nike.example");
        let place = self.hire(name, &email, cluster::PASSWORD).await;
        self.log_in(&email, place).await
    }

    /// Gives somebody a place at Nike, with a password of their own.
    pub async fn hire(&self, name: &str, email: &str, password: &str) -> Place {
        let password_hash = &paddock_api::hash_password(password).unwrap();
        let company_id = self.alice_place().company_id;
        let new = NewUser { name, email, role: "member", password_hash };
        let user_id = user(&self.database.admin_url(), company_id, &new).await.unwrap();
        Place { company_id, user_id }
    }

    /// Alice at the door of the database, without HTTP.
    pub fn alice_tenant(&self) -> Tenant {
        self.tenant(self.alice_place())
    }

    /// Bob at the door of the database, without HTTP.
    pub fn bob_tenant(&self) -> Tenant {
        self.tenant(self.bob_place())
    }

    pub fn alice_place(&self) -> Place {
        ground().alice
    }

    pub fn bob_place(&self) -> Place {
        ground().bob
    }

    /// Raw SQL as the application's role, as in psql.
    pub async fn psql(&self) -> Client {
        connect(&self.database.app_url()).await.unwrap()
    }

    /// Raw SQL as superuser.
    pub async fn admin(&self) -> Client {
        connect(&self.database.admin_url()).await.unwrap()
    }

    /// Every row of every table, to see whether anything has changed.
    pub async fn everything(&self) -> Vec<String> {
        let admin = self.admin().await;
        let tables = "select format('%I.%I', schemaname, tablename) from pg_tables
            where schemaname in ('crm', 'identity') order by 1";
        let mut everything = Vec::new();
        for table in admin.query(tables, &[]).await.unwrap() {
            let table: String = table.get(0);
            let rows = format!("select t::text from {table} t order by 1");
            for row in admin.query(&rows, &[]).await.unwrap() {
                everything.push(format!("{table} {}", row.get::<_, String>(0)));
            }
        }
        everything
    }

    fn tenant(&self, place: Place) -> Tenant {
        let Place { company_id, user_id } = place;
        self.db.act_as(Actor::trusted(company_id, user_id))
    }

    async fn log_in(&self, email: &str, place: Place) -> Person {
        let credentials = serde_json::json!({ "email": email, "password": cluster::PASSWORD });
        let reply = self.stranger().post("/v1/auth/login", credentials).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let token = reply.json["access_token"].as_str().unwrap().to_owned();
        Person::new(Rc::clone(&self.doorman), Some(token), place)
    }
}

/// For tests that are not about waiting: on a busy machine they take longer, and go well.
pub fn patient() -> Limits {
    let long = Duration::from_secs(60);
    Limits { wait: long, deadline: long, list_deadline: long, ..Limits::default() }
}

/// As it comes.
fn unaltered(state: State) -> State {
    state
}

/// Anybody may sign up, and nobody is written to.
fn no_mail(_: &Database) -> Accounts {
    Accounts { post: Post::nowhere(), sign_up_is_open: true, breached: None }
}
