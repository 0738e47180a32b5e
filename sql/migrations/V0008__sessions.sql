-- A session is one login on one device. It goes on by refresh tokens, of which each is good once; whoever shows
-- an old one ends it for everybody who has a token of it.

create table crm.sessions (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    user_id uuid not null default app.user_id(),
    secret_hash bytea not null,
    epoch integer not null,
    user_agent text,
    created_at timestamptz not null default now(),
    refreshed_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '168 hours',
    ended_at timestamptz,
    constraint sessions_pkey primary key (company_id, id),
    constraint sessions_company_id_fkey foreign key (company_id)
        references crm.companies (id) on delete cascade,
    constraint sessions_user_id_fkey foreign key (company_id, user_id)
        references crm.users (company_id, id) on delete cascade,
    constraint sessions_secret_hash_check check (octet_length(secret_hash) = 32),
    constraint sessions_user_agent_check check (char_length(user_agent) <= 200),
    -- Thirty days after the login it is over, whatever anybody writes here.
    constraint sessions_expires_at_check check (expires_at <= created_at + interval '720 hours')
);

-- For the list, which goes by id: those sort by the time of the login.
create index sessions_user_id_idx on crm.sessions (company_id, user_id, id);

alter table crm.sessions enable row level security;
alter table crm.sessions force row level security;
create policy sessions_floor on crm.sessions as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy sessions_floor on crm.sessions is
    'Whoever you are: only sessions of the company you act for.';
create policy sessions_own on crm.sessions as restrictive for all to paddock_app
    using (company_id = (select app.company_id()) and user_id = (select app.user_id()))
    with check (company_id = (select app.company_id()) and user_id = (select app.user_id()));
comment on policy sessions_own on crm.sessions is
    'Of those, only your own: whatever else is permitted, no colleague sees or touches a session.';
create policy sessions_read on crm.sessions for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy sessions_read on crm.sessions is 'A user sees sessions; sessions_own says which.';
create policy sessions_start on crm.sessions for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy sessions_start on crm.sessions is 'A login begins a session of the one who logs in.';
create policy sessions_change on crm.sessions for update to paddock_app
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy sessions_change on crm.sessions is 'A user refreshes and ends their own sessions.';
create policy sessions_look on crm.sessions for select to paddock_owner
    using (company_id = (select app.company_id()));
comment on policy sessions_look on crm.sessions is
    'An administrator finds what has long been over in one company, with its context bound.';
create policy sessions_retain on crm.sessions for delete to paddock_owner
    using (company_id = (select app.company_id()));
comment on policy sessions_retain on crm.sessions is
    'An administrator takes out what has long been over. There is no policy to change a session.';

-- To whom a session belongs, when it began and what it was begun with never change.
grant select (
    company_id, id, user_id, secret_hash, epoch, user_agent, created_at, refreshed_at, expires_at, ended_at
) on crm.sessions to paddock_app;
grant insert (secret_hash, epoch, user_agent) on crm.sessions to paddock_app;
grant update (secret_hash, refreshed_at, expires_at, ended_at) on crm.sessions to paddock_app;
comment on table crm.sessions is 'The logins of users, each with its current refresh token; ended ones stay until `paddock purge`.';
comment on column crm.sessions.secret_hash is
    'SHA-256 of the 256 secret bits of the current refresh token, of no use to whoever reads it.';
comment on column crm.sessions.epoch is
    'The user''s token_epoch at the login: when that is raised, the session is over.';
comment on column crm.sessions.user_agent is 'What the client called itself at the login, for people to recognise.';
comment on column crm.sessions.refreshed_at is 'When the current refresh token came about.';
comment on column crm.sessions.expires_at is
    'A week after the last refresh, thirty days after the login at the latest.';
comment on column crm.sessions.ended_at is 'Since when it is over: logged out, ended from elsewhere, or stolen.';
