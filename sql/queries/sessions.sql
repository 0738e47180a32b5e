-- name: start_session
-- At a login: a session of the acting user; who that is, and the epoch that its tokens carry. $3 is when they logged in,
-- if they come from another company: thirty days after that it is over.
with started as (
    insert into crm.sessions (secret_hash, epoch, user_agent, logged_in_at, expires_at)
    select
        $1::bytea, u.token_epoch, $2::text, coalesce($3::timestamptz, now()),
        least(now() + interval '168 hours', coalesce($3, now()) + interval '720 hours')
    from crm.users u
    where u.id = (select app.user_id())
    returning id, epoch, expires_at
)
select
    s.id, s.epoch, extract(epoch from s.expires_at - now())::bigint,
    u.id, u.company_id, u.name, u.email, u.role, u.disabled_at, u.created_at, u.updated_at, u.version,
    c.id, c.name, c.member_visibility, c.viewer_visibility, c.created_at, c.updated_at, c.version
from started s
join crm.users u on u.id = (select app.user_id())
join crm.companies c on c.id = u.company_id

-- name: refresh_session
-- $2 is the hash of the token that came, $3 that of its successor. The current token takes its turn. If the
-- successor is the current one already, then the token's immediate predecessor came: within ten seconds that is
-- a second tab, or somebody whose answer was lost. Anything else is a token that was used before: the end.
update crm.sessions s
set
    secret_hash = case when s.secret_hash = $2::bytea then $3::bytea else s.secret_hash end,
    refreshed_at = case when s.secret_hash = $2::bytea then now() else s.refreshed_at end,
    expires_at = case
        when s.secret_hash = $2::bytea
            then least(
                now() + interval '168 hours',
                s.created_at + interval '720 hours',
                s.logged_in_at + interval '720 hours'
            )
        else s.expires_at
    end,
    ended_at = case
        when s.secret_hash = $2::bytea then null
        when s.secret_hash = $3::bytea and s.refreshed_at > now() - interval '10 seconds' then null
        else now()
    end,
    end_reason = case
        when s.secret_hash = $2::bytea then null
        when s.secret_hash = $3::bytea and s.refreshed_at > now() - interval '10 seconds' then null
        else 'reused'
    end
where s.id = $1::uuid
    and s.ended_at is null
    and s.expires_at > now()
returning s.ended_at is null, s.epoch, extract(epoch from s.expires_at - now())::bigint

-- name: when_logged_in
select s.logged_in_at
from crm.sessions s
where s.id = $1::uuid
    and s.ended_at is null
    and s.expires_at > now()

-- name: end_session
update crm.sessions s
set ended_at = now(), end_reason = 'ended'
where s.id = $1::uuid
    and s.ended_at is null
    and s.expires_at > now()
returning s.id

-- name: end_other_sessions
-- All of the acting user but this one; all of them, if it is null.
update crm.sessions s
set ended_at = now()
where s.user_id = (select app.user_id())
    and s.id is distinct from $1::uuid
    and s.ended_at is null
    and s.expires_at > now()

-- name: get_session
select s.id, s.user_agent, s.created_at, s.refreshed_at, s.expires_at
from crm.sessions s
where s.id = $1::uuid
    and s.ended_at is null
    and s.expires_at > now()

-- name: list_sessions
-- Of the acting user, newest first (ids sort by time), below the one with this id.
select s.id, s.user_agent, s.created_at, s.refreshed_at, s.expires_at
from crm.sessions s
where s.user_id = (select app.user_id())
    and s.ended_at is null
    and s.expires_at > now()
    and s.id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by s.id desc
limit $2::bigint
