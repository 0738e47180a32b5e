-- Somebody who logs in elsewhere is a user here by a link: the issuer's name for them, and whom it stands for in
-- this company. A user arrives before anybody acts; then app.user_id holds the id of nobody, which is all zeros.

create table crm.user_logins (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    user_id uuid not null,
    issuer text not null,
    subject text not null,
    created_at timestamptz not null default now(),
    constraint user_logins_pkey primary key (company_id, id),
    constraint user_logins_company_id_fkey foreign key (company_id)
        references crm.companies (id) on delete cascade,
    constraint user_logins_user_id_fkey foreign key (company_id, user_id)
        references crm.users (company_id, id) on delete cascade,
    constraint user_logins_subject_key unique (company_id, issuer, subject),
    -- One name per issuer: whoever gets the e-mail of somebody who left does not get their place.
    constraint user_logins_user_id_key unique (company_id, user_id, issuer),
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
create policy user_logins_read on crm.user_logins for select to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            user_id = (select app.user_id())
            or (select app.user_id()) = '00000000-0000-0000-0000-000000000000'
        )
    );
comment on policy user_logins_read on crm.user_logins is
    'A user sees their own logins; all of the company are looked through while nobody acts, at an arrival.';
create policy user_logins_arrive on crm.user_logins for insert to paddock_app
    with check (
        company_id = (select app.company_id())
        and (select app.user_id()) = '00000000-0000-0000-0000-000000000000'
    );
comment on policy user_logins_arrive on crm.user_logins is
    'A login is linked at an arrival, while nobody acts: no user links one.';
create policy user_logins_set_up on crm.user_logins for all to paddock_owner
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy user_logins_set_up on crm.user_logins is
    'An administrator links logins of one company at a time, with its context bound.';

-- A link is made and removed, never changed.
grant select (company_id, id, user_id, issuer, subject, created_at) on crm.user_logins to paddock_app;
grant insert (user_id, issuer, subject) on crm.user_logins to paddock_app;
comment on table crm.user_logins is
    'Whom the logins of outside identity providers stand for. Removing one ends it at the next request.';
comment on column crm.user_logins.issuer is 'The claim iss of the provider''s tokens.';
comment on column crm.user_logins.subject is 'The provider''s name for the person, by default the claim sub.';

-- ── users: at their first sight, where the server is configured so ─────────────────────────────────
create policy users_arrive on crm.users for insert to paddock_app
    with check (
        company_id = (select app.company_id())
        and (select app.user_id()) = '00000000-0000-0000-0000-000000000000'
        and role in ('member', 'viewer')
    );
comment on policy users_arrive on crm.users is
    'Somebody who logs in elsewhere becomes a user while nobody acts: no user makes another, and no owner arrives.';
grant insert (name, email, role) on crm.users to paddock_app;
