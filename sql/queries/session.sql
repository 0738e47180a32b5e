-- name: require_current_user
-- Goes ahead of every statement: whoever left, was disabled or holds an old token is out at once.
select case
    when exists (
        select
        from crm.users u
        where u.id = (select app.user_id())
            and u.disabled_at is null
            and ($1::integer is null or u.token_epoch = $1)
    ) then true
    else app.refuse_session()
end

-- name: require_current_session
-- The same for a token of a session, which must not be over. A statement of its own: whoever has no session
-- does not pay for asking.
select case
    when exists (
        select
        from crm.users u
        join crm.sessions s on s.user_id = u.id and s.epoch = u.token_epoch
        where u.id = (select app.user_id())
            and u.disabled_at is null
            and ($1::integer is null or u.token_epoch = $1)
            and s.id = $2::uuid
            and s.ended_at is null
            and s.expires_at > now()
    ) then true
    else app.refuse_session()
end

-- name: require_linked_user
-- The same for somebody who logs in elsewhere: the link must still be there.
select case
    when exists (
        select
        from crm.users u
        join crm.user_logins l on l.member_id = u.id
        where u.id = (select app.user_id())
            and u.disabled_at is null
            and l.id = $1::uuid
    ) then true
    else app.refuse_session()
end

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
