-- name: list_users_for_customer
-- The company's users in the order in which they joined; no row if there is no such customer, and one without
-- a user if no user is left to list.
select u.id, u.name, u.email, u.role, u.disabled_at is null, u.created_at
from crm.customers c
left join lateral (
    select u.id, u.name, u.email, u.role, u.disabled_at, u.created_at
    from crm.users u
    where $2::timestamptz is null or (u.created_at, u.id) > ($2, $3::uuid)
    order by u.created_at, u.id
    limit $4::bigint
) u on true
where c.id = $1::uuid
    and c.deleted_at is null
order by u.created_at, u.id

-- name: explain_customer_access
-- Run once for each user, as that user, in a transaction that is rolled back.
select a.command, a.allowed, a.rules, a.reasons
from app.explain_access('crm.customers', $1::uuid) a
