-- name: enter
-- Goes ahead of every statement: whoever left, was disabled or holds an old token is out at once, and so is
-- everybody while the company is suspended. Binds what the user is; see app.enter.
select app.enter($1::integer, $2::uuid, $3::uuid, $4::uuid, $5::bytea, $6::text)

-- name: still_open
-- Goes ahead of a COMMIT: in an aborted transaction it fails, where COMMIT would answer as if all were well.
select true

-- name: clock
-- For readiness checks: that the database answers, and how far its clock is from the server's. Milliseconds.
select (extract(epoch from clock_timestamp()) * 1000)::bigint

-- name: schema_version
select max(h.version)::bigint
from app.schema_history h

-- name: session
-- Whether the role of this session could step around row security.
select
    r.rolname::text,
    r.rolsuper
    or r.rolbypassrls
    or exists (
        select
        from pg_catalog.pg_auth_members m
        where m.member = r.oid
    )
    or exists (
        select
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('app', 'crm', 'identity')
            and c.relowner = r.oid
    ) as is_exempt
from pg_catalog.pg_roles r
where r.rolname = current_user
