-- Sign-up, forgotten passwords and new e-mails: each begins with a mail, and what the mail brings is good once.

-- ── one_time_tokens ────────────────────────────────────────────────────────────────────────────────
create table identity.one_time_tokens (
    id uuid not null default app.uuid_v7(clock_timestamp()),
    kind text not null,
    secret_hash bytea not null,
    identity_id uuid,
    email text not null,
    email_key text collate "C" not null generated always as (app.fold(email)) stored,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint one_time_tokens_pkey primary key (id),
    constraint one_time_tokens_secret_hash_key unique (secret_hash),
    constraint one_time_tokens_identity_id_fkey foreign key (identity_id)
        references identity.identities (id) on delete cascade,
    constraint one_time_tokens_kind_check check (kind in ('verify_email', 'reset_password', 'change_email')),
    constraint one_time_tokens_secret_hash_check check (octet_length(secret_hash) = 32),
    -- Whoever signs up has no login yet; everybody else has one.
    constraint one_time_tokens_identity_id_check check ((kind = 'verify_email') = (identity_id is null)),
    constraint one_time_tokens_email_check
        check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and char_length(email) <= 254),
    constraint one_time_tokens_email_key_check check (octet_length(email_key) <= 2000),
    constraint one_time_tokens_expires_at_check check (expires_at <= created_at + interval '24 hours')
);

create index one_time_tokens_identity_id_idx on identity.one_time_tokens (identity_id);
create index one_time_tokens_expires_at_idx on identity.one_time_tokens (expires_at);

alter table identity.one_time_tokens enable row level security;
alter table identity.one_time_tokens force row level security;
create policy one_time_tokens_floor on identity.one_time_tokens as restrictive for all to public
    using (current_user in ('paddock_auth', 'paddock_owner'))
    with check (current_user in ('paddock_auth', 'paddock_owner'));
comment on policy one_time_tokens_floor on identity.one_time_tokens is
    'Only the login door and the administrator, even if somebody grants more by mistake.';
create policy one_time_tokens_set_up on identity.one_time_tokens for all to paddock_owner
    using (current_user = 'paddock_owner')
    with check (current_user = 'paddock_owner');
comment on policy one_time_tokens_set_up on identity.one_time_tokens is
    'The steps below make tokens and use them up. The login door itself sees none.';

comment on table identity.one_time_tokens is
    'What was sent by mail to be shown once: who shows it reads the mail of that address.';
comment on column identity.one_time_tokens.kind is
    'What it is good for, and for nothing else: a sign-up, a new password, a new e-mail.';
comment on column identity.one_time_tokens.secret_hash is
    'SHA-256 of the 256 random bits of the token, of no use to whoever reads it.';
comment on column identity.one_time_tokens.identity_id is 'Whose login it is about; null for a sign-up.';
comment on column identity.one_time_tokens.email is 'Where it was sent to; for a new e-mail, that one.';
comment on column identity.one_time_tokens.used_at is
    'Since when it is good for nothing: used, or void because password or e-mail have changed.';

-- ── sign_ups ───────────────────────────────────────────────────────────────────────────────────────
create table identity.sign_ups (
    id uuid not null,
    company_name text not null,
    name text not null,
    password_hash text not null,
    constraint sign_ups_pkey primary key (id),
    constraint sign_ups_id_fkey foreign key (id)
        references identity.one_time_tokens (id) on delete cascade,
    constraint sign_ups_company_name_check check (btrim(company_name) <> '' and char_length(company_name) <= 200),
    constraint sign_ups_name_check check (btrim(name) <> '' and char_length(name) <= 200),
    constraint sign_ups_password_hash_check check (password_hash like '$argon2id$%')
);

alter table identity.sign_ups enable row level security;
alter table identity.sign_ups force row level security;
create policy sign_ups_floor on identity.sign_ups as restrictive for all to public
    using (current_user in ('paddock_auth', 'paddock_owner'))
    with check (current_user in ('paddock_auth', 'paddock_owner'));
