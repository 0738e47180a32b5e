//! Outside identity providers: their keys, the tokens that they sign, and the address at which keys stand.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::Hmac;
use paddock_api::Providers;
use paddock_api::limits::Clock;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::Place;
use super::forge::{mac, now};

/// Whose tokens the tests trust.
pub const ISSUER: &str = "https://login.example";
/// For whom they are.
pub const AUDIENCE: &str = "crm";
/// What a provider with a shared secret signs with.
pub const SHARED: &[u8] = b"shared with a provider: 32 bytes";

static NEXT: AtomicU32 = AtomicU32::new(1);

/// One key of a provider, of which we know both halves.
pub struct OutsideKey {
    pub kid: &'static str,
    pair: Pair,
}

enum Pair {
    Secret,
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl OutsideKey {
    /// A new key for `RS256`, `ES256` or `EdDSA`, or the secret for `HS256`.
    pub fn new(algorithm: &str, kid: &'static str) -> Self {
        let pair = match algorithm {
            "HS256" => Pair::Secret,
            "RS256" => Pair::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
            "ES256" => Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            "EdDSA" => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
            other => panic!("{other}"),
        };
        Self { kid, pair }
    }

    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Secret => "HS256",
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
            Pair::Ed(_) => "EdDSA",
        }
    }

    /// The public half (RFC 7517).
    pub fn jwk(&self) -> Value {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.pair {
            Pair::Secret => panic!("a secret has no public half"),
            // PKCS#1: a sequence, the modulus of 257 bytes with its leading zero, the exponent of three.
            Pair::Rsa(pair) => {
                let der = pair.public_key().as_ref();
                assert_eq!((der.len(), &der[265..267]), (270, &[2, 3][..]));
                json!({ "kty": "RSA", "n": encode(&der[9..265]), "e": encode(&der[267..]) })
            }
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) })
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.algorithm());
        jwk
    }

    /// The third segment of a token.
    pub fn sign(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        let signature = match &self.pair {
            Pair::Secret => return mac::<Hmac<Sha256>>(text, SHARED),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(bytes).as_ref().to_vec(),
        };
        BASE64_URL_SAFE_NO_PAD.encode(signature)
    }

    /// A header as providers write it; those with a shared secret name no key.
    pub fn header(&self) -> Map<String, Value> {
        let mut header = json!({ "alg": self.algorithm(), "typ": "JWT" });
        if !matches!(self.pair, Pair::Secret) {
            header["kid"] = json!(self.kid);
        }
        header.as_object().unwrap().clone()
    }

    pub fn token(&self, claims: &Map<String, Value>) -> String {
        self.token_with(&self.header(), claims)
    }

    pub fn token_with(&self, header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
        self.token_of(&json!(header).to_string(), &json!(claims).to_string())
    }

    /// A token of these two texts, whatever they are.
    pub fn token_of(&self, header: &str, claims: &str) -> String {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let text = format!("{}.{}", encode(header), encode(claims));
        format!("{text}.{}", self.sign(&text))
    }
}

/// The claims of a token for a user, as Hasura's providers write them: ten minutes from now.
pub fn hasura(place: Place) -> Map<String, Value> {
    outside(&place.user_id.to_string(), place)
}

/// The same for a subject of the provider's own.
pub fn outside(subject: &str, place: Place) -> Map<String, Value> {
    let now = now();
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "nbf": now, "exp": now + 600,
        "https://hasura.io/jwt/claims": {
            "x-hasura-allowed-roles": ["user"],
            "x-hasura-default-role": "user",
            "x-hasura-user-id": subject,
            "x-hasura-company-id": place.company_id,
        },
    });
    claims.as_object().unwrap().clone()
}

/// A file that trusts one provider with these keys; `more` changes it.
pub fn file(keys: &[&OutsideKey], more: Value) -> String {
    let mut algorithms: Vec<&str> = keys.iter().map(|key| key.algorithm()).collect();
    algorithms.dedup();
    let mut entry = json!({ "issuer": ISSUER, "audience": AUDIENCE, "algorithms": algorithms });
    if algorithms != ["HS256"] {
        entry["jwks"] = json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() });
    } else {
        entry["secret_file"] = json!("secret");
    }
    for (name, value) in more.as_object().unwrap() {
        entry[name] = value.clone();
        if value.is_null() && name != "audience" {
            entry.as_object_mut().unwrap().remove(name);
        }
    }
    json!({ "providers": [entry] }).to_string()
}

/// A provider that is trusted with these keys.
pub fn trusted(keys: &[&OutsideKey], more: Value) -> Providers {
    let folder = Files::new();
    folder.write("secret", SHARED);
    Providers::of_text(&file(keys, more), folder.path(), Clock::default()).unwrap()
}

/// A folder of files; gone when dropped.
pub struct Files(PathBuf);

impl Files {
    pub fn new() -> Self {
        let name =
            format!("providers-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The address at which a provider's keys stand; it counts who asks.
pub struct KeyServer {
    pub url: String,
    asked: Arc<AtomicU32>,
    answer: Arc<Mutex<String>>,
}

impl KeyServer {
    /// Answers nothing good before it is told what.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let server = Self { url, asked: Arc::default(), answer: Arc::default() };
        server.answers("500 Internal Server Error", "", "");
        let (asked, answer) = (Arc::clone(&server.asked), Arc::clone(&server.answer));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                asked.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().unwrap().clone();
                reply(client, &answer);
            }
        });
        server
    }

    pub fn answers(&self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() = format!(
            "HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
    }

    /// Answers with these keys, to be kept for ten minutes.
    pub fn has(&self, keys: &[&OutsideKey]) {
        let set = json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() });
        self.answers("200 OK", "cache-control: public, max-age=600\r\n", &set.to_string());
    }

    /// How often somebody has asked.
    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Reads the head of a request, and answers.
fn reply(mut client: TcpStream, answer: &str) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read > 0) {
        head.push(byte[0]);
    }
    let _ = client.write_all(answer.as_bytes());
}
