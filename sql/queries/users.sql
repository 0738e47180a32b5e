-- name: get_user
select
    u.id, u.company_id, u.name, u.email, u.role, u.disabled_at, u.created_at, u.updated_at, u.version
from crm.users u
where u.id = $1::uuid

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
    c.id, c.name, c.created_at, c.updated_at, c.version
from crm.users u
join crm.companies c on c.id = u.company_id
where u.id = (select app.user_id())

-- name: get_my_email
select u.email
from crm.users u
where u.id = (select app.user_id())
