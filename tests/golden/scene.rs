//! A company of 100,000 customers beside one of 700 and a thousand small ones.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;
use tokio_postgres::Client;

use super::plan::{Catalog, Plan};
use crate::harness::{Database, Place, Psql, World};

/// Nike grows to 100,000 customers, three in ten of them Alice's, the others of 2,000 owners; Coca-Cola
/// to 700; then a thousand companies of nobody in particular. Names begin with hexadecimal digits, so
/// that a prefix of three finds 25 of them. One customer in a thousand is a former one.
const GROW: &str = include_str!("grow.sql");

const INDEXES: &str = "
    select i.indexrelid::regclass::text, a.attname
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_attribute a on a.attrelid = i.indexrelid
    where c.relnamespace in ('crm'::regnamespace, 'identity'::regnamespace)
    order by a.attnum";

/// Grown once, and copied.
static GROWN: OnceCell<Database> = OnceCell::const_new();

async fn grow() -> Database {
    let database = Database::new().await;
    let admin = Psql::new(&database.admin_url()).await;
    admin.run("set maintenance_work_mem = '256MB'; set work_mem = '64MB'").await;
    admin.run(GROW).await;
    database.shut().await;
    database
}

/// A big company, its user in psql, and records to look for.
pub struct Scene {
    _world: World,
    pub admin: Psql,
    pub app: Psql,
    pub auth: Psql,
    pub owner: Psql,
    pub alice: Place,
    pub catalog: Catalog,
    /// Somebody who owns a few customers.
    pub colleague: String,
    pub customer: String,
    /// One of Alice's API keys.
    pub key: String,
    pub comment: String,
    /// One with choices.
    pub field: String,
    pub team: String,
    pub share: String,
    /// The login and the user of somebody who has yet to be let in.
    pub newcomer: [String; 2],
}

impl Scene {
    pub async fn new() -> Self {
        let grown = GROWN.get_or_init(grow).await;
        let world = World::of(Database::copy_of(grown.name()).await).await;
        let admin = Psql::new(&world.database.admin_url()).await;
        let key = admin
            .value(&format!(
                "select id from crm.api_keys where user_id = '{}' and name = 'Program 1'",
                world.alice_place().user_id
            ))
            .await;
        let customer = admin
            .value("select id from crm.customers where email_key = 'customer50009@example.com'")
            .await;
        let colleague = admin
            .value(&format!("select user_id from crm.customers where id = '{customer}'"))
            .await;
        let comment = format!(
            "select id from crm.customer_comments where customer_id = '{customer}' and body = 'Comment 7'"
        );
        let comment = admin.value(&comment).await;
        let team = admin.value("select id from crm.teams where name = 'Team 7'").await;
        let share =
            format!("select min(id::text) from crm.record_shares where customer_id = '{customer}'");
        let share = admin.value(&share).await;
        let field = format!(
            "select id from crm.custom_fields where key = 'tags' and company_id = '{}'",
            world.alice_place().company_id
        );
        let field = admin.value(&field).await;
        let newcomer = ["identity.identities", "crm.users"]
            .map(|table| format!("select id from {table} where email = 'user2000@example.com'"));
        let newcomer = [admin.value(&newcomer[0]).await, admin.value(&newcomer[1]).await];
        let owner = Psql::new(&world.database.admin_url()).await;
        owner.run("set role paddock_owner; set plan_cache_mode = force_generic_plan").await;
        let auth = Psql::new(&world.database.auth_url()).await;
        auth.run("set plan_cache_mode = force_generic_plan").await;
        let app = Psql::new(&world.database.app_url()).await;
        assert_eq!(app.value("show plan_cache_mode").await, "force_generic_plan");
        let (alice, catalog) = (world.alice_place(), catalog(&admin).await);
        Self {
            _world: world,
            admin,
            app,
            auth,
            owner,
            alice,
            catalog,
            colleague,
            customer,
            key,
            comment,
            field,
            team,
            share,
            newcomer,
        }
    }

    /// How a role runs a statement with these values for Nike, as it does from the second time on.
    pub async fn plan(&self, who: &Psql, sql: &str, values: &[String]) -> Plan {
        Self::plan_as(self.alice, who, sql, values).await
    }

    /// The same for whomever.
    pub async fn plan_as(place: Place, who: &Psql, sql: &str, values: &[String]) -> Plan {
        who.run(&format!("prepare it as {sql}")).await;
        who.begin_as(place).await;
        let call =
            if values.is_empty() { "it".to_owned() } else { format!("it ({})", values.join(", ")) };
        let explain = "explain (analyze, costs off, timing off, summary off, format json) execute";
        let text = who.value(&format!("{explain} {call}")).await;
        who.run("rollback; deallocate it").await;
        Plan::read(&text)
    }
}

async fn catalog(admin: &Psql) -> Catalog {
    let mut indexes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in admin.rows(INDEXES).await {
        let (index, column) = row.split_once('|').unwrap();
        let name = index.rsplit('.').next().unwrap();
        indexes.entry(name.to_owned()).or_default().push(column.to_owned());
    }
    let tables = "select relname from pg_class where relnamespace = 'crm'::regnamespace and relkind in ('r', 'p')";
    Catalog { indexes, tables: admin.rows(tables).await.into_iter().collect() }
}

/// What a statement takes and what it answers, as the server says when it prepares it.
pub async fn shape(client: &Client, sql: &str) -> (String, String) {
    let statement = client.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let takes: Vec<_> = statement.params().iter().map(ToString::to_string).collect();
    let column = |column: &tokio_postgres::Column| format!("{} {}", column.name(), column.type_());
    let answers: Vec<_> = statement.columns().iter().map(column).collect();
    let list =
        |items: Vec<String>| if items.is_empty() { "nothing".to_owned() } else { items.join(", ") };
    (list(takes), list(answers))
}
