-- What this schema was when its last migration ended, in words: whoever changes it by hand is noticed.

-- ── The catalog in words ───────────────────────────────────────────────────────────────────────────
-- No OIDs and no positions, so that a restored copy reads the same; names are written in full whatever
-- the caller's search_path is.
create function app.catalog() returns table (object text, definition text)
    language sql stable parallel safe
    set search_path = pg_catalog, pg_temp
    as $$
with schemas as (
    select n.oid, n.nspname, n.nspowner, n.nspacl
    from pg_namespace n
    where n.nspname in ('app', 'crm', 'identity')
), relations as (
    select c.*, format('%I.%I', s.nspname, c.relname) as name
    from pg_class c
    join schemas s on s.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
), functions as (
    select p.*, format('%I.%I(%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes)) as name
    from pg_proc p
    join schemas s on s.oid = p.pronamespace
), grants as (
    select 'schema ' || s.nspname as object, x.grantee, x.privilege_type, x.is_grantable
    from schemas s
    cross join lateral aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) x
    union all
    select 'relation ' || c.name, x.grantee, x.privilege_type, x.is_grantable
    from relations c
    cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
    where x.grantee <> c.relowner
    union all
    select format('column %s.%I', c.name, a.attname), x.grantee, x.privilege_type, x.is_grantable
    from relations c
    join pg_attribute a on a.attrelid = c.oid
    cross join lateral aclexplode(a.attacl) x
    where not a.attisdropped
    union all
    select 'function ' || f.name, x.grantee, x.privilege_type, x.is_grantable
    from functions f
    cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) x
    where x.grantee <> f.proowner
)
select 'schema ' || s.nspname, 'owner ' || pg_get_userbyid(s.nspowner)
from schemas s
union all
select
    'relation ' || c.name,
    format(
        'kind %s, persistence %s, owner %s, row security %s, forced %s, options %s',
        c.relkind, c.relpersistence, pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity,
        coalesce(array_to_string(c.reloptions, ' '), 'none')
    )
from relations c
union all
select
    format('column %s.%I', c.name, a.attname),
    format(
        '%s%s%s%s%s',
        format_type(a.atttypid, a.atttypmod),
        case when a.attcollation <> t.typcollation then ' collate ' || a.attcollation::regcollation end,
        case when a.attnotnull then ' not null' end,
        case a.attgenerated when 's' then ' generated ' when 'v' then ' virtual ' else ' default ' end,
        coalesce(pg_get_expr(d.adbin, d.adrelid), 'none')
    )
from relations c
join pg_attribute a on a.attrelid = c.oid
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0
    and not a.attisdropped
union all
-- NOT NULL stands with the column: PostgreSQL 18 counts it among the constraints as well.
select
    format('constraint %I on %s', k.conname, c.name),
    pg_get_constraintdef(k.oid)
from pg_constraint k
join relations c on c.oid = k.conrelid
where k.contype <> 'n'
union all
select format('index %I on %s', x.relname, c.name), pg_get_indexdef(i.indexrelid)
from pg_index i
join pg_class x on x.oid = i.indexrelid
join relations c on c.oid = i.indrelid
union all
select
    format('policy %I on %s', p.polname, c.name),
    format(
        '%s for %s to %s using %s with check %s',
        case when p.polpermissive then 'permissive' else 'restrictive' end,
        p.polcmd,
        (
            select string_agg(case r.oid when 0 then 'public' else pg_get_userbyid(r.oid) end, ', ' order by 1)
            from unnest(p.polroles) r (oid)
        ),
        coalesce(pg_get_expr(p.polqual, p.polrelid), 'none'),
        coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'none')
    )
from pg_policy p
join relations c on c.oid = p.polrelid
union all
select
    format('trigger %I on %s', t.tgname, c.name),
    format('%s, enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
from pg_trigger t
join relations c on c.oid = t.tgrelid
where not t.tgisinternal
union all
select format('rule %I on %s', r.rulename, c.name), pg_get_ruledef(r.oid)
from pg_rewrite r
join relations c on c.oid = r.ev_class
union all
select 'function ' || f.name, format('owner %s, %s', pg_get_userbyid(f.proowner), pg_get_functiondef(f.oid))
from functions f
where f.prokind in ('f', 'p')
union all
select
    format('grant on %s to %s', g.object, case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end),
    string_agg(
        g.privilege_type || case when g.is_grantable then ' with grant option' else '' end,
        ', ' order by g.privilege_type
    )
from grants g
group by g.object, g.grantee
$$;
comment on function app.catalog() is
    'Every object of the schemas app, crm and identity with its definition, owner and grants.';
revoke execute on function app.catalog() from public;
grant execute on function app.catalog() to paddock_app, paddock_auth;

-- ── catalog_record ─────────────────────────────────────────────────────────────────────────────────
create table app.catalog_record (
    object text not null,
    definition text not null,
    schema_version bigint not null,
    constraint catalog_record_pkey primary key (object)
);

-- Not forced: its owner, the migrator, writes it, and nobody else.
alter table app.catalog_record enable row level security;
create policy catalog_record_read on app.catalog_record for select to paddock_app, paddock_auth using (true);
comment on policy catalog_record_read on app.catalog_record is
    'The shape of the schema is no secret: the audit compares it with what is there.';
grant select (object, definition, schema_version) on app.catalog_record to paddock_app, paddock_auth;
comment on table app.catalog_record is
    'What app.catalog() said when the last migration ended. Holds nothing of any company.';

create function app.record_catalog() returns void
    language sql volatile
    set search_path = pg_catalog, pg_temp
    as $$
delete from app.catalog_record;
insert into app.catalog_record (object, definition, schema_version)
select c.object, c.definition, (select max(h.version) from app.schema_history h)
from app.catalog() c;
$$;
comment on function app.record_catalog() is
    'Says that the schema is as it should be. The migrator calls it; a DBA may, after a change that was meant.';
revoke execute on function app.record_catalog() from public;
