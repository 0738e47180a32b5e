//! `paddock purge`: what is over goes, in the end, and nothing else.

use paddock_db::purge::{Purge, Purged};
use uuid::Uuid;

use crate::harness::program::Home;
use crate::harness::{Psql, World};

const MONTH: Purge = Purge { days: 30, batch: 2, dry_run: false, companies: Vec::new() };

/// Sessions, invitations and tokens that have been over for more than thirty days are called `old`.
const SCENE: &str = "
    insert into crm.sessions
        (company_id, id, user_id, secret_hash, epoch, user_agent, created_at, logged_in_at, expires_at, ended_at)
    select u.company_id, app.uuid_v7(s.began), u.id, sha256(''), 0, s.name, s.began, s.began, s.expires, s.ended
    from crm.users u
    cross join (
        values
            ('old: expired', now() - interval '50 days', now() - interval '31 days', null::timestamptz),
            ('old: ended', now() - interval '32 days', now() - interval '25 days', now() - interval '31 days'),
            ('old: both', now() - interval '70 days', now() - interval '60 days', now() - interval '65 days'),
            ('expired', now() - interval '50 days', now() - interval '29 days', null),
            ('ended', now() - interval '35 days', now() - interval '28 days', now() - interval '29 days'),
            ('goes on', now() - interval '29 days', now() + interval '1 day', null)
    ) s (name, began, expires, ended);
    insert into crm.invitations
        (company_id, id, user_id, email, name, role, secret_hash, created_at, updated_at, expires_at, accepted_at, revoked_at)
    select
        c.id, app.uuid_v7(i.began), null, i.name || '@example.com', i.name, 'member', sha256(i.name::bytea), i.began, i.began,
        i.began + interval '7 days', i.accepted, i.revoked
    from crm.companies c
    cross join (
        values
            ('old-expired', now() - interval '38 days', null::timestamptz, null::timestamptz),
            ('old-accepted', now() - interval '32 days', now() - interval '31 days', null),
            ('old-revoked', now() - interval '32 days', null, now() - interval '31 days'),
            ('expired', now() - interval '36 days', null, null),
            ('open', now() - interval '1 day', null, null)
    ) i (name, began, accepted, revoked);
    insert into identity.one_time_tokens (kind, secret_hash, email, created_at, expires_at)
    values
        ('verify_email', sha256('1'), 'old@example.com', now() - interval '32 days', now() - interval '31 days'),
        ('verify_email', sha256('2'), 'new@example.com', now() - interval '30 days', now() - interval '29 days');
    insert into identity.sign_ups (id, company_name, name, password_hash)
    select t.id, 'Pepsi', 'Erin', '$argon2id$'
    from identity.one_time_tokens t";

async fn world() -> (World, Psql) {
    let world = World::new().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    admin.run(SCENE).await;
    (world, admin)
}

/// Every row but those that are old.
async fn rest(world: &World) -> Vec<String> {
    let everything = world.everything().await.into_iter();
    everything.filter(|row| row.starts_with("crm.audit_log") || !row.contains("old")).collect()
}

const ALL: Purged = Purged { sessions: 6, invitations: 6, one_time_tokens: 1 };

#[actix_web::test]
async fn what_has_been_over_for_thirty_days_goes_of_every_company_and_nothing_else() {
    let (world, _admin) = world().await;
    let before = rest(&world).await;
    let mut told = Vec::new();
    let url = world.database.admin_url();
    let purged = MONTH.run(&url, |company, purged| told.push((company, purged))).await.unwrap();
    assert_eq!(purged, ALL);
    let each = Purged { sessions: 3, invitations: 3, one_time_tokens: 0 };
    let mut companies = [world.alice_place().company_id, world.bob_place().company_id];
    companies.sort();
    assert_eq!(told, companies.map(|company| (company, each)));
    let after = world.everything().await;
    let sign_ups = |row: &&String| row.starts_with("identity.sign_ups");
    assert_eq!(before.iter().filter(sign_ups).count(), 2, "one for each token");
    assert_eq!(after.iter().filter(sign_ups).count(), 1);
    let but_sign_ups = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().filter(|row| !sign_ups(&row)).collect()
    };
    assert_eq!(but_sign_ups(after), but_sign_ups(before));
    assert_eq!(MONTH.run(&url, |_, _| {}).await.unwrap(), Purged::default());
}

#[actix_web::test]
async fn a_dry_run_counts_the_same_and_takes_out_nothing() {
    let (world, _admin) = world().await;
    let before = world.everything().await;
    let dry = Purge { dry_run: true, ..MONTH };
    let url = world.database.admin_url();
    assert_eq!(dry.run(&url, |_, _| {}).await.unwrap(), ALL);
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn of_one_company_only_that_one_is_purged() {
    let (world, _admin) = world().await;
    let url = world.database.admin_url();
    let company = |id: Uuid| Purge { companies: vec![id], ..MONTH };
    let alice = company(world.alice_place().company_id);
    let expected = Purged { sessions: 3, invitations: 3, one_time_tokens: 0 };
    assert_eq!(alice.run(&url, |_, _| {}).await.unwrap(), expected);
    assert_eq!(company(Uuid::now_v7()).run(&url, |_, _| {}).await.unwrap(), Purged::default());
    let all = Purged { sessions: 3, invitations: 3, one_time_tokens: 1 };
    assert_eq!(MONTH.run(&url, |_, _| {}).await.unwrap(), all);
}

#[actix_web::test]
async fn the_servers_roles_cannot_purge() {
    let (world, _admin) = world().await;
    let before = world.everything().await;
    for url in [world.database.app_url(), world.database.auth_url()] {
        let refusal = MONTH.run(&url, |_, _| {}).await.unwrap_err().to_string();
        assert!(refusal.contains("permission denied to set role"), "{refusal}");
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn the_command_says_what_it_would_do_and_what_it_did() {
    let (world, _admin) = world().await;
    let (home, url) = (Home::new(), world.database.admin_url());
    let purge = |more: &[&str]| {
        let output =
            home.paddock(&["purge"]).args(more).env("PADDOCK_OWNER_DATABASE_URL", &url).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let what = "6 sessions, 6 invitations, 1 one-time tokens\n";
    assert_eq!(purge(&["--dry-run"]), format!("would take out {what}"));
    assert_eq!(
        purge(&["--days", "3000"]),
        "took out 0 sessions, 0 invitations, 0 one-time tokens\n"
    );
    assert_eq!(purge(&["--batch", "1"]), format!("took out {what}"));
}
