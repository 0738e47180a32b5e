-- name: get_user
select
    u.id, u.company_id, u.name, u.email, u.role, u.disabled_at, u.created_at, u.updated_at, u.version
from crm.users u
where u.id = $1::uuid

-- name: update_user
-- One row if there is such a user; its columns are null if the version is none of those that the caller
-- expects. Whom a policy keeps from the acting user is there, but not changed: that is refused.
with found as (
    select u.id, u.version
    from crm.users u
    where u.id = $1::uuid
), changed as (
    update crm.users u
    set
        role = coalesce($3::text, u.role),
        disabled_at = case $4::boolean
            when true then coalesce(u.disabled_at, now())
            when false then null
            else u.disabled_at
        end
    from found f
    where u.id = $1
        and u.id = f.id
        and ($2::bigint[] is null or u.version = any($2))
    returning
        u.id, u.company_id, u.name, u.email, u.role, u.disabled_at, u.created_at, u.updated_at, u.version
)
select h.*
from found f
left join changed h on h.id = f.id
where h.id is not null
    or not f.version = any($2)
    or app.refuse('users_may_change')

-- name: may_remove_user
-- True if there is such a user. Whoever may not remove them is refused: by the role that is bound, which with an API key
-- may be lower than that of its user.
select true
from crm.users u
where u.id = $1::uuid
    and (
        (select app.role()) = 'owner'
        or (select app.role()) = 'admin' and u.role in ('member', 'viewer')
        or app.refuse('users_may_remove')
    )

-- name: list_users
select
    u.id, u.company_id, u.name, u.email, u.role, u.disabled_at, u.created_at, u.updated_at, u.version
from crm.users u
where {where}
    and {after}
order by {order}
limit {limit}

-- name: list_users.where.all
true

-- name: list_users.order.created_at
u.created_at, u.id

-- name: list_users.after.created_at
(u.created_at, u.id) > ($?::timestamptz, $?::uuid)

-- name: get_me
-- The acting user and the company.
select
    u.id, u.company_id, u.name, u.email, u.role, u.disabled_at, u.created_at, u.updated_at, u.version,
    c.id, c.name, c.member_visibility, c.viewer_visibility, c.created_at, c.updated_at, c.version
from crm.users u
join crm.companies c on c.id = u.company_id
where u.id = (select app.user_id())

-- name: get_my_email
select u.email
from crm.users u
where u.id = (select app.user_id())
