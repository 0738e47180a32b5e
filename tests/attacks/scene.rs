//! What the attacks find: two companies, and a word in every text of Alice's that nobody else has.

use crate::harness::{Psql, World};

/// Stands in every text of Nike's. Whoever reads it as Bob has read a row of hers.
pub const CANARY: &str = "nightingale";

/// Every row of Nike's and everything about who may log in, as one value.
const FINGERPRINT: &str = "
    select md5(string_agg(t, ' ' order by t))
    from (
        select c::text from crm.companies c where c.id = :'alice_company'
        union all
        select u::text from crm.users u where u.company_id = :'alice_company'
        union all
        select c::text from crm.customers c where c.company_id = :'alice_company'
        union all
        select c::text from crm.customer_comments c where c.company_id = :'alice_company'
        union all
        select f::text from crm.custom_fields f where f.company_id = :'alice_company'
        union all
        select h::text from crm.custom_field_choices h where h.company_id = :'alice_company'
        union all
        select v::text from crm.custom_field_values v where v.company_id = :'alice_company'
        union all
        select k::text from crm.api_keys k where k.company_id = :'alice_company'
        union all
        select u::text from crm.api_key_uses u where u.company_id = :'alice_company'
        union all
        select i::text from identity.identities i
        union all
        select m::text from identity.memberships m
    ) as x (t)";

/// The names that files of attacks write as psql does: `:'alice_customer'`. Those of `names.psql`.
pub struct Variables(Vec<(String, String)>);

impl Variables {
    fn of(world: &World) -> Self {
        let (alice, bob) = (world.alice_place(), world.bob_place());
        let people = [
            ("alice_company", alice.company_id),
            ("alice_user", alice.user_id),
            ("bob_company", bob.company_id),
            ("bob_user", bob.user_id),
        ];
        let people = people.map(|(name, id)| (name.to_owned(), id.to_string()));
        let set = include_str!("names.psql").lines().filter_map(|line| {
            let (name, value) = line.strip_prefix("\\set ")?.split_once(' ')?;
            Some((name.to_owned(), value.trim_matches('\'').to_owned()))
        });
        Self(people.into_iter().chain(set).collect())
    }

    /// The text with each `:'name'` replaced by its value, as a literal.
    pub fn fill(&self, text: &str) -> String {
        let fill = |text: String, (name, value): &(String, String)| {
            text.replace(&format!(":'{name}'"), &format!("'{value}'"))
        };
        self.0.iter().fold(text.to_owned(), fill)
    }

    /// Alice's ids and texts, which a case may get back only if it names them itself.
    pub fn of_alice(&self) -> impl Iterator<Item = &str> {
        let hers = self.0.iter().filter(|(name, _)| name.starts_with("alice_"));
        hers.map(|(_, value)| value.as_str())
    }
}

/// A database that is attacked.
pub struct Scene {
    pub world: World,
    pub admin: Psql,
    pub app: Psql,
    pub variables: Variables,
    fingerprint: String,
}

impl Scene {
    pub async fn new() -> Self {
        let world = World::new().await;
        let variables = Variables::of(&world);
        let admin = Psql::new(&world.database.admin_url()).await;
        admin.run(&variables.fill(include_str!("scene.sql"))).await;
        let app = Psql::new(&world.database.app_url()).await;
        let fingerprint = variables.fill(FINGERPRINT);
        Self { world, admin, app, variables, fingerprint }
    }

    /// Changes with any change of Alice's rows.
    pub async fn fingerprint(&self) -> String {
        self.admin.value(&self.fingerprint).await
    }
}
