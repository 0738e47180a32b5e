-- name: list_customer_comments
-- No row at all if there is no such customer; one row of nulls if there are no comments on this page.
select
    o.id, o.company_id, o.customer_id, o.user_id, o.body, o.created_at, o.updated_at, o.version
from crm.customers c
left join lateral (
    select
        m.id, m.company_id, m.customer_id, m.user_id, m.body, m.created_at, m.updated_at, m.version
    from crm.customer_comments m
    where m.customer_id = c.id
        and m.deleted_at is null
        and (m.created_at, m.id) < (
            coalesce($2::timestamptz, 'infinity'),
            coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        )
    order by m.created_at desc, m.id desc
    limit $4::bigint
) o on true
where c.id = $1::uuid
    and c.deleted_at is null
order by o.created_at desc, o.id desc

-- name: create_customer_comment
-- No row if there is no such customer. The author is a preset.
insert into crm.customer_comments (customer_id, body)
select c.id, $2::text
from crm.customers c
where c.id = $1::uuid
    and c.deleted_at is null
returning id, company_id, customer_id, user_id, body, created_at, updated_at, version

-- name: get_customer_comment
select m.id, m.company_id, m.customer_id, m.user_id, m.body, m.created_at, m.updated_at, m.version
from crm.customer_comments m
join crm.customers c on c.id = m.customer_id
where m.id = $2::uuid
    and m.customer_id = $1::uuid
    and m.deleted_at is null
    and c.deleted_at is null

-- name: update_customer_comment
-- One row if there is such a comment; its columns are null if its version is none of those expected.
with found as (
    select m.id, m.version
    from crm.customer_comments m
    join crm.customers c on c.id = m.customer_id
    where m.id = $2::uuid
        and m.customer_id = $1::uuid
        and m.deleted_at is null
        and c.deleted_at is null
    for update of m
), changed as (
    update crm.customer_comments m
    set body = $4::text
    from found f
    where m.id = f.id
        and ($3::bigint[] is null or f.version = any($3))
    returning
        m.id, m.company_id, m.customer_id, m.user_id, m.body, m.created_at, m.updated_at, m.version
)
select h.*
from found f
left join changed h on h.id = f.id

-- name: delete_customer_comment
-- One row if there is such a comment: whether its version was an expected one.
with found as (
    select m.id, m.version
    from crm.customer_comments m
    join crm.customers c on c.id = m.customer_id
    where m.id = $2::uuid
        and m.customer_id = $1::uuid
        and m.deleted_at is null
        and c.deleted_at is null
    for update of m
), changed as (
    update crm.customer_comments m
    set deleted_at = now()
    from found f
    where m.id = f.id
        and ($3::bigint[] is null or f.version = any($3))
    returning m.id
)
select h.id is not null
from found f
left join changed h on h.id = f.id
