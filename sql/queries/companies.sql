-- name: get_company
select
    c.id, c.name, c.member_visibility, c.viewer_visibility, c.created_at, c.updated_at, c.version
from crm.companies c

-- name: update_company
-- One row; its columns are null if the version is none of those that the caller expects.
with found as (
    select c.id, c.version
    from crm.companies c
    for update
), changed as (
    update crm.companies c
    set
        member_visibility = coalesce($2::text, c.member_visibility),
        viewer_visibility = coalesce($3::text, c.viewer_visibility)
    from found f
    where c.id = f.id
        and ($1::bigint[] is null or f.version = any($1))
    returning
        c.id, c.name, c.member_visibility, c.viewer_visibility, c.created_at, c.updated_at, c.version
)
select h.*
from found f
left join changed h on h.id = f.id
