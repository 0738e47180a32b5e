//! Sessions: how they go on, how they end, and who sees them.

use actix_web::http::Method;
use futures_util::future::join_all;
use futures_util::join;
use paddock_db::Limits;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::harness::forge::{claims, edit, header, parts, sign};
use crate::harness::{PASSWORD, Person, Reply, World};
use crate::tokens::refused;

const ORIGIN: &str = "https://crm.example";
const COOKIE: &str = "__Host-paddock_refresh";

#[actix_web::test]
async fn a_session_goes_on_by_its_refresh_tokens() {
    let world = World::new().await;
    let first = log_in(&world).await;
    let second = refresh(&world, &text(&first)).await;
    let whole = json!({
        "access_token": second.json["access_token"], "token_type": "Bearer", "expires_in": 600,
        "refresh_token": second.json["refresh_token"], "refresh_expires_in": 604_800,
    });
    assert_eq!((second.status, &second.json), (200, &whole));
    assert_eq!(second.header("cache-control"), "no-store");
    assert_ne!(text(&first), text(&second));
    assert!(text(&second).as_str().unwrap().starts_with("pdk_rt_"));
    let third = refresh(&world, &text(&second)).await;
    for reply in [&first, &second, &third] {
        assert_eq!(person(&world, reply).get("/v1/me").await.status, 200);
        assert_eq!(sid(reply), sid(&first));
    }
}

#[actix_web::test]
async fn two_tabs_at_once_and_a_lost_answer_get_the_same_successor() {
    let world = World::new().await;
    let first = text(&log_in(&world).await);
    let (one, other) = join!(refresh(&world, &first), refresh(&world, &first));
    assert_eq!([one.status, other.status], [200, 200], "{one:?} {other:?}");
    assert_eq!(text(&one), text(&other));
    let again = refresh(&world, &first).await;
    assert_eq!(text(&again), text(&one));
    let tabs = join_all((0..8).map(|_| refresh(&world, &one.json["refresh_token"]))).await;
    assert!(tabs.iter().all(|tab| tab.status == 200 && text(tab) == text(&tabs[0])), "{tabs:?}");
    assert_eq!(refresh(&world, &text(&tabs[0])).await.status, 200);
}

#[actix_web::test]
async fn a_refresh_token_that_comes_twice_ends_the_session_and_its_access_tokens() {
    let world = World::new().await;
    let other = log_in(&world).await;
    for generations in [2, 3, 5] {
        let first = log_in(&world).await;
        let mut newest = first.clone();
        for _ in 0..generations {
            newest = refresh(&world, &text(&newest)).await;
        }
        let alice = person(&world, &newest);
        assert_eq!(alice.get("/v1/me").await.status, 200);
        assert_eq!(refresh(&world, &text(&first)).await.problem(), "401 session-revoked");
        assert_eq!(refresh(&world, &text(&newest)).await.problem(), "401 session-revoked");
        assert_eq!(alice.get("/v1/me").await.problem(), "401 session-revoked");
        assert_eq!(person(&world, &first).get("/v1/me").await.problem(), "401 session-revoked");
    }
    assert_eq!(refresh(&world, &text(&other)).await.status, 200, "other sessions go on");
}

#[actix_web::test]
async fn after_ten_seconds_the_predecessor_is_a_thief_as_well() {
    let world = World::new().await;
    let first = log_in(&world).await;
    let second = refresh(&world, &text(&first)).await;
    age(&world, "refreshed_at = refreshed_at - interval '9 seconds'").await;
    assert_eq!(text(&refresh(&world, &text(&first)).await), text(&second));
    age(&world, "refreshed_at = refreshed_at - interval '2 seconds'").await;
    assert_eq!(refresh(&world, &text(&first)).await.problem(), "401 session-revoked");
    assert_eq!(refresh(&world, &text(&second)).await.problem(), "401 session-revoked");
}

#[actix_web::test]
async fn a_session_ends_a_week_after_its_last_refresh_and_a_month_after_the_login() {
    let world = World::new().await;
    let idle = log_in(&world).await;
    age(&world, "expires_at = expires_at - interval '167 hours'").await;
    let refreshed = refresh(&world, &text(&idle)).await;
    assert_eq!(refreshed.json["refresh_expires_in"], 604_800);
    age(&world, "expires_at = now()").await;
    assert_eq!(refresh(&world, &text(&refreshed)).await.problem(), "401 session-revoked");
    assert_eq!(person(&world, &refreshed).get("/v1/me").await.problem(), "401 session-revoked");
    let old = log_in(&world).await;
    let month =
        "created_at = now() - interval '719 hours', expires_at = now() + interval '1 minute'";
    age(&world, month).await;
    let last = refresh(&world, &text(&old)).await;
    let seconds = last.json["refresh_expires_in"].as_i64().unwrap();
    assert!((3500..=3600).contains(&seconds), "{seconds}");
}

