-- Who changed what that matters for security, and when. A trigger writes it; nobody changes it, and only the owner
-- of the schema takes out what is too old. Records of other tables will be a trigger on each of them.

-- ── audit_log ──────────────────────────────────────────────────────────────────────────────────────
-- No references but to the company: a record stays as it is when its user or what it is about is gone.
create table crm.audit_log (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    user_id uuid default app.user_id(),
    api_key_id uuid,
    operation text not null,
    table_name text not null,
    record_id uuid,
    changes jsonb not null,
    created_at timestamptz not null default now(),
    constraint audit_log_pkey primary key (company_id, id),
    constraint audit_log_company_id_fkey foreign key (company_id)
        references crm.companies (id) on delete cascade,
    constraint audit_log_operation_check check (operation ~ '^[a-z0-9_.-]{1,80}$'),
    constraint audit_log_table_name_check check (table_name ~ '^[a-z0-9_.-]{1,63}$'),
    -- As long as the columns that they are about, whose texts are all limited.
    constraint audit_log_changes_check check (jsonb_typeof(changes) = 'object')
);

create index audit_log_created_at_idx on crm.audit_log (company_id, created_at, id);
create index audit_log_user_id_idx on crm.audit_log (company_id, user_id, created_at, id);
create index audit_log_api_key_id_idx on crm.audit_log (company_id, api_key_id, created_at, id)
    where api_key_id is not null;
create index audit_log_operation_idx on crm.audit_log (company_id, operation, created_at, id);
create index audit_log_record_id_idx on crm.audit_log (company_id, record_id, created_at, id);

-- An error, not an empty log: whoever may not read it is told so. The one place that says who may. A policy is asked
-- about rows that were found; statements that find none must ask by themselves.
create function app.may_read_audit_log() returns boolean
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
begin
    return app.role() in ('owner', 'admin') or app.refuse('audit_log_may_read');
end
$$;
comment on function app.may_read_audit_log() is 'True for owners and admins, an error for everybody else.';
revoke execute on function app.may_read_audit_log() from public;
grant execute on function app.may_read_audit_log() to paddock_app;

alter table crm.audit_log enable row level security;
alter table crm.audit_log force row level security;
create policy audit_log_floor on crm.audit_log as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy audit_log_floor on crm.audit_log is
    'Whoever you are: only records of the company you act for.';
create policy audit_log_may_read on crm.audit_log as restrictive for select to paddock_app
    using (company_id = (select app.company_id()) and (select app.may_read_audit_log()));
comment on policy audit_log_may_read on crm.audit_log is
    'Owners and admins read the log; everybody else is refused, whatever else is permitted.';
create policy audit_log_read on crm.audit_log for select to paddock_app
    using (company_id = (select app.company_id()));
comment on policy audit_log_read on crm.audit_log is 'A user reads the log; audit_log_may_read says which user.';
create policy audit_log_append on crm.audit_log for insert to paddock_owner
    with check (company_id = (select app.company_id()));
comment on policy audit_log_append on crm.audit_log is
    'Only app.record_change and app.record_failed_login write, as the owner, for one company at a time.';
create policy audit_log_look on crm.audit_log for select to paddock_owner
    using (company_id = (select app.company_id()));
comment on policy audit_log_look on crm.audit_log is
    'An administrator finds what is too old in one company, with its context bound.';
create policy audit_log_retain on crm.audit_log for delete to paddock_owner
    using (company_id = (select app.company_id()));
comment on policy audit_log_retain on crm.audit_log is
    'An administrator takes out what is too old. There is no policy to change a record: nobody does.';

grant select (company_id, id, user_id, api_key_id, operation, table_name, record_id, changes, created_at)
    on crm.audit_log to paddock_app;
comment on table crm.audit_log is 'What happened that matters for security. Append-only; written by triggers.';
comment on column crm.audit_log.user_id is
    'Who acted, also when that user is gone; null for an administrator and for whoever failed to log in.';
comment on column crm.audit_log.api_key_id is
    'The API key by which that user acted; null for people. app.enter binds it as app.api_key_id, once the key is good.';
