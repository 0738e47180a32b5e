-- Somebody who logs in elsewhere is a user here by a link: the issuer's name for them, and whom it stands for in
-- this company. A link comes to be by the login door, in one step, or by an administrator.

-- ── user_logins ────────────────────────────────────────────────────────────────────────────────────
create table crm.user_logins (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    member_id uuid not null,
    issuer text not null,
    subject text not null,
    created_at timestamptz not null default now(),
    constraint user_logins_pkey primary key (company_id, id),
    constraint user_logins_company_id_fkey foreign key (company_id)
        references crm.companies (id) on delete cascade,
    constraint user_logins_member_id_fkey foreign key (company_id, member_id)
        references crm.users (company_id, id) on delete cascade,
    constraint user_logins_subject_key unique (company_id, issuer, subject),
    -- One name per issuer: whoever gets the e-mail of somebody who left does not get their place.
    constraint user_logins_member_id_key unique (company_id, member_id, issuer),
    constraint user_logins_issuer_check check (issuer <> '' and octet_length(issuer) <= 1000),
    constraint user_logins_subject_check check (subject <> '' and octet_length(subject) <= 1000)
);

create trigger user_logins_record after insert or update or delete on crm.user_logins
    for each row execute function app.record_change();

alter table crm.user_logins enable row level security;
alter table crm.user_logins force row level security;
create policy user_logins_floor on crm.user_logins as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy user_logins_floor on crm.user_logins is
    'Whoever you are: only logins of the company you act for.';
create policy user_logins_own on crm.user_logins as restrictive for all to paddock_app
    using (company_id = (select app.company_id()) and member_id = (select app.user_id()))
    with check (company_id = (select app.company_id()) and member_id = (select app.user_id()));
comment on policy user_logins_own on crm.user_logins is
    'Of those, only your own: whatever else is permitted, no colleague sees or touches a login.';
create policy user_logins_read on crm.user_logins for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy user_logins_read on crm.user_logins is 'A user sees logins; user_logins_own says which.';
create policy user_logins_look on crm.user_logins for select to paddock_owner
    using (company_id = (select app.company_id()));
comment on policy user_logins_look on crm.user_logins is
    'An administrator, and identity.arrive, find logins of one company at a time, with its context bound.';
create policy user_logins_link on crm.user_logins for insert to paddock_owner
    with check (company_id = (select app.company_id()));
comment on policy user_logins_link on crm.user_logins is
    'They link logins of that company.';
create policy user_logins_unlink on crm.user_logins for delete to paddock_owner
    using (company_id = (select app.company_id()));
comment on policy user_logins_unlink on crm.user_logins is
    'An administrator removes a link. There is no policy to change one: whoever held it would keep it.';

-- The application makes no link and removes none: it asks whether one is still there.
grant select (company_id, id, member_id, issuer, subject, created_at) on crm.user_logins to paddock_app;
comment on table crm.user_logins is
    'Whom the logins of outside identity providers stand for. Removing one ends it at the next request.';
comment on column crm.user_logins.member_id is
    'The user. Not called user_id: that is whoever acts, and a preset.';
comment on column crm.user_logins.issuer is 'The claim iss of the provider''s tokens.';
comment on column crm.user_logins.subject is 'The provider''s name for the person, by default the claim sub.';

-- ── The step ───────────────────────────────────────────────────────────────────────────────────────
-- As the steps in V0010__accounts.sql, but for one thing: the company is said by the caller. It stands in a token that the
-- provider signed, and the database cannot read that. So the most that it does is fixed here: it changes no user, makes
-- none but a member or a viewer, and gives nobody a second login of the same issuer. A link is of no use to
-- whoever has no token of that issuer for it.
create function identity.arrive(
    of_company uuid, of_issuer text, of_subject text, of_email text, by_email boolean, new_name text, new_role text
) returns table (login_id uuid, user_id uuid)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    arriving uuid;
    is_new boolean := false;
begin
    perform set_config('app.company_id', of_company::text, true);
    return query
    select l.id, l.member_id
    from crm.user_logins l
    where l.company_id = of_company
        and l.issuer = of_issuer
        and l.subject = of_subject;
    if found then
        return;
    end if;
    if not exists (
        select
        from crm.companies c
        where c.id = of_company
            and c.suspended_at is null
    ) then
        return;
    end if;
    if by_email then
        select u.id
        into arriving
        from crm.users u
        where u.company_id = of_company
            and u.email_key = app.fold(of_email)
            and u.disabled_at is null;
    end if;
    if arriving is null then
        if of_email is null or new_role is null or new_role not in ('member', 'viewer') then
            return;
        end if;
        is_new := true;
        arriving := app.uuid_v7(clock_timestamp());
    end if;
    -- The audit log names whoever arrives.
    perform set_config('app.user_id', arriving::text, true);
    if is_new then
        insert into crm.users (id, name, email, role)
        values (arriving, new_name, of_email, new_role);
    end if;
    return query
    insert into crm.user_logins (member_id, issuer, subject)
    values (arriving, of_issuer, of_subject)
    returning id, member_id;
exception
    -- Somebody has the e-mail, or has a login of this issuer; or another request of theirs was quicker.
    when unique_violation then
        perform set_config('app.company_id', of_company::text, true);
        return query
        select l.id, l.member_id
        from crm.user_logins l
        where l.company_id = of_company
            and l.issuer = of_issuer
            and l.subject = of_subject;
end
$$;
comment on function identity.arrive(uuid, text, text, text, boolean, text, text) is
    'Whom an outside login stands for in a company, after linking or making the user where that is allowed; no row if '
    'nobody. Never an owner or an admin that was not there before.';
revoke execute on function identity.arrive(uuid, text, text, text, boolean, text, text) from public;
grant execute on function identity.arrive(uuid, text, text, text, boolean, text, text) to paddock_auth;
