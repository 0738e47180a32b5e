//! The keys of outside providers: fetched seldom and never for a request, changed without a restart; and files
//! that say them wrongly.

use std::time::Duration;

use paddock_api::Providers;
use paddock_api::limits::Clock;
use serde_json::{Value, json};

use crate::harness::forge::edit;
use crate::harness::program::{Home, Server, shell};
use crate::harness::provider::{Files, KeyServer, OutsideKey, SHARED, file, hasura, trusted};
use crate::harness::{Place, World};
use crate::tokens::{refused, with};

/// A provider whose keys stand at an address, and a clock that stands.
fn providers(server: &KeyServer, key: &OutsideKey) -> (Providers, Clock) {
    let clock = Clock::standing();
    let text = file(&[key], json!({ "jwks": null, "jwks_url": server.url }));
    (Providers::of_text(&text, Files::new().path(), clock.clone()).unwrap(), clock)
}

const MINUTE: Duration = Duration::from_secs(60);

#[actix_web::test]
async fn ten_thousand_unknown_keys_are_looked_for_once() {
    let (server, key) = (KeyServer::start(), OutsideKey::new("EdDSA", "k1"));
    server.has(&[&key]);
    let (providers, clock) = providers(&server, &key);
    providers.refresh().await;
    assert_eq!(server.asked(), 1);
    let world = World::trusting(providers.clone()).await;
    let (stranger, claims) = (world.stranger(), hasura(world.alice_place()));
    assert_eq!(with(&stranger, &key.token(&claims)).await.status, 200);
    let right = key.token(&claims);
    let (_, rest) = right.split_once('.').unwrap();
    for n in 0..10_000 {
        let header = edit(&key.header(), "kid", json!(format!("random-{n}")));
        let text = key.token_with(&header, &claims);
        let head = text.split_once('.').unwrap().0;
        let reply = stranger.with_token(&format!("{head}.{rest}")).get("/v1/ping").await;
        assert_eq!(reply.problem(), "401 invalid-token");
    }
    assert_eq!(server.asked(), 1, "a request fetches nothing");
    for _ in 0..10 {
        providers.refresh().await;
    }
    assert_eq!(server.asked(), 1, "within the minute nothing is fetched");
    clock.advance(MINUTE);
    for _ in 0..10 {
        providers.refresh().await;
    }
    assert_eq!(server.asked(), 2, "one fetch for all of them");
    clock.advance(MINUTE);
    providers.refresh().await;
    assert_eq!(server.asked(), 2, "nothing was missed since");
}

#[actix_web::test]
async fn keys_change_without_a_restart() {
    let (server, old, new) =
        (KeyServer::start(), OutsideKey::new("ES256", "old"), OutsideKey::new("ES256", "new"));
    server.has(&[&old]);
    let (providers, clock) = providers(&server, &old);
    providers.refresh().await;
    let world = World::trusting(providers.clone()).await;
    let (stranger, claims) = (world.stranger(), hasura(world.alice_place()));
    let (with_old, with_new) = (old.token(&claims), new.token(&claims));
    assert_eq!(with(&stranger, &with_old).await.status, 200);
    refused(&stranger, &with_new).await;
    server.has(&[&old, &new]);
    clock.advance(MINUTE);
    providers.refresh().await;
    for token in [&with_old, &with_new] {
        assert_eq!(with(&stranger, token).await.status, 200, "both are good during the change");
    }
    server.has(&[&new]);
    clock.advance(10 * MINUTE);
    providers.refresh().await;
    refused(&stranger, &with_old).await;
    assert_eq!(with(&stranger, &with_new).await.status, 200);
    assert_eq!(server.asked(), 3);
}