#[actix_web::test]
async fn a_refresh_token_that_we_did_not_write_is_refused_without_asking_the_database() {
    let world = World::new().await;
    let (mine, bobs) =
        (text(&log_in(&world).await), text(&log_in_as(&world, "bob@coca-cola.example").await));
    let (mine, bobs) = (mine.as_str().unwrap(), bobs.as_str().unwrap());
    let spliced = format!("{}{}", &bobs[..60], &mine[60..]);
    let access = log_in(&world).await.json["access_token"].as_str().unwrap().to_owned();
    let before = world.everything().await;
    let odd = [
        "",
        "x",
        "pdk_rt_",
        &mine[7..],
        &mine[..mine.len() - 1],
        &format!("{mine}A"),
        &format!("{mine}="),
        &format!(" {mine}"),
        &mine.to_uppercase(),
        &mine.replace("pdk_rt_", "pdk_ak_"),
        &spliced,
        &access,
        &"A".repeat(100_000),
        "pdk_rt_' or 1=1 --",
        "pdk_rt_\0",
    ];
    for token in odd {
        for path in ["/v1/auth/refresh", "/v1/auth/logout"] {
            let reply = world.stranger().post(path, json!({ "refresh_token": token })).await;
            assert_eq!(reply.problem(), "401 invalid-token", "{token}");
            assert!(reply.header("server-timing").contains("db;dur=0.000"), "{reply:?}");
        }
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn a_refresh_token_is_no_access_token() {
    let world = World::new().await;
    let alice = world.alice().await;
    let token = text(&log_in(&world).await);
    refused(&alice, token.as_str().unwrap()).await;
}

#[actix_web::test]
async fn a_refresh_takes_one_text_and_nothing_else() {
    let world = World::new().await;
    let token = text(&log_in(&world).await);
    let id = Uuid::now_v7();
    for (body, problem) in [
        (json!({}), "401 authentication-required"),
        (json!({ "refresh_token": null }), "401 authentication-required"),
        (json!({ "refresh_token": 7 }), "422 validation /refresh_token"),
        (json!({ "refresh_token": [token] }), "422 validation /refresh_token"),
        (json!({ "refresh_token": token, "company_id": id }), "422 unknown-field /company_id"),
        (json!({ "refresh_token": token, "user_id": id }), "422 unknown-field /user_id"),
        (json!([token]), "422 validation "),
    ] {
        for path in ["/v1/auth/refresh", "/v1/auth/logout"] {
            assert_eq!(world.stranger().post(path, body.clone()).await.problem(), problem);
        }
    }
    assert_eq!(refresh(&world, &token).await.status, 200, "none of them has used it");
}

#[actix_web::test]
async fn whoever_logs_out_is_out_at_the_next_request() {
    let world = World::new().await;
    let (first, other) = (log_in(&world).await, log_in(&world).await);
    let second = refresh(&world, &text(&first)).await;
    let (nobody, body) = (world.stranger(), json!({ "refresh_token": text(&second) }));
    let out = || nobody.post("/v1/auth/logout", body.clone());
    assert_eq!((out().await.status, out().await.status), (204, 204), "twice is once");
    assert_eq!(refresh(&world, &text(&second)).await.problem(), "401 session-revoked");
    for gone in [&first, &second] {
        assert_eq!(person(&world, gone).get("/v1/me").await.problem(), "401 session-revoked");
    }
    assert_eq!(person(&world, &other).get("/v1/me").await.status, 200);
}

#[actix_web::test]
async fn whoever_may_not_act_any_more_cannot_refresh_either() {
    let changes = [
        "update crm.users set disabled_at = now() where id = $1",
        "update crm.users set token_epoch = token_epoch + 1 where id = $1",
        "delete from crm.users where id = $1",
        "update crm.sessions set ended_at = now() where user_id = $1",
        "delete from crm.sessions where user_id = $1",
    ];
    for change in changes {
        let world = World::new().await;
        let (login, alice) = (log_in(&world).await, world.alice().await);
        assert_eq!(person(&world, &login).get("/v1/me").await.status, 200);
        // She is the only owner, whom nobody else could disable.
        let admin = world.admin().await;
        let anybody = "alter table crm.users disable trigger users_keep_an_owner";
        admin.batch_execute(anybody).await.unwrap();
        admin.execute(change, &[&alice.user_id]).await.unwrap();
        assert_eq!(
            refresh(&world, &text(&login)).await.problem(),
            "401 session-revoked",
            "{change}"
        );
        let reply = person(&world, &login).get("/v1/me").await;
        assert_eq!(reply.problem(), "401 session-revoked", "{change}");
    }
}

#[actix_web::test]
async fn an_access_token_is_as_good_as_its_session() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let carol = world.colleague("carol").await;
    let with = |sid: &Value| sign(&header(), &edit(&claims(&alice), "sid", sid.clone()));
    let own = alice.with_token(&with(&sid_of(&alice)));
    assert_eq!(own.get("/v1/me").await.status, 200);
    for other in [sid_of(&bob), sid_of(&carol), json!(Uuid::now_v7()), json!(Uuid::nil())] {
        let reply = alice.with_token(&with(&other)).get("/v1/me").await;
        assert_eq!(reply.problem(), "401 session-revoked", "{other}");
    }
    let without = alice.with_token(&sign(&header(), &claims(&alice)));
    assert_eq!(
        without.get("/v1/me").await.status,
        200,
        "tokens without a session live ten minutes"
    );
}

#[actix_web::test]
async fn a_user_sees_and_ends_their_own_sessions() {
    let world = World::new().await;
    let request = world.stranger().request(Method::POST, "/v1/auth/login");
    let request = request.insert_header(("user-agent", "Firefox ".repeat(100)));
    let credentials = json!({ "email": "alice@nike.example", "password": PASSWORD });
    let phone = world.stranger().send(request.set_json(&credentials)).await;
    let alice = world.alice().await;
    let list = alice.get("/v1/me/sessions").await;
    let [here, there] = [&list.json["data"][0], &list.json["data"][1]];
    assert_eq!(list.json["data"].as_array().unwrap().len(), 2);
    assert_eq!((&here["id"], &here["current"]), (&sid_of(&alice), &json!(true)));
    assert_eq!((&there["id"], &there["current"]), (&sid(&phone), &json!(false)));
    assert_eq!(there["user_agent"].as_str().unwrap().len(), 200);
    assert_eq!(here["user_agent"], Value::Null);
    let path = format!("/v1/me/sessions/{}", there["id"].as_str().unwrap());
    assert_eq!(alice.get(&path).await.json, *there);
    let first = alice.get("/v1/me/sessions?limit=1").await;
    let next = alice.get(&first.next().unwrap()).await;
    assert_eq!((&first.json["data"][0], &next.json["data"][0]), (here, there));
    assert_eq!(alice.delete(&path).await.status, 204);
    assert_eq!(person(&world, &phone).get("/v1/me").await.problem(), "401 session-revoked");
    assert_eq!(refresh(&world, &text(&phone)).await.problem(), "401 session-revoked");
    let unknown = format!("/v1/me/sessions/{}", Uuid::now_v7());
    assert_eq!(alice.get(&path).await.seen(), alice.get(&unknown).await.seen());
    assert_eq!(alice.delete(&path).await.seen(), alice.delete(&unknown).await.seen());
    assert_eq!(alice.get("/v1/me/sessions").await.json["data"], json!([here]));
}

#[actix_web::test]
async fn nobody_sees_or_ends_a_colleagues_session() {
    let world = World::new().await;
    let (alice, carol, bob) =
        (world.alice().await, world.colleague("carol").await, world.bob().await);
    let hers = format!("/v1/me/sessions/{}", sid_of(&alice).as_str().unwrap());
    let unknown = format!("/v1/me/sessions/{}", Uuid::now_v7());
    for other in [&carol, &bob] {
        let list = other.get("/v1/me/sessions").await;
        assert_eq!(list.json["data"].as_array().unwrap().len(), 1);
        assert_eq!(list.json["data"][0]["id"], sid_of(other));
        assert_eq!(other.get(&hers).await.seen(), other.get(&unknown).await.seen());
        assert_eq!(other.get(&hers).await.problem(), "404 not-found");
        assert_eq!(other.delete(&hers).await.problem(), "404 not-found");
    }
    assert_eq!(alice.get("/v1/me").await.status, 200);
}

#[actix_web::test]
async fn the_database_itself_shows_nobody_a_colleagues_session() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let psql = world.psql().await;
    let as_carol = format!(
        "begin; set local app.company_id = '{}'; set local app.user_id = '{}'",
        carol.company_id, carol.user_id
    );
    psql.batch_execute(&as_carol).await.unwrap();
    let seen = psql.query("select user_id from crm.sessions", &[]).await.unwrap();
    let seen: Vec<Uuid> = seen.iter().map(|row| row.get(0)).collect();
    assert_eq!(seen, [carol.user_id]);
    let end = "update crm.sessions set ended_at = now() where user_id = $1";
    assert_eq!(psql.execute(end, &[&alice.user_id]).await.unwrap(), 0);
    let give = format!("update crm.sessions set user_id = '{}'", alice.user_id);
    let refused = psql.batch_execute(&give).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
}

