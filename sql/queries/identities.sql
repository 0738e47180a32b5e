-- name: find_login
-- By the login door: the identity of an e-mail, the company that it enters, and whether it has a second factor. That
-- company is $2, if it is given; else, of those where its user may act, the one that it came to first.
select
    i.id,
    i.password_hash,
    m.company_id,
    m.user_id,
    f.confirmed_at is not null
from identity.identities i
join identity.memberships m on m.identity_id = i.id
left join identity.second_factors f on f.identity_id = i.id
where i.email_key = app.fold($1::text)
    and ($2::uuid is null or m.company_id = $2)
order by identity.may_enter(m.company_id, m.user_id) desc, m.created_at, m.company_id
limit 1

-- name: record_failed_login
-- By the login door, when the answer is decided. It is the same work for an e-mail that nobody has, but for the writing.
select app.record_failed_login($1::text)
