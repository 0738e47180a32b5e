-- Teams see each other's customers where the company says so, and one customer can be shared with a user or a
-- team. Nothing here is deleted: what was shared with whom, and until when, stays known.

-- ── teams ──────────────────────────────────────────────────────────────────────────────────────────
create table crm.teams (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    version bigint not null default 1,
    constraint teams_pkey primary key (company_id, id),
    constraint teams_company_id_fkey foreign key (company_id) references crm.companies (id)
        on delete cascade,
    constraint teams_name_check check (btrim(name) <> '' and char_length(name) <= 200)
);

create index teams_created_at_idx on crm.teams (company_id, created_at, id) where deleted_at is null;

create trigger teams_touch before update on crm.teams
    for each row execute function app.touch();

alter table crm.teams enable row level security;
alter table crm.teams force row level security;
create policy teams_floor on crm.teams as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy teams_floor on crm.teams is 'Whoever you are: only teams of the company you act for.';
create policy teams_read on crm.teams for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy teams_read on crm.teams is 'Everybody in the company sees its teams.';
create policy teams_create on crm.teams for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy teams_create on crm.teams is 'What is added belongs to the company one acts for.';
create policy teams_may_create on crm.teams as restrictive for insert to paddock_app
    with check ((select app.role()) in ('owner', 'admin') or app.refuse('teams_may_create'));
comment on policy teams_may_create on crm.teams is 'Only owners and admins form teams.';
create policy teams_change on crm.teams for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy teams_change on crm.teams is 'Nothing can be moved to another company.';
create policy teams_may_change on crm.teams as restrictive for update to paddock_app
    with check ((select app.role()) in ('owner', 'admin') or app.refuse('teams_may_change'));
comment on policy teams_may_change on crm.teams is 'Only owners and admins change teams.';

grant select (company_id, id, name, created_at, updated_at, deleted_at, version) on crm.teams to paddock_app;
grant insert (name) on crm.teams to paddock_app;
grant update (name, deleted_at) on crm.teams to paddock_app;
comment on table crm.teams is 'Users who work together. A user may be in several teams.';
comment on column crm.teams.deleted_at is 'Since when the team is no more; null if it is.';
comment on column crm.teams.version is 'Counts changes; the ETag of the API.';

-- ── team_members ───────────────────────────────────────────────────────────────────────────────────
create table crm.team_members (
    company_id uuid not null default app.company_id(),
    team_id uuid not null,
    member_id uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    removed_at timestamptz,
    version bigint not null default 1,
    constraint team_members_pkey primary key (company_id, team_id, member_id),
    constraint team_members_company_id_fkey foreign key (company_id) references crm.companies (id)
        on delete cascade,
    constraint team_members_team_id_fkey foreign key (company_id, team_id)
        references crm.teams (company_id, id) on delete cascade,
    constraint team_members_member_id_fkey foreign key (company_id, member_id)
        references crm.users (company_id, id) on delete cascade
);

create index team_members_created_at_idx on crm.team_members (company_id, team_id, created_at, member_id);
create index team_members_member_id_idx on crm.team_members (company_id, member_id);

create trigger team_members_touch before update on crm.team_members
    for each row execute function app.touch();

alter table crm.team_members enable row level security;
alter table crm.team_members force row level security;
create policy team_members_floor on crm.team_members as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy team_members_floor on crm.team_members is 'Whoever you are: only memberships in teams of the company you act for.';
create policy team_members_read on crm.team_members for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy team_members_read on crm.team_members is
    'Everybody in the company sees who is in which team.';
create policy team_members_create on crm.team_members for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy team_members_create on crm.team_members is 'What is added belongs to the company one acts for.';
create policy team_members_may_create on crm.team_members as restrictive for insert to paddock_app
    with check ((select app.role()) in ('owner', 'admin') or app.refuse('team_members_may_create'));
comment on policy team_members_may_create on crm.team_members is 'Only owners and admins put users into teams.';
create policy team_members_change on crm.team_members for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy team_members_change on crm.team_members is 'Nothing can be moved to another company.';
create policy team_members_may_change on crm.team_members as restrictive for update to paddock_app
    with check ((select app.role()) in ('owner', 'admin') or app.refuse('team_members_may_change'));
comment on policy team_members_may_change on crm.team_members is 'Only owners and admins take users out of teams and put them back.';

grant select (company_id, team_id, member_id, created_at, updated_at, removed_at, version)
    on crm.team_members to paddock_app;
grant insert (team_id, member_id) on crm.team_members to paddock_app;
grant update (removed_at) on crm.team_members to paddock_app;
comment on table crm.team_members is 'Which users are in which teams.';
comment on column crm.team_members.member_id is 'The user. Not called user_id: that is whoever acts, and a preset.';
comment on column crm.team_members.removed_at is 'Since when the user is out of the team; null if they are in it.';