#[actix_web::test]
async fn a_provider_that_is_down_keeps_its_keys_for_a_day() {
    let (server, key) = (KeyServer::start(), OutsideKey::new("EdDSA", "k1"));
    let (providers, clock) = providers(&server, &key);
    providers.refresh().await;
    let world = World::trusting(providers.clone()).await;
    let (stranger, token) = (world.stranger(), key.token(&hasura(world.alice_place())));
    refused(&stranger, &token).await;
    server.has(&[&key]);
    clock.advance(MINUTE);
    providers.refresh().await;
    assert_eq!(with(&stranger, &token).await.status, 200);
    let set = json!({ "keys": [OutsideKey::new("EdDSA", "k1").jwk()] }).to_string();
    let large = format!("{}{set}", " ".repeat(300_000));
    let elsewhere = format!("location: {}\r\n", server.url);
    let secret = json!({ "keys": [{ "kty": "oct", "k": "AAAA", "kid": "k1" }] }).to_string();
    let broken = [
        ("500 Internal Server Error", "", set.as_str()),
        ("302 Found", elsewhere.as_str(), ""),
        ("304 Not Modified", "", ""),
        ("200 OK", "", large.as_str()),
        ("200 OK", "", "nonsense"),
        ("200 OK", "", r#"{"keys":[]}"#),
        ("200 OK", "", r#"{"keys":[],"keys":[]}"#),
        ("200 OK", "", secret.as_str()),
        ("204 No Content", "", ""),
    ];
    for (status, headers, body) in broken {
        server.answers(status, headers, body);
        clock.advance(10 * MINUTE);
        let before = server.asked();
        providers.refresh().await;
        assert_eq!(server.asked(), before + 1, "{status} {body}: asked once, followed nowhere");
        assert_eq!(with(&stranger, &token).await.status, 200, "{status} {body}");
    }
    clock.advance(24 * 60 * MINUTE);
    providers.refresh().await;
    refused(&stranger, &token).await;
    server.has(&[&key]);
    clock.advance(MINUTE);
    providers.refresh().await;
    assert_eq!(with(&stranger, &token).await.status, 200);
}

#[actix_web::test]
async fn keys_that_are_not_for_signatures_here_are_passed_over() {
    let key = OutsideKey::new("RS256", "good");
    let ec = OutsideKey::new("ES256", "ec");
    let change = |jwk: Value, name: &str, value: Value| {
        let mut jwk = jwk;
        jwk["kid"] = json!("other");
        jwk[name] = value;
        jwk
    };
    let unusable = [
        change(key.jwk(), "use", json!("enc")),
        change(key.jwk(), "key_ops", json!(["encrypt"])),
        change(key.jwk(), "alg", json!("RS512")),
        change(key.jwk(), "alg", json!("none")),
        change(key.jwk(), "alg", json!("HS256")),
        change(key.jwk(), "alg", json!(7)),
        change(key.jwk(), "n", json!("AQAB")),
        change(key.jwk(), "n", json!("not base64!")),
        change(key.jwk(), "d", json!("AQAB")),
        change(key.jwk(), "kty", json!("oct")),
        change(key.jwk(), "kty", json!(null)),
        change(key.jwk(), "kid", json!(7)),
        change(key.jwk(), "kid", json!("")),
        change(ec.jwk(), "kid", json!("not allowed")),
        json!("no key"),
        json!(null),
    ];
    for jwk in unusable {
        let alone = json!({ "jwks": { "keys": [jwk] } });
        let alone =
            Providers::of_text(&file(&[&key], alone), Files::new().path(), Clock::default());
        assert!(alone.is_err_and(|error| error.to_string().contains("no public key")), "{jwk}");
        let beside = json!({ "jwks": { "keys": [jwk, key.jwk()] } });
        let world = World::trusting(trusted(&[&key], beside)).await;
        let token = key.token(&hasura(world.alice_place()));
        assert_eq!(with(&world.stranger(), &token).await.status, 200, "{jwk}");
    }
}

#[test]
fn a_bad_file_is_refused_with_its_line_and_the_reason() {
    let files = Files::new();
    files.write("weak", b"weak");
    files.write("secret", SHARED);
    files.write("jwks", b"nonsense");
    let key = OutsideKey::new("EdDSA", "k1");
    let changed = |more: Value| {
        let text: Value = serde_json::from_str(&file(&[&key], more)).unwrap();
        serde_json::to_string_pretty(&text).unwrap()
    };
    let twice = {
        let mut text: Value = serde_json::from_str(&file(&[&key], json!({}))).unwrap();
        let entry = text["providers"][0].clone();
        text["providers"].as_array_mut().unwrap().push(entry);
        serde_json::to_string_pretty(&text).unwrap()
    };
    let at = |url: &str| changed(json!({ "jwks": null, "jwks_url": url }));
    let hs = json!({ "jwks": null, "algorithms": ["HS256"] });
    let hs = |name: &str| {
        let mut more = hs.clone();
        more["secret_file"] = json!(name);
        changed(more)
    };
    let cases = [
        (String::new(), "EOF while parsing"),
        ("{".to_owned(), "EOF while parsing"),
        ("{}".to_owned(), "missing field `providers`"),
        (r#"{"providers":[]}"#.to_owned(), "no provider"),
        (r#"{"providers":[{}]}"#.to_owned(), "missing field `issuer`"),
        (changed(json!({ "isuer": "x" })), "unknown field `isuer`"),
        (changed(json!({ "issuer": "paddock" })), "signs its own tokens"),
        (changed(json!({ "issuer": "" })), "has a name"),
        (twice, "twice"),
        (changed(json!({ "issuer": 7 })), "invalid type"),
        (changed(json!({ "algorithms": [] })), "which algorithms"),
        (changed(json!({ "algorithms": ["none"] })), "`none` is none"),
        (changed(json!({ "algorithms": ["HS512"] })), "`HS512` is none"),
        (changed(json!({ "algorithms": ["EdDSA", "HS256"] })), "HS256 and secret_file"),
        (changed(json!({ "secret_file": "secret" })), "HS256 and secret_file"),
        (changed(json!({ "jwks": null })), "give one of"),
        (changed(json!({ "jwks_file": "jwks" })), "give one of"),
        (changed(json!({ "jwks_url": "https://x.example/" })), "give one of"),
        (changed(json!({ "jwks": null, "jwks_file": "jwks" })), "jwks is not a JSON object"),
        (changed(json!({ "jwks": null, "jwks_file": "nowhere" })), "nowhere: No such file"),
        (changed(json!({ "jwks": { "keys": [key.jwk(), key.jwk()] } })), "two keys of one id"),
        (at("http://login.example/jwks"), "from https://"),
        (at("http://127.0.0.1.example/jwks"), "from https://"),
        (at("http://localhost@login.example/jwks"), "from https://"),
        (at("http://10.0.0.1/jwks"), "from https://"),
        (at("file:///etc/passwd"), "from https://"),
        (at("ftp://login.example/"), "from https://"),
        (at("login.example"), "from https://"),
        (hs("weak"), "at least 32 bytes"),
        (hs("nowhere"), "nowhere: No such file"),
        (changed(json!({ "users": "both" })), "unknown variant"),
        (changed(json!({ "provision": "on-first-sight" })), "\"users\": \"linked\""),
        (changed(json!({ "link_by_email": true })), "\"users\": \"linked\""),
        (changed(json!({ "users": "linked", "role": "owner" })), "unknown variant `owner`"),
        (changed(json!({ "users": "linked", "role": "admin" })), "unknown variant `admin`"),
        (changed(json!({ "companies": ["nike"] })), "UUID"),
        (changed(json!({ "claims": { "user": "" } })), "a claim is named"),
        (changed(json!({ "claims": { "users": "sub" } })), "unknown field `users`"),
        (changed(json!({ "longest_lifetime": 0 })), "a token lives"),
        (changed(json!({ "longest_lifetime": 1e9 })), "invalid type"),
    ];
    for (text, reason) in cases {
        let error = Providers::of_text(&text, files.path(), Clock::default());
        let error = error.err().unwrap_or_else(|| panic!("{text}")).to_string();
        assert!(error.contains(reason), "{reason}: {error}");
        assert!(error.contains("line") || reason == "no provider", "{error}");
        assert!(!error.contains("weak: weak"), "{error}");
    }
    let good = [
        at("https://login.example/jwks"),
        at("http://127.0.0.1:8081/jwks"),
        at("http://[::1]/jwks"),
        at("http://localhost/jwks"),
        hs("secret"),
        changed(json!({ "audience": null })),
    ];
    for text in good {
        assert!(Providers::of_text(&text, files.path(), Clock::default()).is_ok(), "{text}");
    }
    let mut unsaid: Value = serde_json::from_str(&file(&[&key], json!({}))).unwrap();
    unsaid["providers"][0].as_object_mut().unwrap().remove("audience");
    let error = Providers::of_text(&unsaid.to_string(), files.path(), Clock::default());
    assert!(error.is_err_and(|error| error.to_string().contains("missing field `audience`")));
}

#[test]
fn serve_refuses_a_bad_file_before_anything_else() {
    let (home, files) = (Home::new(), Files::new());
    files.write("providers.json", b"{\n  \"providers\": [\n    { \"isuer\": \"x\" }\n  ]\n}");
    let path = files.path().join("providers.json");
    let refused = home
        .paddock(&["serve", "--port", "0", "--providers", path.to_str().unwrap()])
        .env("DATABASE_URL", "postgres://paddock_app@127.0.0.1:9/crm")
        .env("PADDOCK_JWT_SECRET", "0123456789abcdef".repeat(2))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(said.contains("providers.json: unknown field `isuer`"), "{said}");
    assert!(said.contains("line 3 column"), "{said}");
}

#[test]
fn a_provider_is_trusted_from_the_first_request_of_a_server_on() {
    let (home, files, keys) = (Home::new(), Files::new(), KeyServer::start());
    let key = OutsideKey::new("RS256", "k1");
    keys.has(&[&key]);
    let text = file(&[&key], json!({ "jwks": null, "jwks_url": keys.url }));
    files.write("providers.json", text.as_bytes());
    let path = files.path().join("providers.json");
    let mut dev = home.paddock(&["dev", "--port", "0"]);
    dev.env("PADDOCK_PROVIDERS", path);
    let server = Server::start(dev);
    assert_eq!(keys.asked(), 1);
    let ask =
        "select company_id || ' ' || id from crm.users where email_key = 'alice@nike.example'";
    let ids = home.run(&["db", "psql", "--role", "admin", "--", "-Atc", ask]).stdout;
    let ids = String::from_utf8(ids).unwrap();
    let (company_id, user_id) = ids.trim().split_once(' ').unwrap();
    let place =
        Place { company_id: company_id.parse().unwrap(), user_id: user_id.parse().unwrap() };
    let me = format!(
        "curl -s http://127.0.0.1:8080/v1/me -H 'authorization: Bearer {}'",
        key.token(&hasura(place))
    );
    let me: Value = serde_json::from_str(&shell(&me, &server.url)).unwrap();
    assert_eq!(me["user"]["email"], "alice@nike.example");
    drop(server);
}