comment on column crm.audit_log.operation is
    '<table>.<insert|update|delete>, or a name of its own: session.started, session.ended, session.reused, login.failed.';
comment on column crm.audit_log.record_id is 'The id of the row in table_name; of team_members, that of the team.';
comment on column crm.audit_log.changes is
    'By column: {"old": …, "new": …}, or {"redacted": true} for a secret that changed.';

-- ── What writes it ─────────────────────────────────────────────────────────────────────────────────
-- The application has no INSERT on the log, so that nobody who reaches its role can forge a record: this runs as the
-- owner, from triggers alone. A trigger may name the operation. Columns that sound like secrets are redacted by
-- their name (as in sql/audit/38_secret_readable.sql), so that nobody has to remember to; stored keys (`…_key`)
-- say nothing that their column does not. A trigger of a table whose rows have no id says which column stands for it, and
-- which one tells them apart: every record names that one, as it has not changed.
create function app.record_change() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    before jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end;
    after jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) end;
    either jsonb := before || after;
    -- A company is its own.
    company text := coalesce(either ->> 'company_id', either ->> 'id');
    bound text := current_setting('app.company_id', true);
    differences jsonb;
    unchanged jsonb := '{}';
begin
    select jsonb_object_agg(
        k.name,
        case
            when k.name ~ '(password|passwd|secret|hash|token|api_?key|private_?key|salt|credential)'
                and k.name <> 'token_epoch'
                then '{"redacted": true}'
            when tg_op = 'INSERT' then jsonb_build_object('new', after -> k.name)
            when tg_op = 'DELETE' then jsonb_build_object('old', before -> k.name)
            else jsonb_build_object('old', before -> k.name, 'new', after -> k.name)
        end
    )
    into differences
    from jsonb_object_keys(either) k (name)
    where coalesce(before -> k.name, 'null') <> coalesce(after -> k.name, 'null')
        and k.name not in ('company_id', 'id', 'created_at', 'updated_at', 'version')
        and k.name !~ '_key$';
    if differences is null and tg_op = 'UPDATE' then
        return null;
    end if;
    if tg_nargs = 3 and tg_op = 'UPDATE' then
        unchanged := jsonb_build_object(
            tg_argv[2], jsonb_build_object('old', before -> tg_argv[2], 'new', after -> tg_argv[2])
        );
    end if;
    -- Below row security the company of the row is the one that is bound. Whoever works past it, as in a data
    -- migration, need not have bound any.
    if bound is distinct from company then
        perform set_config('app.company_id', company, true);
    end if;
    -- With a company, its log goes as well.
    if tg_op <> 'DELETE' or exists (select from crm.companies c where c.id = company::uuid) then
        insert into crm.audit_log (user_id, api_key_id, operation, table_name, record_id, changes)
        values (
            nullif(current_setting('app.user_id', true), '')::uuid,
            nullif(current_setting('app.api_key_id', true), '')::uuid,
            coalesce(nullif(tg_argv[0], ''), tg_table_name || '.' || lower(tg_op)),
            tg_table_name,
            (either ->> coalesce(tg_argv[1], 'id'))::uuid,
            unchanged || coalesce(differences, '{}')
        );
    end if;
    if bound is distinct from company then
        perform set_config('app.company_id', coalesce(bound, ''), true);
    end if;
    return null;
end
$$;
comment on function app.record_change() is
    'Records that a row came, changed or went, in the log of its company. Runs as the owner, for triggers alone.';
revoke execute on function app.record_change() from public;

create trigger companies_record after insert or update on crm.companies
    for each row execute function app.record_change();
create trigger users_record after insert or update or delete on crm.users
    for each row execute function app.record_change();
create trigger teams_record after insert or update on crm.teams
    for each row execute function app.record_change();
create trigger team_members_record after insert or update on crm.team_members
    for each row execute function app.record_change('', 'team_id', 'member_id');
create trigger record_shares_record after insert or update on crm.record_shares
    for each row execute function app.record_change();