comment on policy sign_ups_floor on identity.sign_ups is
    'Only the login door and the administrator, even if somebody grants more by mistake.';
create policy sign_ups_set_up on identity.sign_ups for all to paddock_owner
    using (current_user = 'paddock_owner')
    with check (current_user = 'paddock_owner');
comment on policy sign_ups_set_up on identity.sign_ups is
    'The steps below keep a sign-up until its mail is answered. The login door itself sees none.';

comment on table identity.sign_ups is
    'What becomes a login, a company and its owner when the token is shown; until then nobody can log in.';
comment on column identity.sign_ups.id is 'That of its token.';
comment on column identity.sign_ups.password_hash is 'Argon2id in PHC form.';

-- ── Parts of the steps ─────────────────────────────────────────────────────────────────────────────
-- For the owner alone: nobody else may call these two.
create function identity.forget_old_tokens() returns void
    language sql volatile
    set search_path = pg_catalog, pg_temp
    as $$
delete from identity.one_time_tokens
where expires_at < now() - interval '1 day'
$$;
comment on function identity.forget_old_tokens() is
    'Takes away what expired a day ago, sign-ups that nobody confirmed included.';
revoke execute on function identity.forget_old_tokens() from public;

create function identity.end_everything(of_identity uuid) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    as $$
declare
    place record;
begin
    update identity.one_time_tokens t
    set used_at = now()
    where t.identity_id = of_identity
        and t.used_at is null;
    for place in
        select m.company_id, m.user_id
        from identity.memberships m
        where m.identity_id = of_identity
        order by m.company_id
    loop
        perform set_config('app.company_id', place.company_id::text, true);
        update crm.users u
        set token_epoch = u.token_epoch + 1
        where u.company_id = place.company_id
            and u.id = place.user_id;
    end loop;
end
$$;
comment on function identity.end_everything(uuid) is
    'Voids all tokens of a login, and ends its sessions in each of its companies, one company bound at a time.';
revoke execute on function identity.end_everything(uuid) from public;

-- ── The steps ──────────────────────────────────────────────────────────────────────────────────────
-- The login door has nothing in crm, and no row of the tables above. Each function below is one whole step, which it
-- may take and whose parts it may not: it runs as paddock_owner, who cannot log in and is bound by row security, one
-- company at a time, and which company that is follows from the token or the login and is never said by the caller.

create function identity.begin_sign_up(
    of_email text, new_company text, new_name text, new_password_hash text, new_secret_hash bytea
) returns table (is_known boolean, address text)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    known text;
    token_id uuid;
begin
    perform identity.forget_old_tokens();
    select i.email
    into known
    from identity.identities i
    where i.email_key = app.fold(of_email);
    if known is not null then
        return query select true, known;
        return;
    end if;
    insert into identity.one_time_tokens (kind, secret_hash, email, expires_at)
    values ('verify_email', new_secret_hash, of_email, now() + interval '24 hours')
    returning id into token_id;
    insert into identity.sign_ups (id, company_name, name, password_hash)
    values (token_id, new_company, new_name, new_password_hash);
    return query select false, of_email;
end
$$;
comment on function identity.begin_sign_up(text, text, text, text, bytea) is
    'Keeps a sign-up for a day, unless the e-mail has a login; answers which, and the address to write to.';
revoke execute on function identity.begin_sign_up(text, text, text, text, bytea) from public;
grant execute on function identity.begin_sign_up(text, text, text, text, bytea) to paddock_auth;

create function identity.complete_sign_up(shown_hash bytea) returns table (company_id uuid, user_id uuid)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    token record;
    pending record;
    new_identity uuid;
    new_company uuid := app.uuid_v7(clock_timestamp());
    new_user uuid;