#[actix_web::test]
async fn who_steals_the_database_finds_no_token_in_it() {
    let world = World::new().await;
    let login = log_in(&world).await;
    let token = text(&login).as_str().unwrap().to_owned();
    let bytes = decoded(token.trim_start_matches("pdk_rt_"));
    let secret = &bytes[49..81];
    let stored = world.admin().await.query_one("select secret_hash from crm.sessions", &[]).await;
    assert_eq!(stored.unwrap().get::<_, Vec<u8>>(0), Sha256::digest(secret).to_vec());
    let everything = world.everything().await.join("\n").to_lowercase();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!everything.contains(&hex) && !everything.contains(&token.to_lowercase()));
}

// ── Cookies ────────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_page_keeps_its_refresh_token_in_a_cookie_that_no_script_reads() {
    let world = World::new().await;
    let login = cookie_login(&world).await;
    assert_eq!(login.json["refresh_token"], Value::Null);
    let first = cookie(&login);
    let rules = "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800";
    assert_eq!(login.header("set-cookie"), format!("{COOKIE}={first}{rules}"));
    let second = by_cookie(&world, "refresh", &first, &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!((second.status, &second.json["refresh_token"]), (200, &Value::Null));
    assert_ne!(cookie(&second), first);
    assert_eq!(person(&world, &second).get("/v1/me").await.status, 200);
    let own = [("sec-fetch-site", "same-origin")];
    let out = by_cookie(&world, "logout", &cookie(&second), &own).await;
    assert_eq!((out.status, cookie(&out).as_str()), (204, ""));
    assert!(out.header("set-cookie").ends_with("Max-Age=0"));
    assert_eq!(person(&world, &second).get("/v1/me").await.problem(), "401 session-revoked");
}

