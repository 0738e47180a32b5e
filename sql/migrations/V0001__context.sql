-- Who is asking: every policy and every preset of this database goes through the two helpers below.

create schema crm;
comment on schema crm is 'The records of the companies. Every table has row security, forced.';
create schema identity;
comment on schema identity is 'Who may log in, and to which companies. Only paddock_auth looks here.';

grant usage on schema app, crm to paddock_app;
grant usage on schema app, identity to paddock_auth;

-- ── The context ────────────────────────────────────────────────────────────────────────────────────
-- Bound to each transaction by `set local app.company_id = '…'`. Without it these fail, on purpose: a
-- forgotten context must be an error, never an empty list. STABLE, never IMMUTABLE: an immutable helper
-- would freeze one company into a cached plan. Their names are resolved here, when they are created, so
-- no search_path can turn them into something else.
create function app.company_id() returns uuid
    language sql stable parallel safe
    return pg_catalog.current_setting('app.company_id')::pg_catalog.uuid;
comment on function app.company_id() is 'The company for which this transaction acts; an error if none.';
revoke execute on function app.company_id() from public;
grant execute on function app.company_id() to paddock_app;

create function app.user_id() returns uuid
    language sql stable parallel safe
    return pg_catalog.current_setting('app.user_id')::pg_catalog.uuid;
comment on function app.user_id() is 'The user for whom this transaction acts; an error if none.';
revoke execute on function app.user_id() from public;
grant execute on function app.user_id() to paddock_app;

create function app.refuse_session() returns boolean
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    as $$
begin
    raise exception 'this session is over' using errcode = '28000';
end
$$;
comment on function app.refuse_session() is
    'Ends the transaction of a user who left the company, was disabled, or holds an outdated token.';
revoke execute on function app.refuse_session() from public;
grant execute on function app.refuse_session() to paddock_app;

-- ── Presets and stored keys ────────────────────────────────────────────────────────────────────────
-- UUID version 7 (RFC 9562, method 3): 48 bits of milliseconds, 12 bits of the fraction, 62 random bits.
create function app.uuid_v7(at timestamptz) returns uuid
    language sql volatile parallel safe
    return pg_catalog.encode(
        pg_catalog.int8send(
            ((extract(epoch from at) * 1000000)::bigint / 1000 << 16)
            | 28672
            | ((extract(epoch from at) * 1000000)::bigint % 1000 * 4096 / 1000)
        ) || pg_catalog.substring(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), 9),
        'hex'
    )::pg_catalog.uuid;
comment on function app.uuid_v7(timestamptz) is 'A new id that sorts by the given time.';
revoke execute on function app.uuid_v7(timestamptz) from public;
grant execute on function app.uuid_v7(timestamptz) to paddock_app, paddock_auth;

create function app.fold(value text) returns text
    language sql immutable parallel safe
    return pg_catalog.lower(pg_catalog.normalize(value, 'NFKC'));
comment on function app.fold(text) is
    'What two spellings of a name or an e-mail have in common: compatibility form, lower case.';
revoke execute on function app.fold(text) from public;
grant execute on function app.fold(text) to paddock_app, paddock_auth;

create function app.touch() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    return new;
end
$$;
comment on function app.touch() is 'Counts the version (the ETag) and dates the change. Runs as the caller.';
revoke execute on function app.touch() from public;

-- ── The history of this schema, which the application compares with what it knows ──────────────────
alter table app.schema_history enable row level security;
create policy schema_history_read on app.schema_history for select to paddock_app using (true);
comment on policy schema_history_read on app.schema_history is
    'The version of the schema is no secret: the application refuses to serve one it does not know.';
grant select (version) on app.schema_history to paddock_app;
comment on table app.schema_history is
    'One row per migration, written by the migrator. Holds nothing of any company.';
