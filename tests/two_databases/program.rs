//! Random requests of two people, decided by a number.

use actix_web::http::Method;
use serde_json::{Value, json};

/// How many customers of each company a request may name, and how many comments.
pub const CUSTOMERS: usize = 8;
pub const COMMENTS: usize = 6;

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Alice,
    Bob,
}

/// A request. `{own 3}` stands for a customer of the sender's, `{theirs 3}` for one of the other company's,
/// `{own comment 3}` and `{their comment 3}` for the path of a comment, `{next}` for the next page.
#[derive(Debug, Clone)]
pub struct Request {
    pub who: Who,
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

pub struct Program(pub Vec<Request>);

impl Program {
    pub fn random(seed: u64, requests: usize) -> Self {
        let mut dice = Dice(seed);
        Self((0..requests).map(|_| dice.request()).collect())
    }
}

/// The generator SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn request(&mut self) -> Request {
        let who = self.pick(&[Who::Alice, Who::Bob]);
        let kinds = [
            Self::create,
            Self::create,
            Self::put,
            Self::put,
            Self::get,
            Self::patch,
            Self::delete,
            Self::restore,
            Self::list,
            Self::list,
            Self::comment,
            Self::on_comment,
            Self::batch,
            Self::look_around,
        ];
        let (method, path, body) = self.pick::<fn(&mut Self) -> Parts>(&kinds)(self);
        Request { who, method, path, body }
    }

    /// Few, so that both companies often have the same.
    fn email(&mut self) -> &'static str {
        self.pick(&["ada@example.com", "ADA@example.com", "bo@example.com", "cy@example.com"])
    }

    fn name(&mut self) -> &'static str {
        self.pick(&["Ada", "ada", "Bo", "Cy", "Dee", ""])
    }

    fn customer(&mut self) -> String {
        let whose = self.pick(&["own", "own", "theirs"]);
        format!("{{{whose} {}}}", self.below(CUSTOMERS))
    }

    fn create(&mut self) -> Parts {
        let body = json!({ "name": self.name(), "email": self.email() });
        (Method::POST, "/v1/customers".to_owned(), Some(body))
    }

    fn put(&mut self) -> Parts {
        let path = format!("/v1/customers/by-email/{}", self.email());
        (Method::PUT, path, Some(json!({ "name": self.name(), "title": self.name() })))
    }

    fn get(&mut self) -> Parts {
        (Method::GET, format!("/v1/customers/{}", self.customer()), None)
    }

    fn patch(&mut self) -> Parts {
        let stage = self.pick(&["lead", "customer", "nonsense"]);
        let bodies = [
            json!({ "name": self.name() }),
            json!({ "email": self.email() }),
            json!({ "lifecycle_stage": stage, "phone": null }),
        ];
        (Method::PATCH, format!("/v1/customers/{}", self.customer()), Some(self.pick(&bodies)))
    }

    fn delete(&mut self) -> Parts {
        (Method::DELETE, format!("/v1/customers/{}", self.customer()), None)
    }

    fn restore(&mut self) -> Parts {
        (Method::POST, format!("/v1/customers/{}/restore", self.customer()), None)
    }

    fn list(&mut self) -> Parts {
        let query = self.pick(&[
            "",
            "?sort=name",
            "?sort=-name&limit=2",
            "?sort=updated_at",
            "?sort=-updated_at&limit=3",
            "?deleted=only",
            "?email=ada@example.com",
            "?name_starts_with=a",
            "?lifecycle_stage=customer",
            "?user_id_is_null=true",
            "?limit=1",
        ]);
        let path = self.pick(&[format!("/v1/customers{query}"), "{next}".to_owned()]);
        (Method::GET, path, None)
    }

    fn comment(&mut self) -> Parts {
        let path = format!("/v1/customers/{}/comments", self.customer());
        match self.pick(&["list", "create", "create"]) {
            "list" => (Method::GET, path, None),
            _ => (Method::POST, path, Some(json!({ "body": self.name() }))),
        }
    }

    fn on_comment(&mut self) -> Parts {
        let whose = self.pick(&["own", "own", "their"]);
        let path = format!("{{{whose} comment {}}}", self.below(COMMENTS));
        match self.pick(&[Method::GET, Method::PATCH, Method::DELETE]) {
            Method::PATCH => (Method::PATCH, path, Some(json!({ "body": self.name() }))),
            method => (method, path, None),
        }
    }

    fn batch(&mut self) -> Parts {
        let operation = self.pick(&["create", "update", "delete", "upsert"]);
        let atomic = self.pick(&[true, false]);
        let items: Vec<Value> = (0..=self.below(3))
            .map(|_| match operation {
                "create" | "upsert" => json!({ "name": self.name(), "email": self.email() }),
                "update" => json!({ "id": self.customer(), "title": self.name() }),
                _ => json!({ "id": self.customer() }),
            })
            .collect();
        let body = json!({ "operation": operation, "atomic": atomic, "items": items });
        (Method::POST, "/v1/customers/batch".to_owned(), Some(body))
    }

    fn look_around(&mut self) -> Parts {
        (Method::GET, self.pick(&["/v1/company", "/v1/users", "/v1/me"]).to_owned(), None)
    }
}

/// Method, path and body.
type Parts = (Method, String, Option<Value>);
