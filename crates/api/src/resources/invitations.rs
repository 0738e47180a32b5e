//! Invitations: how colleagues come in. They are answered in `accounts::invitation`.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::auth::invitation::Invite;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::cursor::Position;
use crate::http::etag::{Changed, IfMatch, Single, Versioned};
use crate::http::page::{PageQuery, Paged, page_of};
use crate::http::params::{Query, path_id};
use crate::http::problem::{Answer, Code, FieldError, Problem};
use crate::http::timestamp;
use crate::mail::Errand;
use crate::resources::by_creation::ByCreation;
use crate::resources::users::Role;

const CREATE_INVITATION: Statement = sql!("invitations.sql", "create_invitation");
const GET_INVITATION: Statement = sql!("invitations.sql", "get_invitation");
const RESEND_INVITATION: Statement = sql!("invitations.sql", "resend_invitation");
const REVOKE_INVITATION: Statement = sql!("invitations.sql", "revoke_invitation");

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/invitations";
/// In the order of their creation.
const BY_CREATION: ByCreation = ByCreation {
    list: LIST,
    rows: sql!("invitations.sql", "list_invitations"),
    always: sql!("invitations.sql", "list_invitations.where.open"),
    order: sql!("invitations.sql", "list_invitations.order.created_at"),
    after: sql!("invitations.sql", "list_invitations.after.created_at"),
};

/// Somebody who has been asked in, and has neither accepted yet nor been refused again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invitation {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Uuid,
    /// Who invited; null once that user is gone. Then the invitation is void, as it is while they are disabled or
    /// could not invite to this role.
    #[schema(required = true, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4d")]
    user_id: Option<Uuid>,
    #[schema(example = "erin@pepsi.example", format = Email)]
    email: String,
    /// What to call them; null if that is up to them.
    #[schema(required = true, example = "Erin")]
    name: Option<String>,
    role: Role,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    updated_at: OffsetDateTime,
    /// Until when the mail that was sent last is good: seven days. After that, send another.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-30T14:30:52.000000Z")]
    expires_at: OffsetDateTime,
    /// Counts changes; the ETag.
    #[schema(example = 1)]
    version: i64,
}

/// An invitation to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    /// Where the mail goes, and what they will log in with.
    #[schema(example = "erin@pepsi.example", format = Email)]
    email: String,
    /// What they will be. Admins invite members and viewers.
    #[schema(example = "member")]
    role: Role,
    /// 1 to 200 characters; whoever accepts may say otherwise.
    #[schema(example = "Erin", min_length = 1, max_length = 200)]
    name: Option<String>,
}

impl FromRow for Invitation {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            company_id: row.next()?,
            user_id: row.next()?,
            email: row.next()?,
            name: row.next()?,
            role: Role::parse(row.next()?),
            created_at: row.next()?,
            updated_at: row.next()?,
            expires_at: row.next()?,
            version: row.next()?,
        })
    }
}

impl Versioned for Invitation {
    fn version(&self) -> i64 {
        self.version
    }
}

impl NewInvitation {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        checks.email("email", &self.email);
        checks.optional_text("name", self.name.as_deref(), 200);
        checks.done()
    }
}

page_of! {
    /// A page of invitations.
    InvitationPage of Invitation
}

/// List invitations
///
/// Those that are neither accepted nor revoked, expired ones too, in the order in which they were made.
#[utoipa::path(
    tag = "invitations",
    operation_id = "listInvitations",
    params(PageQuery),
    responses((status = 200, body = InvitationPage, headers(("Link" = String))))
)]
#[get("/v1/invitations")]
pub(crate) async fn list_invitations(
    caller: Caller,
    state: Data<State>,
    query: Query<PageQuery>,
) -> Answer<Paged<InvitationPage>> {
    let position = |one: &Invitation| Position::at(one.created_at, one.id);
    let (data, page) = BY_CREATION.page(&caller, &state, query, position).await?;
    Ok(Paged(InvitationPage { data, page }))
}

