-- name: list_invitations
select i.id, i.company_id, i.user_id, i.email, i.name, i.role, i.created_at, i.updated_at, i.expires_at, i.version
from crm.invitations i
where {where}
    and {after}
order by {order}
limit {limit}

-- name: list_invitations.where.open
i.accepted_at is null and i.revoked_at is null

-- name: list_invitations.order.created_at
i.created_at, i.id

-- name: list_invitations.after.created_at
(i.created_at, i.id) > ($?::timestamptz, $?::uuid)

-- name: create_invitation
-- One row; its columns are null if a colleague has the e-mail. Only whoever may invite is told so.
with invited as (
    insert into crm.invitations (email, name, role, secret_hash)
    select $1::text, $2::text, $3::text, $4::bytea
    where not exists (
        select
        from crm.users u
        where app.fold(u.email) = app.fold($1::text)
    )
    returning id, company_id, user_id, email, name, role, created_at, updated_at, expires_at, version
)
select i.*
from (values (true)) one
left join invited i on true
where i.id is not null
    or (select app.role()) in ('owner', 'admin')
    or app.refuse('invitations_may_create')

-- name: get_invitation
select i.id, i.company_id, i.user_id, i.email, i.name, i.role, i.created_at, i.updated_at, i.expires_at, i.version
from crm.invitations i
where i.id = $1::uuid
    and i.accepted_at is null
    and i.revoked_at is null

-- name: resend_invitation
-- One row if there is such an open invitation; its columns are null if it is void, because whoever invited may not
-- any more. Only whoever may send it is told so.
with found as (
    select i.id, i.user_id, i.role
    from crm.invitations i
    where i.id = $1::uuid
        and i.accepted_at is null
        and i.revoked_at is null
    for update
), changed as (
    update crm.invitations i
    set secret_hash = $2::bytea, expires_at = now() + interval '168 hours'
    from found f
    join crm.users u on u.id = f.user_id
        and u.disabled_at is null
        and (u.role = 'owner' or u.role = 'admin' and f.role in ('member', 'viewer'))
    where i.id = f.id
    returning
        i.id, i.company_id, i.user_id, i.email, i.name, i.role, i.created_at, i.updated_at, i.expires_at, i.version
)
select h.*
from found f
left join changed h on h.id = f.id
where h.id is not null
    or (select app.role()) in ('owner', 'admin')
    or app.refuse('invitations_may_change')

-- name: revoke_invitation
-- One row if there is such an open invitation: whether its version was an expected one.
with found as (
    select i.id, i.version
    from crm.invitations i
    where i.id = $1::uuid
        and i.accepted_at is null
        and i.revoked_at is null
    for update
), changed as (
    update crm.invitations i
    set revoked_at = now()
    from found f
    where i.id = f.id
        and ($2::bigint[] is null or f.version = any($2))
    returning i.id
)
select h.id is not null
from found f
left join changed h on h.id = f.id
