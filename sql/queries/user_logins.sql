-- name: require_company
-- Goes ahead of an arrival, when nobody acts yet.
select case
    when exists (
        select
        from crm.companies c
    ) then true
    else app.refuse_session()
end

-- name: require_linked_user
-- As require_current_user, for somebody who logs in elsewhere: the link must still be there.
select case
    when exists (
        select
        from crm.users u
        join crm.user_logins l on l.user_id = u.id
        where u.id = (select app.user_id())
            and u.disabled_at is null
            and l.id = $1::uuid
    ) then true
    else app.refuse_session()
end

-- name: find_user_login
select l.id, l.user_id
from crm.user_logins l
where l.issuer = $1::text
    and l.subject = $2::text

-- name: arrive
-- The first sight of a login, $1 and $2. An existing user of the e-mail $3 is linked only if $4 says so; else a
-- user of the name $5 and the role $6 comes to be, unless that is null or the e-mail is taken. The users of the
-- company are gone through: there are few, and this happens once for each.
with known as (
    select u.id
    from crm.users u
    where $4::boolean
        and app.fold(u.email) = app.fold($3::text)
        and u.disabled_at is null
),
made as (
    insert into crm.users (name, email, role)
    select $5::text, $3::text, $6::text
    where $6::text is not null
        and not exists (
            select
            from known
        )
    on conflict do nothing
    returning id
)
insert into crm.user_logins (user_id, issuer, subject)
select a.id, $1::text, $2::text
from (
    select k.id
    from known k
    union all
    select m.id
    from made m
) a
returning id, user_id