/// Invite somebody
///
/// A mail is sent there, whose link is good once, for seven days. Whether the e-mail has a login in other companies
/// shows nowhere: who has one accepts with its password, who has none chooses one. An e-mail has one open invitation
/// at a time, and none if it is a colleague's.
#[utoipa::path(
    tag = "invitations",
    operation_id = "createInvitation",
    request_body = NewInvitation,
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 201, body = Invitation, headers(("ETag" = String), ("Location" = String))),
        (status = 409, description = "`already-exists`: a colleague has the e-mail, or an open invitation"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    )
)]
#[post("/v1/invitations")]
pub(crate) async fn create_invitation(
    request: HttpRequest,
    caller: Caller,
    state: Data<State>,
    Body(new): Body<NewInvitation>,
) -> Answer<Single<Invitation>> {
    new.check()?;
    state.limits.admit_mail(&request, &new.email)?;
    let invite = Invite::new(caller.company_id())?;
    let NewInvitation { email, role, name } = &new;
    let (role, hash) = (role.as_str(), invite.hash());
    let made: Changed<Invitation> =
        caller.write_one(CREATE_INVITATION, &[email, name, &role, &hash]).await?;
    let invitation = made.0.ok_or_else(is_colleague)?;
    send(&state, &invitation, invite)?;
    let location = format!("/v1/invitations/{}", invitation.id);
    Ok(Single::created(invitation, location))
}

/// Get an invitation
#[utoipa::path(
    tag = "invitations",
    operation_id = "getInvitation",
    params(("invitation_id" = Uuid, Path, description = "The invitation")),
    responses((status = 200, body = Invitation, headers(("ETag" = String))))
)]
#[get("/v1/invitations/{invitation_id}")]
pub(crate) async fn get_invitation(
    caller: Caller,
    path: Path<String>,
) -> Answer<Single<Invitation>> {
    let id = path_id(&path)?;
    Ok(Single::found(caller.read_one(GET_INVITATION, &[&id]).await?))
}

/// Send an invitation again
///
/// With another link, good for seven days from now; the one before is good for nothing.
#[utoipa::path(
    tag = "invitations",
    operation_id = "resendInvitation",
    params(("invitation_id" = Uuid, Path, description = "The invitation")),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 200, body = Invitation, headers(("ETag" = String))),
        (status = 409, description = "`conflict`: whoever invited may not any more; revoke it and invite again"),
        (status = 429, description = "`too-many-attempts`, `rate-limited`: see `Retry-After`"),
    )
)]
#[post("/v1/invitations/{invitation_id}/resend")]
pub(crate) async fn resend_invitation(
    request: HttpRequest,
    caller: Caller,
    state: Data<State>,
    path: Path<String>,
) -> Answer<Single<Invitation>> {
    let id = path_id(&path)?;
    let known: Invitation = caller.read_one(GET_INVITATION, &[&id]).await?;
    state.limits.admit_mail(&request, &known.email)?;
    let invite = Invite::new(caller.company_id())?;
    let sent: Changed<Invitation> =
        caller.write_one(RESEND_INVITATION, &[&id, &invite.hash()]).await?;
    let void = || Problem::new(Code::Conflict).detail("whoever invited may not any more");
    let invitation = sent.0.ok_or_else(void)?;
    send(&state, &invitation, invite)?;
    Ok(Single::found(invitation))
}

/// Revoke an invitation
///
/// Its link is good for nothing from then on.
#[utoipa::path(
    tag = "invitations",
    operation_id = "deleteInvitation",
    params(("invitation_id" = Uuid, Path, description = "The invitation")),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 204, description = "Gone"),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[delete("/v1/invitations/{invitation_id}")]
pub(crate) async fn delete_invitation(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
) -> Answer<HttpResponse> {
    let id = path_id(&path)?;
    let expected: bool = caller.write_one(REVOKE_INVITATION, &[&id, &versions]).await?;
    Changed(expected.then(|| HttpResponse::NoContent().finish())).or_mismatch()
}

fn send(state: &State, invitation: &Invitation, invite: Invite) -> Answer<()> {
    let address = invitation.email.clone();
    state.accounts.post.hand_in(Errand::Invitation { address, invite })
}

/// As everybody in the company sees in the list of users.
fn is_colleague() -> Problem {
    let message = "a colleague has this e-mail".to_owned();
    let error = FieldError { pointer: "/email".to_owned(), code: "taken", message };
    Problem::field(Code::AlreadyExists, error)
}