begin
    update identity.one_time_tokens t
    set used_at = now()
    where t.secret_hash = shown_hash
        and t.kind = 'verify_email'
        and t.used_at is null
        and t.expires_at > now()
    returning t.id, t.email into token;
    if token.id is null then
        return;
    end if;
    delete from identity.sign_ups s
    where s.id = token.id
    returning s.company_name, s.name, s.password_hash into pending;
    insert into identity.identities (email, password_hash)
    values (token.email, pending.password_hash)
    on conflict on constraint identities_email_key do nothing
    returning id into new_identity;
    -- Somebody else confirmed the same e-mail first: there is a login now.
    if new_identity is null then
        return;
    end if;
    perform set_config('app.company_id', new_company::text, true);
    insert into crm.companies (name)
    values (pending.company_name);
    insert into crm.users (name, email, role)
    values (pending.name, token.email, 'owner')
    returning id into new_user;
    insert into identity.memberships (identity_id, company_id, user_id)
    values (new_identity, new_company, new_user);
    return query select new_company, new_user;
end
$$;
comment on function identity.complete_sign_up(bytea) is
    'Makes a login, a company of its own and its owner out of a sign-up, once; no row if the token is not good.';
revoke execute on function identity.complete_sign_up(bytea) from public;
grant execute on function identity.complete_sign_up(bytea) to paddock_auth;

create function identity.begin_password_reset(of_email text, new_secret_hash bytea) returns table (address text)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
begin
    perform identity.forget_old_tokens();
    return query
    insert into identity.one_time_tokens (kind, secret_hash, identity_id, email, expires_at)
    select 'reset_password', new_secret_hash, i.id, i.email, now() + interval '1 hour'
    from identity.identities i
    where i.email_key = app.fold(of_email)
    returning email;
end
$$;
comment on function identity.begin_password_reset(text, bytea) is
    'Makes a token for a new password, good for an hour; answers the address on record, which is where it is sent to.';
revoke execute on function identity.begin_password_reset(text, bytea) from public;
grant execute on function identity.begin_password_reset(text, bytea) to paddock_auth;

create function identity.words_of_reset(shown_hash bytea) returns table (word text)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    token record;
    place record;
begin
    select t.identity_id, t.email
    into token
    from identity.one_time_tokens t
    join identity.identities i on i.id = t.identity_id
        and i.email_key = t.email_key
    where t.secret_hash = shown_hash
        and t.kind = 'reset_password'
        and t.used_at is null
        and t.expires_at > now();
    if token.identity_id is null then
        return;
    end if;
    return query select token.email;
    for place in
        select m.company_id, m.user_id
        from identity.memberships m
        where m.identity_id = token.identity_id
    loop
        perform set_config('app.company_id', place.company_id::text, true);
        return query
        select unnest(array[c.name, u.name])
        from crm.companies c
        join crm.users u on u.company_id = c.id
            and u.id = place.user_id
        where c.id = place.company_id;
    end loop;
end
$$;
comment on function identity.words_of_reset(bytea) is
    'What a new password must not hold: e-mail, name and companies of whoever has the token; no row if it is not good.';
revoke execute on function identity.words_of_reset(bytea) from public;
grant execute on function identity.words_of_reset(bytea) to paddock_auth;

create function identity.reset_password(shown_hash bytea, new_password_hash text) returns table (address text)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    token record;
    known text;
begin
    update identity.one_time_tokens t
    set used_at = now()
    where t.secret_hash = shown_hash
        and t.kind = 'reset_password'
        and t.used_at is null
        and t.expires_at > now()
    returning t.identity_id, t.email_key into token;
    if token.identity_id is null then
        return;
    end if;
    update identity.identities i
    set password_hash = new_password_hash
    where i.id = token.identity_id
        and i.email_key = token.email_key
    returning i.email into known;
    if known is null then
        return;
    end if;
    perform identity.end_everything(token.identity_id);
    return query select known;
end
$$;
comment on function identity.reset_password(bytea, text) is
    'Sets a new password, once, and ends all sessions; no row if the token is not good.';
