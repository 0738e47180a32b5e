//! The demonstration: Nike and Coca-Cola, one user each, a few customers. Only `dev` calls this.

use paddock_api::{CustomValues, LifecycleStage, NewCustomer, create_each, hash_password};
use paddock_db::{Actor, Db, Door, Limits, provision};

use crate::terminal::{Failure, warn};

/// The password of both users. It is printed by `dev` and never seeded anywhere else.
const PASSWORD: &str = "two-companies-one-database";

/// A company with its one user and the people it sells to.
struct Company {
    name: &'static str,
    user: &'static str,
    email: &'static str,
    customers: [(&'static str, &'static str, LifecycleStage); 3],
}

const COMPANIES: [Company; 2] = [
    Company {
        name: "Nike",
        user: "Alice",
        email: "alice@nike.example",
        customers: [
            ("Florence Griffith", "florence@track.example", LifecycleStage::Customer),
            ("Eliud Kipchoge", "eliud@marathon.example", LifecycleStage::Prospect),
            ("Renée Dubois", "renee@course.example", LifecycleStage::Lead),
        ],
    },
    Company {
        name: "Coca-Cola",
        user: "Bob",
        email: "bob@coca-cola.example",
        customers: [
            ("Santa Claus", "santa@north-pole.example", LifecycleStage::Customer),
            ("José Martínez", "jose@cantina.example", LifecycleStage::Prospect),
            ("Florence Griffith", "florence@track.example", LifecycleStage::Lead),
        ],
    },
];

/// Creates the companies that are not there yet.
pub(crate) async fn companies(admin: &str, app: &str, auth: &str) -> Result<(), Failure> {
    let limits = Limits { connections: 1, ..Limits::default() };
    let (db, door) = (Db::new(app, limits), Door::new(auth, limits));
    let (db, door) = (db.map_err(Failure::from_error)?, door.map_err(Failure::from_error)?);
    for company in &COMPANIES {
        if door.find(company.email, None).await.map_err(Failure::from_error)?.is_none() {
            let actor = people(admin, company).await?;
            customers(&db, actor, company).await?;
            warn(&format!("seeded {} with {} <{}>", company.name, company.user, company.email));
        }
    }
    Ok(())
}

async fn people(admin: &str, company: &Company) -> Result<Actor, Failure> {
    let company_id = provision::company(admin, company.name).await.map_err(Failure::from_error)?;
    let password_hash = hash_password(PASSWORD).map_err(Failure::from_error)?;
    let user = provision::NewUser {
        name: company.user,
        email: company.email,
        role: "owner",
        password_hash: &password_hash,
    };
    let user_id = provision::user(admin, company_id, &user).await.map_err(Failure::from_error)?;
    Ok(Actor::trusted(company_id, user_id))
}

async fn customers(db: &Db, actor: Actor, company: &Company) -> Result<(), Failure> {
    let customer = |(name, email, stage): &(&str, &str, LifecycleStage)| NewCustomer {
        name: (*name).to_owned(),
        email: Some((*email).to_owned()),
        phone: None,
        title: None,
        lifecycle_stage: *stage,
        custom_fields: CustomValues::default(),
    };
    let customers = company.customers.iter().map(customer).collect();
    let created = create_each(&db.act_as(actor), customers).await.map_err(Failure::from_error)?;
    created.into_iter().try_for_each(|one| one.map(drop)).map_err(Failure::from_error)
}
