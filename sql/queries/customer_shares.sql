-- name: list_customer_shares
-- No row at all if there is no such customer; one row of nulls if there are no shares on this page.
select
    o.id, o.company_id, o.customer_id, o.user_id,
    o.recipient_user_id, o.recipient_team_id, o.permission, o.created_at, o.version
from crm.customers c
left join lateral (
    select
        s.id, s.company_id, s.customer_id, s.user_id,
        s.recipient_user_id, s.recipient_team_id, s.permission, s.created_at, s.version
    from crm.record_shares s
    where s.customer_id = c.id
        and s.deleted_at is null
        and (s.created_at, s.id) > (
            coalesce($2::timestamptz, '-infinity'),
            coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
        )
    order by s.created_at, s.id
    limit $4::bigint
) o on true
where c.id = $1::uuid
    and c.deleted_at is null
order by o.created_at, o.id

-- name: get_customer_share
select
    s.id, s.company_id, s.customer_id, s.user_id,
    s.recipient_user_id, s.recipient_team_id, s.permission, s.created_at, s.version
from crm.record_shares s
join crm.customers c on c.id = s.customer_id
where s.id = $2::uuid
    and s.customer_id = $1::uuid
    and s.deleted_at is null
    and c.deleted_at is null

-- name: create_customer_share
-- No row if there is no such customer. A recipient that does not exist is refused by the foreign keys.
insert into crm.record_shares (customer_id, recipient_user_id, recipient_team_id, permission)
select c.id, $2::uuid, $3::uuid, $4::text
from crm.customers c
where c.id = $1::uuid
    and c.deleted_at is null
returning
    id, company_id, customer_id, user_id,
    recipient_user_id, recipient_team_id, permission, created_at, version

-- name: delete_customer_share
-- One row if there is such a share.
update crm.record_shares s
set deleted_at = now()
from crm.customers c
where s.id = $2::uuid
    and s.customer_id = $1::uuid
    and s.deleted_at is null
    and c.id = s.customer_id
    and c.deleted_at is null
returning true
