-- name: list_companies_with_logins
-- The owner sees companies one at a time; of which there are, the login door's memberships tell. Whoever has a session has
-- one. In the order of their ids, behind that one.
select distinct m.company_id
from identity.memberships m
where m.company_id > $1::uuid
order by m.company_id
limit $2::bigint

-- name: purge_sessions
-- As the owner, with the company bound: so many at most, the oldest first. An id is as old as its session, so the primary
-- key finds those that could be over so long.
delete from crm.sessions s
where s.company_id = (select app.company_id())
    and s.id in (
        select o.id
        from crm.sessions o
        where o.company_id = (select app.company_id())
            and o.id < (select app.uuid_v7(now() - make_interval(days => $1::integer)))
            and least(o.ended_at, o.expires_at) < now() - make_interval(days => $1)
        order by o.id
        limit $2::bigint
    )

-- name: purge_invitations
-- The same: accepted, revoked or expired.
delete from crm.invitations i
where i.company_id = (select app.company_id())
    and i.id in (
        select o.id
        from crm.invitations o
        where o.company_id = (select app.company_id())
            and o.id < (select app.uuid_v7(now() - make_interval(days => $1::integer)))
            and least(o.accepted_at, o.revoked_at, o.expires_at) < now() - make_interval(days => $1)
        order by o.id
        limit $2::bigint
    )

-- name: purge_one_time_tokens
-- They belong to no company. Sign-ups that nobody confirmed go with theirs. The steps that make tokens take away what
-- expired a day ago; this is for an installation in which nobody asks for mails any more.
delete from identity.one_time_tokens t
where t.id in (
    select o.id
    from identity.one_time_tokens o
    where o.expires_at < now() - make_interval(days => $1::integer)
    order by o.expires_at
    limit $2::bigint
)
