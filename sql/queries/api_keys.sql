-- name: create_api_key
insert into crm.api_keys (name, secret_hash, role, scopes, expires_at)
values ($1::text, $2::bytea, $3::text, $4::text[], now() + make_interval(days => $5::integer))
returning
    id, company_id, user_id, name, role, scopes, expires_at, null::timestamptz, created_at, updated_at, version

-- name: list_api_keys
-- Those that the acting user sees: their own, or all.
select
    k.id, k.company_id, k.user_id, k.name, k.role, k.scopes, k.expires_at, s.last_used_at,
    k.created_at, k.updated_at, k.version
from crm.api_keys k
left join crm.api_key_uses s on s.company_id = k.company_id
    and s.api_key_id = k.id
where {where}
    and {after}
order by {order}
limit {limit}

-- name: list_api_keys.where.present
k.revoked_at is null

-- name: list_api_keys.order.created_at
k.created_at, k.id

-- name: list_api_keys.after.created_at
(k.created_at, k.id) > ($?::timestamptz, $?::uuid)

-- name: get_api_key
select
    k.id, k.company_id, k.user_id, k.name, k.role, k.scopes, k.expires_at, s.last_used_at,
    k.created_at, k.updated_at, k.version
from crm.api_keys k
left join crm.api_key_uses s on s.company_id = k.company_id
    and s.api_key_id = k.id
where k.id = $1::uuid
    and k.revoked_at is null

-- name: update_api_key
-- One row if there is such a key; its columns are null if its version is none of those expected.
with found as (
    select k.id, k.version
    from crm.api_keys k
    where k.id = $1::uuid
        and k.revoked_at is null
    for update
), changed as (
    update crm.api_keys k
    set name = $3::text
    from found f
    where k.id = f.id
        and ($2::bigint[] is null or f.version = any($2))
    returning
        k.id, k.company_id, k.user_id, k.name, k.role, k.scopes, k.expires_at,
        k.created_at, k.updated_at, k.version
)
select
    h.id, h.company_id, h.user_id, h.name, h.role, h.scopes, h.expires_at, s.last_used_at,
    h.created_at, h.updated_at, h.version
from found f
left join changed h on h.id = f.id
left join crm.api_key_uses s on s.company_id = h.company_id
    and s.api_key_id = h.id

-- name: revoke_api_key
-- One row if there is such a key: whether its version was an expected one.
with found as (
    select k.id, k.version
    from crm.api_keys k
    where k.id = $1::uuid
        and k.revoked_at is null
    for update
), changed as (
    update crm.api_keys k
    set revoked_at = now()
    from found f
    where k.id = f.id
        and ($2::bigint[] is null or f.version = any($2))
    returning k.id
)
select h.id is not null
from found f
left join changed h on h.id = f.id

-- name: record_api_key_uses
-- Behind the answers: at most once a minute for each key, however many servers there are.
insert into crm.api_key_uses as s (api_key_id)
select k.id
from crm.api_keys k
where k.id = any($1::uuid[])
on conflict (company_id, api_key_id) do update
set last_used_at = now()
where s.last_used_at < now() - interval '1 minute'
