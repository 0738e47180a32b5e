//! The promise as a property: two companies in one database get the answers that each of them would get in
//! a database of its own. Random programs of requests, the same ones every time.

mod answers;
mod program;

use crate::harness::{Psql, World};
use answers::Answers;
use program::{Program, Who};

/// How many programs, and how many requests each of them has.
const PROGRAMS: u64 = 3;
const REQUESTS: usize = 120;

#[actix_web::test]
async fn two_companies_in_one_database_get_the_answers_of_two_databases() {
    for seed in 1..=PROGRAMS {
        let program = Program::random(seed, REQUESTS);
        let shared = World::new().await;
        let together = Answers::of(&shared, &program, &[Who::Alice, Who::Bob]).await;
        for who in [Who::Alice, Who::Bob] {
            let (here, alone) = (together.to(who), alone(&program, who).await);
            if let Some(difference) = difference(&here, &alone) {
                panic!("program {seed}, {who:?}: {difference}");
            }
        }
    }
}

#[actix_web::test]
async fn a_broken_wall_between_the_companies_changes_an_answer() {
    let program = Program::random(1, REQUESTS);
    let alone = [alone(&program, Who::Alice).await, alone(&program, Who::Bob).await];
    for sabotage in [
        "create unique index x on crm.customers (email_key) where deleted_at is null",
        "drop policy customers_floor on crm.customers;
            create policy x on crm.customers to paddock_app using (true) with check (true)",
        "drop policy users_floor on crm.users;
            create policy x on crm.users to paddock_app using (true)",
    ] {
        let shared = World::new().await;
        Psql::new(&shared.database.admin_url()).await.run(sabotage).await;
        let together = Answers::of(&shared, &program, &[Who::Alice, Who::Bob]).await;
        let here = [together.to(Who::Alice), together.to(Who::Bob)];
        assert!(here != alone, "nobody notices: {sabotage}");
    }
}

/// What one of the two is answered where the other company does not exist.
async fn alone(program: &Program, who: Who) -> Vec<String> {
    let world = World::new().await;
    let gone = match who {
        Who::Alice => world.bob_place(),
        Who::Bob => world.alice_place(),
    };
    let admin = Psql::new(&world.database.admin_url()).await;
    admin.run(&format!("delete from crm.companies where id = '{}'", gone.company_id)).await;
    Answers::of(&world, program, &[who]).await.to(who)
}

/// The first answer that is not the same.
fn difference(here: &[String], alone: &[String]) -> Option<String> {
    assert_eq!(here.len(), alone.len());
    let (here, alone) = here.iter().zip(alone).find(|(here, alone)| here != alone)?;
    Some(format!("in one database\n{here}\nin one of their own\n{alone}"))
}