-- ── record_shares ──────────────────────────────────────────────────────────────────────────────────
-- A share is of one record, through the foreign key of its kind: one reference for all kinds could not take the
-- company along. Another kind is one more nullable column with its foreign key and index, its word in
-- record_shares_record_check and in app.shared, and its `exists` in the two rules below.
create table crm.record_shares (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    user_id uuid default app.user_id(),
    customer_id uuid,
    recipient_user_id uuid,
    recipient_team_id uuid,
    permission text not null default 'read',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    version bigint not null default 1,
    constraint record_shares_pkey primary key (company_id, id),
    constraint record_shares_company_id_fkey foreign key (company_id) references crm.companies (id)
        on delete cascade,
    constraint record_shares_customer_id_fkey foreign key (company_id, customer_id)
        references crm.customers (company_id, id) on delete cascade,
    constraint record_shares_user_id_fkey foreign key (company_id, user_id)
        references crm.users (company_id, id) on delete set null (user_id),
    constraint record_shares_recipient_user_id_fkey foreign key (company_id, recipient_user_id)
        references crm.users (company_id, id) on delete cascade,
    constraint record_shares_recipient_team_id_fkey foreign key (company_id, recipient_team_id)
        references crm.teams (company_id, id) on delete cascade,
    constraint record_shares_permission_check check (permission in ('read', 'write')),
    constraint record_shares_record_check check (num_nonnulls(customer_id) = 1),
    constraint record_shares_recipient_check check (num_nonnulls(recipient_user_id, recipient_team_id) = 1)
);

create index record_shares_created_at_idx on crm.record_shares (company_id, customer_id, created_at, id);
create index record_shares_user_id_idx on crm.record_shares (company_id, user_id);
create index record_shares_recipient_user_id_idx on crm.record_shares (company_id, recipient_user_id);
create index record_shares_recipient_team_id_idx on crm.record_shares (company_id, recipient_team_id);

create trigger record_shares_touch before update on crm.record_shares
    for each row execute function app.touch();

-- These rows must be readable without asking who sees the customer: that question is answered by them.
alter table crm.record_shares enable row level security;
alter table crm.record_shares force row level security;
create policy record_shares_floor on crm.record_shares as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy record_shares_floor on crm.record_shares is 'Whoever you are: only shares of the company you act for.';
create policy record_shares_read on crm.record_shares for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy record_shares_read on crm.record_shares is
    'What is shared with whom is no secret among colleagues; the customer itself may be.';
create policy record_shares_create on crm.record_shares for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy record_shares_create on crm.record_shares is 'What is added belongs to the company one acts for.';
create policy record_shares_may_create on crm.record_shares as restrictive for insert to paddock_app
    with check (
        (select app.role()) in ('owner', 'admin')
        or (select app.role()) = 'member' and exists (
            select
            from crm.customers c
            where c.company_id = record_shares.company_id
                and c.id = record_shares.customer_id
                and c.user_id = (select app.user_id())
        )
        or app.refuse('record_shares_may_create')
    );
comment on policy record_shares_may_create on crm.record_shares is 'Owners and admins share every customer, members those they own.';
create policy record_shares_change on crm.record_shares for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy record_shares_change on crm.record_shares is 'Nothing can be moved to another company.';
create policy record_shares_may_change on crm.record_shares as restrictive for update to paddock_app
    with check (
        (select app.role()) in ('owner', 'admin')
        or (select app.role()) = 'member' and exists (
            select
            from crm.customers c
            where c.company_id = record_shares.company_id
                and c.id = record_shares.customer_id
                and c.user_id = (select app.user_id())
        )
        or app.refuse('record_shares_may_change')
    );
comment on policy record_shares_may_change on crm.record_shares is 'Owners and admins take back every share, members those of customers they own.';

grant select (
    company_id, id, user_id, customer_id, recipient_user_id, recipient_team_id, permission,
    created_at, updated_at, deleted_at, version
) on crm.record_shares to paddock_app;
grant insert (customer_id, recipient_user_id, recipient_team_id, permission) on crm.record_shares to paddock_app;
grant update (deleted_at) on crm.record_shares to paddock_app;
comment on table crm.record_shares is
    'One record, shown to a user or a team who might not see it otherwise. Several shares add up.';
comment on column crm.record_shares.customer_id is 'The record, if it is a customer.';
comment on column crm.record_shares.user_id is 'Who shared it; null once that user is gone.';
comment on column crm.record_shares.permission is
    'read, or write: also change. Viewers never change anything.';
comment on column crm.record_shares.deleted_at is 'Since when the share is taken back; null if it is not.';
comment on column crm.record_shares.version is 'Counts changes; the ETag of the API.';