#[actix_web::test]
async fn a_page_of_another_site_cannot_make_use_of_the_cookie() {
    let world = World::with(Limits::default(), &[ORIGIN]).await;
    let token = cookie(&cookie_login(&world).await);
    let refused: [&[(&str, &str)]; 12] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "SAME-ORIGIN")],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "null"), ("host", "null")],
        &[("origin", "https://crm.example.evil.example")],
        &[("origin", "http://crm.example")],
        &[
            ("origin", "https://api.example"),
            ("host", "api.example"),
            ("sec-fetch-site", "cross-site"),
        ],
        &[("origin", ORIGIN), ("origin", "https://evil.example")],
    ];
    for headers in refused {
        for what in ["refresh", "logout"] {
            let reply = by_cookie(&world, what, &token, headers).await;
            assert_eq!(reply.problem(), "403 csrf", "{headers:?}");
            assert_eq!(reply.header("set-cookie"), "");
        }
    }
    let allowed: [&[(&str, &str)]; 4] = [
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", ORIGIN), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://api.example"), ("host", "api.example")],
    ];
    let mut token = token;
    for headers in allowed {
        let reply = by_cookie(&world, "refresh", &token, headers).await;
        assert_eq!(reply.status, 200, "{headers:?}");
        token = cookie(&reply);
    }
}

