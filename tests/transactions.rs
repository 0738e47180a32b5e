//! What a transaction promises: all of it or nothing, for somebody who may act, and answered only when done.

use std::cell::Cell;
use std::time::Duration;

use paddock_db::{Access, Actor, Db, Error, Limits, Listing, Statement, Tenant, Violation};
use tokio::sync::Barrier;

use crate::harness::{Psql, World};

/// Statements of this file only.
const SQL: &str = "-- name: create
insert into crm.customers (name, email) values ($1::text, $2::text) returning id::text
-- name: rename
update crm.customers set name = $2::text where name = $1::text returning id::text
-- name: names
select c.name from crm.customers c order by c.name
-- name: list
select c.title from crm.customers c where {where} order by {order} limit {limit}
-- name: list.where.all
true
-- name: list.order.name
c.name
-- name: divide
with created as (insert into crm.customers (name) values ('Half') returning 1)
select count(*)::integer / 0 from created
-- name: all
select * from crm.customers c order by c.name
-- name: rename_all
update crm.customers c set name = c.name || '!' returning *
-- name: unknown
select c.shoe_size from crm.customers c
-- name: fail
select app.fail($1::text, $2::integer)
-- name: create_and_fail
with created as (insert into crm.customers (name) values ('Half') returning 1)
select app.fail($1::text, $2::integer) from created
-- name: who
select current_setting('app.company_id')
";

const CREATE: Statement = Statement::find("create", SQL);
const RENAME: Statement = Statement::find("rename", SQL);
const NAMES: Statement = Statement::find("names", SQL);
const LIST: Statement = Statement::find("list", SQL);
const LIST_ALL: Statement = Statement::find("list.where.all", SQL);
const LIST_BY_NAME: Statement = Statement::find("list.order.name", SQL);
const DIVIDE: Statement = Statement::find("divide", SQL);
const ALL: Statement = Statement::find("all", SQL);
const RENAME_ALL: Statement = Statement::find("rename_all", SQL);
const UNKNOWN: Statement = Statement::find("unknown", SQL);
const FAIL: Statement = Statement::find("fail", SQL);
const CREATE_AND_FAIL: Statement = Statement::find("create_and_fail", SQL);
const WHO: Statement = Statement::find("who", SQL);

/// Fails so many times with an SQLSTATE, and then no more. The counter is a sequence: it is not rolled back.
const FAILING: &str = "
    create sequence app.failures;
    create function app.fail(code text, times integer) returns boolean language plpgsql as $$
    begin
        if pg_catalog.nextval('app.failures') <= times then
            raise exception 'on purpose' using errcode = code;
        end if;
        return true;
    end
    $$;
    grant usage on sequence app.failures to paddock_app";

/// A world whose pool has one connection, so that whoever comes next gets what the last one left.
async fn world() -> World {
    World::with(Limits { connections: 1, ..Limits::default() }, &[]).await
}

async fn names(tenant: &Tenant) -> Vec<String> {
    tenant.read(NAMES, &[]).await.unwrap()
}

async fn create(tenant: &Tenant, name: &str) {
    let created: Vec<String> = tenant.write(CREATE, &[&name, &None::<String>]).await.unwrap();
    assert_eq!(created.len(), 1);
}

/// How many of the application's connections are doing anything, or are still in a transaction.
async fn busy(admin: &Psql) -> String {
    let count = |condition: &str| {
        format!(
            "select count(*) from pg_stat_activity
            where datname = current_database() and usename = 'paddock_app' and ({condition})"
        )
    };
    // A server tells an error a moment before it is done with it. What it never gets done with is counted.
    for _ in 0..1000 {
        if admin.value(&count("state = 'active'")).await == "0" {
            break;
        }
    }
    admin.value(&count("state <> 'idle' or xact_start is not null")).await
}

