-- name: list_custom_fields
select
    f.id, f.company_id, f.resource, f.key, f.name, f.type, f.position, f.read_role, f.write_role,
    (
        select json_agg(json_build_object('key', h.key, 'name', h.name) order by h.position, h.number)
        from crm.custom_field_choices h
        where h.custom_field_id = f.id
            and h.deleted_at is null
    )::text as choices,
    f.created_at, f.updated_at, f.version
from crm.custom_fields f
where {where}
    and {after}
order by {order}
limit {limit}

-- name: list_custom_fields.where.present
f.deleted_at is null

-- name: list_custom_fields.order.created_at
f.created_at, f.id

-- name: list_custom_fields.after.created_at
(f.created_at, f.id) > ($?::timestamptz, $?::uuid)

-- name: create_custom_field
-- No row if there are too many already. Choices are numbered in their order.
with created as (
    insert into crm.custom_fields (resource, key, name, type, position, read_role, write_role)
    select $1::text, $2::text, $3::text, $4::text, $5::integer, $6::text, $7::text
    where (
        select count(*)
        from crm.custom_fields f
        where f.resource = $1
            and f.deleted_at is null
    ) < 100
    returning
        id, company_id, resource, key, name, type, position, read_role, write_role,
        created_at, updated_at, version
), chosen as (
    insert into crm.custom_field_choices (custom_field_id, number, key, name, position)
    select n.id, h.position, h.key, h.name, h.position
    from created n
    cross join unnest($8::text[], $9::text[]) with ordinality h (key, name, position)
)
select
    n.id, n.company_id, n.resource, n.key, n.name, n.type, n.position, n.read_role, n.write_role,
    (
        select json_agg(json_build_object('key', h.key, 'name', h.name) order by h.position)
        from unnest($8, $9) with ordinality h (key, name, position)
    )::text as choices,
    n.created_at, n.updated_at, n.version
from created n

-- name: get_custom_field
select
    f.id, f.company_id, f.resource, f.key, f.name, f.type, f.position, f.read_role, f.write_role,
    (
        select json_agg(json_build_object('key', h.key, 'name', h.name) order by h.position, h.number)
        from crm.custom_field_choices h
        where h.custom_field_id = f.id
            and h.deleted_at is null
    )::text as choices,
    f.created_at, f.updated_at, f.version
from crm.custom_fields f
where f.id = $1::uuid
    and f.deleted_at is null

-- name: update_custom_field
-- Absent fields keep their value. One row if there is such a field; its columns are null if its version is none of
-- those expected. Choices are given all together: those that are not among them cannot be chosen any more, new ones
-- are numbered behind all others. A field of another type takes none, which the number 0 says.
with found as (
    select f.id, f.version, f.type
    from crm.custom_fields f
    where f.id = $1::uuid
        and f.deleted_at is null
    for update
), changed as (
    update crm.custom_fields f
    set
        name = coalesce($3::text, f.name),
        position = coalesce($4::integer, f.position),
        read_role = coalesce($5::text, f.read_role),
        write_role = coalesce($6::text, f.write_role)
    from found o
    where f.id = o.id
        and ($2::bigint[] is null or o.version = any($2))
    returning
        f.id, f.company_id, f.resource, f.key, f.name, f.type, f.position, f.read_role, f.write_role,
        f.created_at, f.updated_at, f.version
), given as (
    select
        n.id, h.key, h.name, h.position, o.number,
        row_number() over (partition by o.number is null order by h.position) as turn,
        n.type in ('choice', 'multi_choice') as is_choice
    from changed n
    cross join unnest($7::text[], $8::text[]) with ordinality h (key, name, position)
    left join crm.custom_field_choices o on o.custom_field_id = n.id
        and o.key = h.key
), chosen as (
    insert into crm.custom_field_choices (custom_field_id, number, key, name, position)
    select
        g.id,
        case when g.is_choice then coalesce(
            g.number,
            g.turn + (
                select coalesce(max(o.number), 0)
                from crm.custom_field_choices o
                where o.custom_field_id = g.id
            )
        ) else 0 end,
        g.key, g.name, g.position
    from given g
    on conflict (company_id, custom_field_id, key) do update
    set name = excluded.name, position = excluded.position, deleted_at = null
), gone as (
    update crm.custom_field_choices o
    set deleted_at = now()
    from changed n
    where o.custom_field_id = n.id
        and o.deleted_at is null
        and o.key <> all ($7)
)
select
    h.id, h.company_id, h.resource, h.key, h.name, h.type, h.position, h.read_role, h.write_role,
    case
        when $7 is null then (
            select json_agg(json_build_object('key', o.key, 'name', o.name) order by o.position, o.number)
            from crm.custom_field_choices o
            where o.custom_field_id = h.id
                and o.deleted_at is null
        )
        else (
            select json_agg(json_build_object('key', g.key, 'name', g.name) order by g.position)
            from unnest($7, $8) with ordinality g (key, name, position)
        )
    end::text as choices,
    h.created_at, h.updated_at, h.version
from found f
left join changed h on h.id = f.id

-- name: delete_custom_field
-- One row if there is such a field: whether its version was an expected one.
with found as (
    select f.id, f.version
    from crm.custom_fields f
    where f.id = $1::uuid
        and f.deleted_at is null
    for update
), changed as (
    update crm.custom_fields f
    set deleted_at = now()
    from found o
    where f.id = o.id
        and ($2::bigint[] is null or o.version = any($2))
    returning f.id
)
select h.id is not null
from found f
left join changed h on h.id = f.id
