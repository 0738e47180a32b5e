//! Somebody who logs in elsewhere and is linked to a user here.

use std::sync::{Arc, Mutex, PoisonError};

use paddock_db::{Actor, Arrival, Door};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::file::{Provision, Settings};
use crate::auth::strict::Object;
use crate::http::problem::Answer;

/// What a good token says of them; and whom they are here, once that has been found out.
pub(crate) struct Login {
    settings: Arc<Settings>,
    pub(crate) company_id: Uuid,
    subject: String,
    email: Option<String>,
    email_is_verified: bool,
    name: Option<String>,
    role: &'static str,
    known: Mutex<Option<Actor>>,
}

impl Login {
    pub(super) fn new(
        settings: &Arc<Settings>,
        company_id: Uuid,
        subject: String,
        claims: &Object,
    ) -> Self {
        let paths = &settings.claims;
        let role = paths.role.as_ref().and_then(|path| path.text(claims));
        Self {
            settings: Arc::clone(settings),
            company_id,
            subject,
            email: paths.email.text(claims).filter(|email| email.len() <= 254),
            email_is_verified: paths.email_verified.find(claims) == Some(true.into()),
            name: paths.name.text(claims).map(|name| name.chars().take(200).collect()),
            role: match role.as_deref() {
                Some("member") => "member",
                Some("viewer") => "viewer",
                _ => settings.role.as_str(),
            },
            known: Mutex::new(None),
        }
    }

    /// Whom to count requests for before it is known who it is: the same for all tokens of one login.
    pub(crate) fn stand_in(&self) -> Actor {
        let digest = Sha256::digest(format!("{}\0{}", self.settings.issuer, self.subject));
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Actor::trusted(self.company_id, uuid::Builder::from_custom_bytes(id).into_uuid())
    }

    /// Who it is, if that has been found out. Every flight asks the database whether it is still so.
    pub(crate) fn known(&self) -> Option<Actor> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds out who it is, at the login door.
    ///
    /// # Errors
    /// `session-revoked` if it is nobody, and nobody may be made or linked.
    pub(crate) async fn find(&self, door: &Door) -> Answer<Actor> {
        let name = self.name.as_deref().or(self.email.as_deref()).unwrap_or_default();
        let arrival = Arrival {
            company_id: self.company_id,
            issuer: &self.settings.issuer,
            subject: &self.subject,
            email: self.email.as_deref(),
            by_email: self.settings.link_by_email && self.email_is_verified,
            new_user: (self.settings.provision == Provision::OnFirstSight)
                .then_some((name, self.role)),
        };
        let actor = door.welcome(&arrival).await?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(actor);
        Ok(actor)
    }
}