#[actix_web::test]
async fn a_token_of_the_body_goes_before_the_cookie_and_two_cookies_are_none() {
    let world = World::new().await;
    let (page, app) = (cookie_login(&world).await, log_in(&world).await);
    let line = format!("{COOKIE}={}", cookie(&page));
    let ask = |headers: Vec<(&'static str, String)>, body: Value| {
        let request = world.stranger().request(Method::POST, "/v1/auth/refresh").set_json(body);
        let add = |request: actix_web::test::TestRequest, header| request.append_header(header);
        let request = headers.into_iter().fold(request, add);
        let stranger = world.stranger();
        async move { stranger.send(request).await }
    };
    let site = ("sec-fetch-site", "same-origin".to_owned());
    let both = ask(vec![("cookie", line.clone())], json!({ "refresh_token": text(&app) })).await;
    assert_eq!((both.status, sid(&both)), (200, sid(&app)));
    let twice = vec![("cookie", format!("{line}; {line}")), site.clone()];
    assert_eq!(ask(twice, json!({})).await.problem(), "401 authentication-required");
    let two_lines = vec![("cookie", line.clone()), ("cookie", line.clone()), site.clone()];
    assert_eq!(ask(two_lines, json!({})).await.problem(), "401 authentication-required");
    for other in ["paddock_refresh=x", "__host-paddock_refresh=x", "x", "=", &format!("{COOKIE}=")]
    {
        let reply = ask(vec![("cookie", other.to_owned()), site.clone()], json!({})).await;
        assert_eq!(reply.problem(), "401 authentication-required", "{other}");
    }
    let among = vec![("cookie", format!("a=b; {line}; c=d")), site];
    assert_eq!(ask(among, json!({})).await.status, 200);
}

#[actix_web::test]
async fn a_cookie_is_no_access_token() {
    let world = World::new().await;
    let token = cookie(&cookie_login(&world).await);
    let line = format!("{COOKIE}={token}");
    let headers = [("cookie", line.as_str()), ("sec-fetch-site", "same-origin")];
    let reply = world.stranger().ask(Method::GET, "/v1/me", &headers).await;
    assert_eq!(reply.problem(), "401 authentication-required");
}

#[actix_web::test]
async fn a_login_says_body_or_cookie_and_nothing_else() {
    let world = World::new().await;
    for odd in [json!("Cookie"), json!(""), json!(null), json!(true), json!({ "cookie": null })] {
        let body = json!({ "email": "alice@nike.example", "password": PASSWORD, "session": odd });
        let reply = world.stranger().post("/v1/auth/login", body).await;
        assert_eq!(reply.problem(), "422 validation /session", "{odd}");
    }
}

// ── Helpers ────────────────────────────────────────────────────────────────────────────────────────

async fn log_in(world: &World) -> Reply {
    log_in_as(world, "alice@nike.example").await
}

async fn log_in_as(world: &World, email: &str) -> Reply {
    let body = json!({ "email": email, "password": PASSWORD });
    let reply = world.stranger().post("/v1/auth/login", body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply
}

async fn cookie_login(world: &World) -> Reply {
    let body = json!({ "email": "alice@nike.example", "password": PASSWORD, "session": "cookie" });
    world.stranger().post("/v1/auth/login", body).await
}

async fn refresh(world: &World, token: &Value) -> Reply {
    world.stranger().post("/v1/auth/refresh", json!({ "refresh_token": token })).await
}

async fn by_cookie(world: &World, what: &str, token: &str, headers: &[(&str, &str)]) -> Reply {
    let request = world.stranger().request(Method::POST, &format!("/v1/auth/{what}"));
    let request = request.insert_header(("cookie", format!("{COOKIE}={token}")));
    let add = |request: actix_web::test::TestRequest, header: &(&str, &str)| {
        request.append_header(*header)
    };
    world.stranger().send(headers.iter().fold(request, add).set_json(json!({}))).await
}

/// The refresh token of an answer.
fn text(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json["refresh_token"].clone()
}

/// The refresh token that came as a cookie.
fn cookie(reply: &Reply) -> String {
    let value = reply.header("set-cookie").strip_prefix(COOKIE).unwrap();
    value.split(';').next().unwrap().trim_start_matches('=').to_owned()
}

/// Somebody with the access token of an answer.
fn person(world: &World, reply: &Reply) -> Person {
    world.stranger().with_token(reply.json["access_token"].as_str().unwrap())
}

/// The session of an answer's access token.
fn sid(reply: &Reply) -> Value {
    parts(reply.json["access_token"].as_str().unwrap())[1]["sid"].clone()
}

fn sid_of(person: &Person) -> Value {
    parts(person.token.as_ref().unwrap())[1]["sid"].clone()
}

/// Makes all sessions older.
async fn age(world: &World, how: &str) {
    world.admin().await.batch_execute(&format!("update crm.sessions set {how}")).await.unwrap();
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}