revoke execute on function identity.reset_password(bytea, text) from public;
grant execute on function identity.reset_password(bytea, text) to paddock_auth;

create function identity.change_password(of_identity uuid, old_hash text, new_hash text)
    returns table (address text)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    known text;
begin
    update identity.identities i
    set password_hash = new_hash
    where i.id = of_identity
        and i.password_hash = old_hash
    returning i.email into known;
    if known is null then
        return;
    end if;
    perform identity.end_everything(of_identity);
    return query select known;
end
$$;
comment on function identity.change_password(uuid, text, text) is
    'Sets a new password in the place of this one, and ends all sessions; no row if it is another one by now.';
revoke execute on function identity.change_password(uuid, text, text) from public;
grant execute on function identity.change_password(uuid, text, text) to paddock_auth;

create function identity.renew_password_hash(of_identity uuid, old_hash text, new_hash text)
    returns table (renewed uuid)
    language sql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
update identity.identities i
set password_hash = new_hash
where i.id = of_identity
    and i.password_hash = old_hash
returning i.id
$$;
comment on function identity.renew_password_hash(uuid, text, text) is
    'The same password, hashed as passwords are hashed today. Sessions go on.';
revoke execute on function identity.renew_password_hash(uuid, text, text) from public;
grant execute on function identity.renew_password_hash(uuid, text, text) to paddock_auth;

create function identity.begin_email_change(of_identity uuid, new_email text, new_secret_hash bytea)
    returns table (is_known boolean, address text)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    known text;
begin
    perform identity.forget_old_tokens();
    select i.email
    into known
    from identity.identities i
    where i.email_key = app.fold(new_email)
        and i.id <> of_identity;
    if known is not null then
        return query select true, known;
        return;
    end if;
    return query
    insert into identity.one_time_tokens (kind, secret_hash, identity_id, email, expires_at)
    select 'change_email', new_secret_hash, i.id, new_email, now() + interval '1 hour'
    from identity.identities i
    where i.id = of_identity
    returning false, email;
end
$$;
comment on function identity.begin_email_change(uuid, text, bytea) is
    'Makes a token for a new e-mail, good for an hour, unless that has a login; answers which, and where to write to.';
revoke execute on function identity.begin_email_change(uuid, text, bytea) from public;
grant execute on function identity.begin_email_change(uuid, text, bytea) to paddock_auth;

create function identity.change_email(shown_hash bytea) returns table (old_email text, new_email text)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
    as $$
declare
    token record;
    known text;
    place record;
begin
    update identity.one_time_tokens t
    set used_at = now()
    where t.secret_hash = shown_hash
        and t.kind = 'change_email'
        and t.used_at is null
        and t.expires_at > now()
    returning t.identity_id, t.email into token;
    if token.identity_id is null then
        return;
    end if;
    select i.email
    into known
    from identity.identities i
    where i.id = token.identity_id
    for update;
    begin
        update identity.identities i
        set email = token.email
        where i.id = token.identity_id;
        for place in
            select m.company_id, m.user_id
            from identity.memberships m
            where m.identity_id = token.identity_id
            order by m.company_id
        loop
            perform set_config('app.company_id', place.company_id::text, true);
            update crm.users u
            set email = token.email
            where u.company_id = place.company_id
                and u.id = place.user_id;
        end loop;
    exception
        -- The e-mail was taken meanwhile: nothing of it has happened, and the token is used up.
        when unique_violation then
            return;
    end;
    update identity.one_time_tokens t
    set used_at = now()
    where t.identity_id = token.identity_id
        and t.used_at is null;
    return query select known, token.email;
end
$$;
comment on function identity.change_email(bytea) is
    'Sets a new e-mail, once, for the login and for its user in each company, and voids its other tokens.';
revoke execute on function identity.change_email(bytea) from public;
grant execute on function identity.change_email(bytea) to paddock_auth;
