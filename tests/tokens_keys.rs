//! Signing keys: how they come and go while the server runs, and what it publishes of them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use paddock_api::Keys;
use serde_json::{Value, json};

use crate::harness::ed25519::{Folder, Signer};
use crate::harness::forge::parts;
use crate::harness::{Person, SECRET, World};
use crate::tokens::{refused, with};

#[actix_web::test]
async fn the_newest_key_signs_and_all_of_them_verify_until_they_are_removed() {
    let folder = Folder::new();
    let _first = folder.add("2026-01");
    let keys = Keys::of_folder(folder.path(), None).unwrap();
    let world = World::with_keys(keys.clone()).await;
    let alice = world.alice().await;
    assert_eq!(kid(&alice), "2026-01");
    assert_eq!(alice.get("/v1/me").await.status, 200);
    let _second = folder.add("2026-02");
    assert!(keys.look_again().unwrap());
    let later = world.alice().await;
    assert_eq!(kid(&later), "2026-02");
    assert_eq!([alice.get("/v1/me").await.status, later.get("/v1/me").await.status], [200, 200]);
    assert_eq!(published(&alice).await, ["2026-01", "2026-02"]);
    // The token has been checked before and is remembered; without its key it is good for nothing all the same.
    folder.remove("2026-01");
    assert!(keys.look_again().unwrap());
    refused(&later, alice.token.as_ref().unwrap()).await;
    assert_eq!(later.get("/v1/me").await.status, 200);
    assert_eq!(published(&alice).await, ["2026-02"]);
    assert!(!keys.look_again().unwrap(), "nothing has changed");
}

#[actix_web::test]
async fn a_broken_folder_leaves_the_keys_as_they_were() {
    let folder = Folder::new();
    let _key = folder.add("a");
    let keys = Keys::of_folder(folder.path(), None).unwrap();
    let world = World::with_keys(keys.clone()).await;
    let alice = world.alice().await;
    let good = paddock_api::new_key().unwrap();
    let broken = [
        "",
        "nonsense",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        &good.replace("PRIVATE", "PUBLIC"),
        &good[..60],
    ];
    for text in broken {
        folder.write("b", text);
        let error = keys.look_again().unwrap_err().to_string();
        assert!(error.contains("b.pem") && !error.contains(&good[30..60]), "{error}");
        assert!(keys.look_again().is_err(), "it is tried again");
        assert_eq!(alice.get("/v1/me").await.status, 200);
        assert_eq!(kid(&world.alice().await), "a");
    }
    folder.write("b", &good);
    assert!(keys.look_again().unwrap());
    assert_eq!(kid(&world.alice().await), "b");
    folder.remove("a");
    folder.remove("b");
    let error = keys.look_again().unwrap_err().to_string();
    assert!(error.contains("paddock keys new"), "{error}");
    assert_eq!(alice.get("/v1/me").await.status, 200, "without any key nobody could work");
}

#[test]
fn a_folder_without_a_good_key_is_refused_at_the_start() {
    let folder = Folder::new();
    assert!(Keys::of_folder(folder.path(), Some(SECRET)).is_err(), "empty");
    let _key = folder.add("hs256");
    assert!(Keys::of_folder(folder.path(), None).is_err(), "the name of the secret");
    folder.remove("hs256");
    for name in ["a b", "ä", "x' or 1=1", &"x".repeat(65)] {
        let _key = folder.add(name);
        assert!(Keys::of_folder(folder.path(), None).is_err(), "{name}");
        folder.remove(name);
    }
    let rsa = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    folder.write("rsa", rsa);
    assert!(Keys::of_folder(folder.path(), None).is_err());
    assert!(Keys::of_folder(&folder.path().join("nowhere"), None).is_err());
    assert!(Keys::of_folder(folder.path(), Some(b"weak")).is_err());
}

#[actix_web::test]
async fn the_public_keys_are_published_and_nothing_else() {
    let folder = Folder::new();
    let keys = [folder.add("a"), folder.add("b")];
    let world = World::with_keys(Keys::of_folder(folder.path(), Some(SECRET)).unwrap()).await;
    let reply = world.stranger().get("/.well-known/jwks.json").await;
    let jwk = |key: &Signer| {
        let x = BASE64_URL_SAFE_NO_PAD.encode(key.public());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": x })
    };
    assert_eq!(reply.json, json!({ "keys": keys.iter().map(jwk).collect::<Vec<Value>>() }));
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    let of_a_secret = World::new().await.stranger().get("/.well-known/jwks.json").await;
    assert_eq!(of_a_secret.json, json!({ "keys": [] }));
}

#[actix_web::test]
async fn a_secret_given_besides_is_accepted_and_does_not_sign() {
    use crate::harness::forge::{claims, header, sign};
    let folder = Folder::new();
    let _key = folder.add("a");
    let both = World::with_keys(Keys::of_folder(folder.path(), Some(SECRET)).unwrap()).await;
    let alice = both.alice().await;
    assert_eq!(kid(&alice), "a");
    assert_eq!(with(&alice, &sign(&header(), &claims(&alice))).await.status, 200);
    let keys_alone = World::with_keys(Keys::of_folder(folder.path(), None).unwrap()).await;
    let alice = keys_alone.alice().await;
    refused(&alice, &sign(&header(), &claims(&alice))).await;
}

#[actix_web::test]
async fn a_remembered_token_is_still_asked_for_its_user() {
    let world = World::new().await;
    let (alice, admin) = (world.alice().await, world.admin().await);
    assert_eq!([alice.get("/v1/me").await.status, alice.get("/v1/me").await.status], [200, 200]);
    // She is the only owner, whom nobody else could disable.
    let anybody = "alter table crm.users disable trigger users_keep_an_owner";
    admin.batch_execute(anybody).await.unwrap();
    let disable = "update crm.users set disabled_at = now() where id = $1";
    admin.execute(disable, &[&alice.user_id]).await.unwrap();
    assert_eq!(alice.get("/v1/me").await.problem(), "401 session-revoked");
}

/// What signed the person's token.
fn kid(person: &Person) -> String {
    parts(person.token.as_ref().unwrap())[0]["kid"].as_str().unwrap().to_owned()
}

async fn published(person: &Person) -> Vec<String> {
    let keys = person.get("/.well-known/jwks.json").await.json["keys"].clone();
    keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}