// ── One statement ──────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn reading_cannot_write() {
    let world = world().await;
    let alice = world.alice_tenant();
    let read = alice.read::<String>(CREATE, &[&"Grace", &None::<String>]).await;
    assert_eq!(read, Err(Error::ReadOnly));
    let transaction = alice
        .transaction(Access::Read, async |tx| {
            tx.query::<String>(CREATE, &[&"Grace", &None::<String>]).await
        })
        .await;
    assert_eq!(transaction, Err(Error::ReadOnly));
    assert_eq!(names(&alice).await, [""; 0]);
}

#[actix_web::test]
async fn a_failing_statement_stores_nothing_and_leaves_a_clean_connection() {
    let world = world().await;
    let (alice, bob) = (world.alice_tenant(), world.bob_tenant());
    let admin = Psql::new(&world.database.admin_url()).await;
    let failed = alice.write::<i32>(DIVIDE, &[]).await;
    assert_eq!(failed, Err(Error::InvalidValue));
    assert_eq!(busy(&admin).await, "0");
    assert_eq!(bob.read::<String>(WHO, &[]).await, Ok(vec![bob.actor().company_id.to_string()]));
    create(&bob, "Alan").await;
    assert_eq!((names(&alice).await, names(&bob).await), (vec![], vec!["Alan".to_owned()]));
}

#[actix_web::test]
async fn a_statement_that_does_not_exist_for_the_database_breaks_nothing() {
    let world = world().await;
    let alice = world.alice_tenant();
    let Err(Error::Internal(text)) = alice.read::<String>(UNKNOWN, &[]).await else {
        panic!("was read")
    };
    assert!(text.contains("shoe_size"), "{text}");
    assert_eq!(names(&alice).await, [""; 0]);
}

#[actix_web::test]
async fn parameters_of_the_wrong_type_store_nothing() {
    let world = world().await;
    let alice = world.alice_tenant();
    let Err(Error::Internal(_)) = alice.write::<String>(CREATE, &[&"Grace", &7_i64]).await else {
        panic!("was written")
    };
    assert_eq!(names(&alice).await, [""; 0]);
}

#[actix_web::test]
async fn what_a_write_answered_others_see_at_once() {
    let world = World::new().await;
    let alice = world.alice().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    for n in 0..50 {
        let id = alice.customer(&format!("Customer {n}"), &format!("{n}@example.com")).await;
        let found =
            admin.value(&format!("select count(*) from crm.customers where id = '{id}'")).await;
        assert_eq!(found, "1", "customer {n} was answered before it was committed");
    }
}

// ── Several statements ─────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn several_statements_are_seen_together_and_only_after_the_commit() {
    let world = World::new().await;
    let alice = world.alice_tenant();
    let answer: Result<Vec<String>, Error> = alice
        .transaction(Access::Write, async |tx| {
            tx.query::<String>(CREATE, &[&"Ada", &None::<String>]).await?;
            tx.query::<String>(CREATE, &[&"Grace", &None::<String>]).await?;
            assert_eq!(names(&alice).await, [""; 0], "another connection sees the middle");
            tx.query::<String>(RENAME, &[&"Ada", &"Ada Lovelace"]).await?;
            tx.query(NAMES, &[]).await
        })
        .await;
    assert_eq!(answer.unwrap(), ["Ada Lovelace", "Grace"]);
    assert_eq!(names(&alice).await, ["Ada Lovelace", "Grace"]);
    assert_eq!(names(&world.bob_tenant()).await, [""; 0]);
}

#[actix_web::test]
async fn a_transaction_whose_work_says_no_is_rolled_back() {
    let world = world().await;
    let alice = world.alice_tenant();
    let admin = Psql::new(&world.database.admin_url()).await;
    let answer: Result<(), Error> = alice
        .transaction(Access::Write, async |tx| {
            tx.query::<String>(CREATE, &[&"Ada", &None::<String>]).await?;
            Err(Error::Internal("changed my mind".to_owned()))
        })
        .await;
    assert_eq!(answer, Err(Error::Internal("changed my mind".to_owned())));
    assert_eq!(busy(&admin).await, "0");
    assert_eq!(names(&alice).await, [""; 0]);
}