-- Why a session ended. That it goes on is no news; that an old token came is.
alter table crm.sessions
    add column end_reason text,
    add constraint sessions_end_reason_check check (end_reason in ('ended', 'reused'));
grant select (end_reason), update (end_reason) on crm.sessions to paddock_app;
comment on column crm.sessions.end_reason is
    'ended: by its user. reused: a refresh token came a second time. Null where it goes on or expired.';

create trigger sessions_record_start after insert on crm.sessions
    for each row execute function app.record_change('session.started');
create trigger sessions_record_end after update of ended_at on crm.sessions
    for each row
    when (old.ended_at is null and new.ended_at is not null and new.end_reason is distinct from 'reused')
    execute function app.record_change('session.ended');
create trigger sessions_record_reuse after update of ended_at on crm.sessions
    for each row
    when (old.ended_at is null and new.ended_at is not null and new.end_reason = 'reused')
    execute function app.record_change('session.reused');
-- Nothing of ours does that.
create trigger sessions_record_change after update of ended_at on crm.sessions
    for each row
    when (old.ended_at is not null and old.ended_at is distinct from new.ended_at)
    execute function app.record_change();

-- ── Failed logins ──────────────────────────────────────────────────────────────────────────────────
-- Whoever guesses passwords must not fill the disk: an identity has one row here, and its companies one record a
-- minute at most, with the number of failures since the last one.
create table identity.login_failures (
    identity_id uuid not null,
    attempts integer not null default 0,
    recorded_at timestamptz,
    constraint login_failures_pkey primary key (identity_id),
    constraint login_failures_identity_id_fkey foreign key (identity_id)
        references identity.identities (id) on delete cascade
);

alter table identity.login_failures enable row level security;
alter table identity.login_failures force row level security;
create policy login_failures_floor on identity.login_failures as restrictive for all to public
    using (current_user in ('paddock_auth', 'paddock_owner'))
    with check (current_user in ('paddock_auth', 'paddock_owner'));
comment on policy login_failures_floor on identity.login_failures is
    'Only the login door and the administrator, even if somebody grants more by mistake.';
create policy login_failures_count on identity.login_failures for all to paddock_owner
    using (current_user = 'paddock_owner')
    with check (current_user = 'paddock_owner');
comment on policy login_failures_count on identity.login_failures is
    'app.record_failed_login counts, as the owner. The login door itself has no grant.';
comment on table identity.login_failures is 'How often a login failed since that was last recorded.';
comment on column identity.login_failures.attempts is 'Failures since recorded_at that no record has told yet.';
comment on column identity.login_failures.recorded_at is 'When the audit logs were last told.';

-- Runs as the owner: the login door sees nothing of any company, and writes there only this.
create function app.record_failed_login(login text) returns void
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    known uuid;
    failures identity.login_failures;
    place identity.memberships;
begin
    select i.id
    into known
    from identity.identities i
    where i.email_key = app.fold(login);
    if not found then
        return;
    end if;
    -- Two at once come one after the other: the row is locked from here on.
    insert into identity.login_failures as f (identity_id, attempts)
    values (known, 1)
    on conflict (identity_id) do update set attempts = f.attempts + 1
    returning * into failures;
    if failures.recorded_at > now() - interval '1 minute' then
        return;
    end if;
    update identity.login_failures f
    set attempts = 0, recorded_at = now()
    where f.identity_id = known;
    for place in
        select *
        from identity.memberships m
        where m.identity_id = known
    loop
        perform set_config('app.company_id', place.company_id::text, true);
        insert into crm.audit_log (user_id, operation, table_name, record_id, changes)
        values (
            null, 'login.failed', 'users', place.user_id,
            jsonb_build_object('attempts', jsonb_build_object('new', failures.attempts))
        );
    end loop;
    perform set_config('app.company_id', '', true);
end
$$;
comment on function app.record_failed_login(text) is
    'Counts a login that failed, and records it for each company of the e-mail, once a minute at most.';
revoke execute on function app.record_failed_login(text) from public;
grant execute on function app.record_failed_login(text) to paddock_auth;
