-- name: list_teams
select t.id, t.company_id, t.name, t.created_at, t.updated_at, t.version
from crm.teams t
where {where}
    and {after}
order by {order}
limit {limit}

-- name: list_teams.where.present
t.deleted_at is null

-- name: list_teams.order.created_at
t.created_at, t.id

-- name: list_teams.after.created_at
(t.created_at, t.id) > ($?::timestamptz, $?::uuid)

-- name: create_team
insert into crm.teams (name)
values ($1::text)
returning id, company_id, name, created_at, updated_at, version

-- name: get_team
select t.id, t.company_id, t.name, t.created_at, t.updated_at, t.version
from crm.teams t
where t.id = $1::uuid
    and t.deleted_at is null

-- name: update_team
-- One row if there is such a team; its columns are null if its version is none of those expected.
with found as (
    select t.id, t.version
    from crm.teams t
    where t.id = $1::uuid
        and t.deleted_at is null
    for update
), changed as (
    update crm.teams t
    set name = $3::text
    from found f
    where t.id = f.id
        and ($2::bigint[] is null or f.version = any($2))
    returning t.id, t.company_id, t.name, t.created_at, t.updated_at, t.version
)
select h.*
from found f
left join changed h on h.id = f.id

-- name: delete_team
-- One row if there is such a team: whether its version was an expected one.
with found as (
    select t.id, t.version
    from crm.teams t
    where t.id = $1::uuid
        and t.deleted_at is null
    for update
), changed as (
    update crm.teams t
    set deleted_at = now()
    from found f
    where t.id = f.id
        and ($2::bigint[] is null or f.version = any($2))
    returning t.id
)
select h.id is not null
from found f
left join changed h on h.id = f.id

-- name: list_team_members
-- In the order in which they came. No row at all if there is no such team; one row of nulls if nobody is left to list.
select m.id, m.name, m.email, m.role, m.created_at
from crm.teams t
left join lateral (
    select u.id, u.name, u.email, u.role, m.created_at
    from crm.team_members m
    join crm.users u on u.id = m.member_id
    where m.team_id = t.id
        and m.removed_at is null
        and (m.created_at, m.member_id) > (
            coalesce($2::timestamptz, '-infinity'),
            coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
        )
    order by m.created_at, m.member_id
    limit $4::bigint
) m on true
where t.id = $1::uuid
    and t.deleted_at is null
order by m.created_at, m.id

-- name: put_team_member
-- No row if there is no such team or no such user.
insert into crm.team_members as m (team_id, member_id)
select t.id, u.id
from crm.teams t
cross join crm.users u
where t.id = $1::uuid
    and t.deleted_at is null
    and u.id = $2::uuid
on conflict (company_id, team_id, member_id) do update
set removed_at = null
returning true

-- name: remove_team_member
-- No row if there is no such team or no such user. Whoever is not in the team is out of it already, but only
-- whoever may change a team is told so.
with found as (
    select t.id as team_id, u.id as member_id
    from crm.teams t
    cross join crm.users u
    where t.id = $1::uuid
        and t.deleted_at is null
        and u.id = $2::uuid
    for update of t
), changed as (
    update crm.team_members m
    set removed_at = coalesce(m.removed_at, now())
    from found f
    where m.team_id = f.team_id
        and m.member_id = f.member_id
)
select true
from found f
where (select app.role()) in ('owner', 'admin')
    or app.refuse('team_members_may_change')