#[actix_web::test]
async fn a_transaction_that_does_nothing_is_no_transaction() {
    let world = world().await;
    let answer: Result<i32, Error> =
        world.alice_tenant().transaction(Access::Write, async |_| Ok(7)).await;
    assert_eq!(answer, Ok(7));
}

/// The error that a transaction swallows, one for each place where a statement can fail.
#[actix_web::test]
async fn a_swallowed_error_stores_nothing_and_is_told() {
    let world = world().await;
    let alice = world.alice_tenant();
    let admin = Psql::new(&world.database.admin_url()).await;
    for first in [true, false] {
        for fault in ["on the server", "when prepared", "when encoded"] {
            let answer: Result<(), Error> = alice
                .transaction(Access::Write, async |tx| {
                    if !first {
                        tx.query::<String>(CREATE, &[&"Ada", &None::<String>]).await?;
                    }
                    let swallowed = match fault {
                        "on the server" => tx.query::<i32>(DIVIDE, &[]).await.map(drop),
                        "when prepared" => tx.query::<String>(UNKNOWN, &[]).await.map(drop),
                        _ => tx.query::<String>(CREATE, &[&"Ada", &7_i64]).await.map(drop),
                    };
                    assert!(swallowed.is_err());
                    Ok(())
                })
                .await;
            let case = format!("{fault}, as the first statement: {first}");
            assert_eq!(answer, Err(Error::Aborted), "{case}");
            assert_eq!(busy(&admin).await, "0", "{case}");
            assert_eq!(names(&alice).await, [""; 0], "{case}");
        }
    }
}

#[actix_web::test]
async fn the_second_statements_violation_is_told_by_its_name() {
    let world = world().await;
    let alice = world.alice_tenant();
    let answer: Result<Vec<String>, Error> = alice
        .transaction(Access::Write, async |tx| {
            tx.query::<String>(CREATE, &[&"Ada", &"ada@example.com"]).await?;
            tx.query::<String>(CREATE, &[&"Ada", &"ADA@example.com"]).await
        })
        .await;
    let name = "customers_email_key".to_owned();
    assert_eq!(answer, Err(Error::Violation(Violation::Unique, name)));
    let answer = alice.write::<String>(CREATE, &[&" ", &None::<String>]).await;
    assert_eq!(answer, Err(Error::Violation(Violation::Check, "customers_name_check".to_owned())));
    let answer = alice.write::<String>(CREATE, &[&None::<String>, &None::<String>]).await;
    assert_eq!(answer, Err(Error::Violation(Violation::NotNull, "name".to_owned())));
    assert_eq!(names(&alice).await, [""; 0]);
}

// ── When others are in the way ─────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_deadlock_is_tried_again_and_both_succeed() {
    let world = World::new().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    let database = world.database.name();
    admin
        .run(&format!(
            "alter role paddock_app in database {database} set deadlock_timeout = '20ms'"
        ))
        .await;
    let (one, other) = (world.alice_tenant(), world.alice_tenant());
    create(&one, "a").await;
    create(&one, "b").await;
    let (both_hold_one, tries) = (Barrier::new(2), Cell::new(0));
    let cross = async |tenant: &Tenant, names: [&str; 2]| -> Result<(), Error> {
        let first_try = Cell::new(true);
        tenant
            .transaction(Access::Write, async |tx| {
                tries.set(tries.get() + 1);
                tx.query::<String>(RENAME, &[&names[0], &names[0]]).await?;
                if first_try.replace(false) {
                    both_hold_one.wait().await;
                }
                tx.query::<()>(RENAME, &[&names[1], &names[1]]).await.map(drop)
            })
            .await
    };
    let answers = futures_util::join!(cross(&one, ["a", "b"]), cross(&other, ["b", "a"]));
    assert_eq!(answers, (Ok(()), Ok(())));
    assert_eq!(tries.get(), 3, "one of the two was tried again, once");
    let versions = "select name, version from crm.customers order by name";
    assert_eq!(admin.rows(versions).await, ["a|3", "b|3"]);
}

