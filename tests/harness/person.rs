//! Somebody who sends requests.

use actix_http::Request;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use actix_web::web::Bytes;
use serde_json::Value;
use uuid::Uuid;

use super::Reply;
use super::cluster::Place;
use super::world::Doorman;

/// A person with a token, or without one.
#[derive(Clone)]
pub struct Person {
    doorman: Doorman,
    pub token: Option<String>,
    pub company_id: Uuid,
    pub user_id: Uuid,
}

impl Person {
    pub fn new(doorman: Doorman, token: Option<String>, place: Place) -> Self {
        Self { doorman, token, company_id: place.company_id, user_id: place.user_id }
    }

    /// The same person with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, path).set_json(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PUT, path).set_json(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PATCH, path).set_json(body)).await
    }

    /// A request with the person's token, to be completed by the test.
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        let request = TestRequest::with_uri(path).method(method);
        match &self.token {
            Some(token) => request.insert_header(("authorization", format!("Bearer {token}"))),
            None => request,
        }
    }

    pub async fn send(&self, request: TestRequest) -> Reply {
        self.send_raw(request.to_request()).await
    }

    pub async fn send_raw(&self, request: Request) -> Reply {
        (self.doorman)(request).await
    }

    /// Asks with further headers and without a body.
    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        let add = |request: TestRequest, header: &(&str, &str)| request.append_header(*header);
        self.send(headers.iter().fold(self.request(method, path), add)).await
    }

    /// Sends a JSON body as it is, valid or not.
    pub async fn send_json(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Reply {
        let request =
            self.request(method, path).insert_header(("content-type", "application/json"));
        self.send(request.set_payload(body)).await
    }

    /// Creates a customer, and answers its id.
    pub async fn customer(&self, name: &str, email: &str) -> String {
        let reply =
            self.post("/v1/customers", serde_json::json!({ "name": name, "email": email })).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.id()
    }
}
