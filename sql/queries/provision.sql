-- name: create_company
-- As the owner, with the new company's id in app.company_id: its row takes that id as a preset.
insert into crm.companies (name)
values ($1::text)
returning id

-- name: suspend_company
-- As the owner, with the company bound: nobody acts for it from the next request on, or everybody may again.
update crm.companies c
set suspended_at = case when $1::boolean then coalesce(c.suspended_at, now()) end
returning c.id

-- name: create_user
-- As the owner, with the company bound.
insert into crm.users (name, email, role)
values ($1::text, $2::text, $3::text)
returning id

-- name: find_identity
select i.id
from identity.identities i
where i.email_key = app.fold($1::text)

-- name: create_identity
insert into identity.identities (email, password_hash)
values ($1::text, $2::text)
returning id

-- name: create_membership
insert into identity.memberships (identity_id, company_id, user_id)
values ($1::uuid, $2::uuid, $3::uuid)
returning user_id

-- name: create_user_login
-- As the owner, with the company bound.
insert into crm.user_logins (member_id, issuer, subject)
select u.id, $2::text, $3::text
from crm.users u
where u.email_key = app.fold($1::text)
returning member_id