#[actix_web::test]
async fn contention_is_tried_three_times_and_no_more() {
    let world = world().await;
    let alice = world.alice_tenant();
    let admin = Psql::new(&world.database.admin_url()).await;
    admin.run(FAILING).await;
    for code in ["40001", "40P01"] {
        for (failures, outcome, tries) in
            [(0, Ok(vec![true]), 1), (2, Ok(vec![true]), 3), (99, Err(Error::Contended), 3)]
        {
            let case = format!("{code}, failing {failures} times");
            admin.run("alter sequence app.failures restart").await;
            assert_eq!(alice.write(FAIL, &[&code, &failures]).await, outcome, "write, {case}");
            assert_eq!(admin.value("select last_value from app.failures").await, tries.to_string());
            admin.run("alter sequence app.failures restart").await;
            let work = alice.transaction(Access::Write, async |tx| {
                tx.query::<String>(CREATE, &[&"Once", &None::<String>]).await?;
                tx.query(FAIL, &[&code, &failures]).await
            });
            assert_eq!(work.await, outcome, "transaction, {case}");
            assert_eq!(admin.value("select last_value from app.failures").await, tries.to_string());
        }
    }
    assert_eq!(names(&alice).await, ["Once"; 4], "each transaction that succeeded, once");
}

#[actix_web::test]
async fn what_failed_for_another_reason_is_not_tried_again() {
    let world = world().await;
    let alice = world.alice_tenant();
    let admin = Psql::new(&world.database.admin_url()).await;
    admin.run(FAILING).await;
    for (code, error) in [
        ("57014", Error::Timeout),
        ("55P03", Error::Locked),
        ("53100", Error::Overloaded),
        ("22003", Error::InvalidValue),
        ("25006", Error::ReadOnly),
        ("28000", Error::SessionOver),
    ] {
        admin.run("alter sequence app.failures restart").await;
        assert_eq!(alice.write::<bool>(CREATE_AND_FAIL, &[&code, &99]).await, Err(error), "{code}");
        assert_eq!(admin.value("select last_value from app.failures").await, "1", "{code}");
    }
    assert_eq!(names(&alice).await, [""; 0]);
}

#[actix_web::test]
async fn nobody_notices_that_a_migration_outdated_the_prepared_statements() {
    let world = world().await;
    let alice = world.alice_tenant();
    let admin = Psql::new(&world.database.admin_url()).await;
    admin.run("grant select on crm.customers to paddock_app").await;
    create(&alice, "Ada").await;
    let anything = |tx: Result<Vec<()>, Error>| tx.map(|rows| rows.len());
    let in_transaction = async |access, statement: Statement| {
        anything(alice.transaction(access, async |tx| tx.query(statement, &[]).await).await)
    };
    for round in 0..4 {
        let column = format!("alter table crm.customers add column added_{round} text");
        admin.run(&column).await;
        // Alternating, so that each of them is the first to meet the new column.
        for turn in 0..4 {
            let rows = match (round + turn) % 4 {
                0 => anything(alice.read(ALL, &[]).await),
                1 => anything(alice.write(RENAME_ALL, &[]).await),
                2 => in_transaction(Access::Read, ALL).await,
                _ => in_transaction(Access::Write, RENAME_ALL).await,
            };
            assert_eq!(rows, Ok(1), "round {round}, turn {turn}");
        }
    }
    assert_eq!(names(&alice).await, ["Ada!!!!!!!!"], "each change was made once");
}

