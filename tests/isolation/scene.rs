//! What isolation is asked about: two companies with something in every table, and what the catalog knows of them.

use crate::harness::{Place, Psql, World};

/// The tables of the companies' records, and the column that tells the company.
const TABLES: &str = "
    select c.oid::regclass::text, case when c.relname = 'companies' then 'id' else 'company_id' end
    from pg_class c
    where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p')
    order by 1";

/// Which columns the application may use, one row for each table, column and privilege.
const GRANTED: &str = "
    select a.attrelid::regclass::text, p.privilege, min(a.attname)
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
    cross join unnest(array['select', 'insert', 'update']) with ordinality p (privilege, position)
    where c.relnamespace = 'crm'::regnamespace
        and a.attnum > 0
        and not a.attisdropped
        and has_column_privilege('paddock_app', a.attrelid, a.attnum, p.privilege)
    group by a.attrelid, p.privilege, p.position
    order by 1, p.position";

/// Two companies with something in every table.
pub struct Scene {
    pub world: World,
    pub admin: Psql,
    pub alice: Place,
    pub bob: Place,
    /// A customer of Nike.
    pub hers: String,
    /// A customer of Coca-Cola.
    pub his: String,
}

impl Scene {
    pub async fn new() -> Self {
        let world = World::new().await;
        let (alice, bob) = (world.alice_place(), world.bob_place());
        let app = Psql::new(&world.database.app_url()).await;
        let hers = arrange(&app, alice, "Grace Hopper", "grace@example.com").await;
        let his = arrange(&app, bob, "Alan Turing", "alan@example.com").await;
        let admin = Psql::new(&world.database.admin_url()).await;
        for Place { company_id, user_id } in [alice, bob] {
            let login = format!(
                "insert into crm.user_logins (company_id, member_id, issuer, subject)
                values ('{company_id}', '{user_id}', 'https://login.example', 'the same for both')"
            );
            admin.rows_as(Place { company_id, user_id }, &login).await;
        }
        Self { world, admin, alice, bob, hers, his }
    }

    pub async fn app(&self) -> Psql {
        Psql::new(&self.world.database.app_url()).await
    }

    pub async fn auth(&self) -> Psql {
        Psql::new(&self.world.database.auth_url()).await
    }

    pub async fn owner(&self) -> Psql {
        let owner = Psql::new(&self.world.database.admin_url()).await;
        owner.run("set role paddock_owner").await;
        owner
    }

    /// Each table with its company column.
    pub async fn tables(&self) -> Vec<(String, String)> {
        let split = |row: &String| {
            let (table, column) = row.split_once('|').unwrap();
            (table.to_owned(), column.to_owned())
        };
        self.admin.rows(TABLES).await.iter().map(split).collect()
    }

    /// One harmless statement for each table and each thing that the application may do with it.
    pub async fn statements(&self) -> Vec<String> {
        let statement = |row: &String| match row.split('|').collect::<Vec<_>>()[..] {
            [table, "select", column] => format!("select {column} from {table}"),
            [table, "insert", _] => format!("insert into {table} default values"),
            [table, _, column] => format!("update {table} set {column} = {column}"),
            _ => unreachable!(),
        };
        self.admin.rows(GRANTED).await.iter().map(statement).collect()
    }
}

/// A customer with a comment, a share and a value of a field, a team of one, a session, and an invitation.
async fn arrange(app: &Psql, place: Place, name: &str, email: &str) -> String {
    let customer = format!(
        "insert into crm.customers (name, email, has_custom_fields) values ('{name}', '{email}', true)
        returning id"
    );
    let id = app.rows_as(place, &customer).await.remove(0);
    let comment =
        format!("insert into crm.customer_comments (customer_id, body) values ('{id}', 'Hello.')");
    app.rows_as(place, &comment).await;
    let user_id = place.user_id;
    let share = format!(
        "insert into crm.record_shares (customer_id, recipient_user_id, permission)
        values ('{id}', '{user_id}', 'read')"
    );
    app.rows_as(place, &share).await;
    let team = app.rows_as(place, "insert into crm.teams (name) values ('Us') returning id").await;
    let member = format!(
        "insert into crm.team_members (team_id, member_id) values ('{}', '{user_id}')",
        team[0]
    );
    app.rows_as(place, &member).await;
    let session = "insert into crm.sessions (secret_hash, epoch) values (sha256(''), 0)";
    app.rows_as(place, session).await;
    let invitation = "insert into crm.invitations (email, role, secret_hash)
        values ('erin@pepsi.example', 'viewer', sha256(''))";
    app.rows_as(place, invitation).await;
    let key = "insert into crm.api_keys (name, secret_hash, role, scopes, expires_at)
        values ('Us', sha256(''), 'viewer', '{me:read}', now()) returning id";
    let key = app.rows_as(place, key).await.remove(0);
    let field = "insert into crm.custom_fields (key, name, type) values ('tier', 'Tier', 'choice') returning id";
    let field = app.rows_as(place, field).await.remove(0);
    let values = format!(
        "insert into crm.custom_field_choices (custom_field_id, number, key, name)
        values ('{field}', 1, 'gold', 'Gold');
        insert into crm.custom_field_values (custom_field_id, type, customer_id, choice_number)
        values ('{field}', 'choice', '{id}', 1)"
    );
    app.rows_as(place, &values).await;
    let uses = format!("insert into crm.api_key_uses (api_key_id) values ('{key}')");
    app.rows_as(place, &uses).await;
    id
}