#[actix_web::test]
async fn a_list_is_outdated_by_a_migration_and_nobody_notices() {
    let world = world().await;
    let alice = world.alice_tenant();
    let admin = Psql::new(&world.database.admin_url()).await;
    create(&alice, "Ada").await;
    let rows = 10_i64;
    let listing = Listing::new(LIST, LIST_BY_NAME).always(LIST_ALL).limit(&rows);
    assert_eq!(alice.list::<Option<String>>(&listing).await, Ok(vec![None]));
    admin.run("alter table crm.customers alter title type varchar").await;
    assert_eq!(alice.list::<Option<String>>(&listing).await, Ok(vec![None]));
}

// ── Who may act ────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn whoever_may_not_act_any_more_reads_and_writes_nothing() {
    let world = world().await;
    let alice = world.alice_place();
    let admin = Psql::new(&world.database.admin_url()).await;
    let as_user = |user_id, epoch| {
        let actor = Actor { epoch, ..Actor::trusted(alice.company_id, user_id) };
        world.db.act_as(actor)
    };
    assert_eq!(as_user(alice.user_id, None).read::<String>(NAMES, &[]).await, Ok(vec![]));
    assert_eq!(as_user(alice.user_id, Some(0)).read::<String>(NAMES, &[]).await, Ok(vec![]));
    admin.run("update crm.users set token_epoch = 5").await;
    assert_eq!(as_user(alice.user_id, Some(5)).read::<String>(NAMES, &[]).await, Ok(vec![]));
    let other_companys = as_user(world.bob_place().user_id, None);
    let nobody = as_user(uuid::Uuid::now_v7(), None);
    let outdated = as_user(alice.user_id, Some(4));
    let from_the_future = as_user(alice.user_id, Some(6));
    for refused in [&other_companys, &nobody, &outdated, &from_the_future] {
        refuse_everything(refused).await;
    }
    // She is the only owner, whom nobody else could disable.
    admin.run("alter table crm.users disable trigger users_keep_an_owner").await;
    admin.run("update crm.users set disabled_at = now()").await;
    refuse_everything(&as_user(alice.user_id, Some(5))).await;
    refuse_everything(&as_user(alice.user_id, None)).await;
    assert_eq!(admin.value("select count(*) from crm.customers").await, "0");
}

async fn refuse_everything(tenant: &Tenant) {
    let over = Err(Error::SessionOver);
    assert_eq!(tenant.read::<String>(NAMES, &[]).await, over);
    assert_eq!(tenant.write::<String>(CREATE, &[&"Eve", &None::<String>]).await, over);
    let work = tenant.transaction(Access::Write, async |tx| {
        tx.query::<String>(CREATE, &[&"Eve", &None::<String>]).await
    });
    assert_eq!(work.await, over);
    // Neither in a later statement, nor by swallowing the error of the first.
    let stubborn: Result<(), Error> = tenant
        .transaction(Access::Write, async |tx| {
            let _ = tx.query::<String>(CREATE, &[&"Eve", &None::<String>]).await;
            let _ = tx.query::<String>(CREATE, &[&"Eve", &None::<String>]).await;
            Ok(())
        })
        .await;
    assert_eq!(stubborn, Err(Error::Aborted));
}

#[actix_web::test]
async fn a_slow_transaction_ends_with_the_deadline() {
    let limits =
        Limits { connections: 1, deadline: Duration::from_millis(200), ..Limits::default() };
    let world = World::with(limits, &[]).await;
    let alice = world.alice_tenant();
    let answer: Result<(), Error> = alice
        .transaction(Access::Write, async |tx| {
            tx.query::<String>(CREATE, &[&"Ada", &None::<String>]).await?;
            std::future::pending().await
        })
        .await;
    assert_eq!(answer, Err(Error::Timeout));
    let patient = Db::new(&world.database.app_url(), Limits::default()).unwrap();
    assert_eq!(names(&patient.act_as(alice.actor())).await, [""; 0]);
}
