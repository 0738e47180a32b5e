//! Questions to the catalog, each of which notices when what it is for is broken.

use crate::harness::{Psql, World};

/// A question to the catalog: no rows is healthy; and ways to break what it asks for, each of which it
/// must notice.
struct Question {
    name: &'static str,
    sql: &'static str,
    sabotage: &'static [&'static str],
}

/// What every question starts from: our tables, with the column that tells the company.
const OURS: &str = "
    with ours as (
        select
            c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.relowner,
            n.nspname,
            case when n.nspname = 'crm' and c.relname = 'companies' then 'id' else 'company_id' end as tenant
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('crm', 'identity', 'app')
    ), tables as (
        select * from ours where relkind in ('r', 'p')
    ), functions as (
        select p.*, p.oid::regprocedure::text as name
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('crm', 'identity', 'app')
    )";

const NEW_TABLE: &str = "create table crm.deals (company_id uuid not null, id uuid, name text)";

const QUESTIONS: &[Question] = &[
    Question {
        name: "every table has row security, and those of companies and logins force it",
        sql: "select oid::regclass from tables
            where not relrowsecurity or nspname <> 'app' and not relforcerowsecurity",
        sabotage: &[
            NEW_TABLE,
            "alter table crm.users disable row level security",
            "alter table crm.companies no force row level security",
            "alter table identity.identities no force row level security",
            "alter table app.schema_history disable row level security",
        ],
    },
    Question {
        name: "every table of a company has the floor: restrictive, for all, to everybody, both ways",
        sql: "select t.oid::regclass from tables t
            where t.nspname = 'crm' and not exists (
                select from pg_policy p
                where p.polrelid = t.oid
                    and not p.polpermissive
                    and p.polcmd = '*'
                    and p.polroles = '{0}'
                    and pg_get_expr(p.polqual, t.oid)
                        ~ format('^\\(%s = \\(? ?(SELECT )?app.company_id\\(\\)', t.tenant)
                    and pg_get_expr(p.polwithcheck, t.oid) = pg_get_expr(p.polqual, t.oid)
            )",
        sabotage: &[
            NEW_TABLE,
            "drop policy users_floor on crm.users",
            "alter policy customers_floor on crm.customers using (true)",
            "alter policy customers_floor on crm.customers with check (true)",
            "alter policy customers_floor on crm.customers to paddock_app",
            "alter policy customers_floor on crm.customers using (id = (select app.company_id()))",
        ],
    },
    Question {
        name: "no policy lets everybody in, and each names the company or the role itself",
        sql: "select polrelid::regclass, polname from pg_policy p
            join tables t on t.oid = p.polrelid
            cross join lateral (
                select case when p.polpermissive then 'company_id' else 'company_id|role' end
            ) h (helper)
            where t.nspname <> 'app' and (
                p.polpermissive and p.polroles = '{0}'
                or t.nspname = 'crm' and (
                    pg_get_expr(p.polqual, t.oid) !~ format('app.(%s)\\(\\)', helper)
                    or pg_get_expr(p.polwithcheck, t.oid) !~ format('app.(%s)\\(\\)', helper)
                )
            )",
        sabotage: &[
            "create policy oops on crm.users using (company_id = (select app.company_id()))",
            "alter policy customers_read on crm.customers using (true)",
            "alter policy customers_create on crm.customers with check (true)",
            "alter policy customers_may_create on crm.customers with check (true)",
        ],
    },
    Question {
        name: "identities are floored by the roles that may see them",
        sql: "select t.oid::regclass from tables t
            where t.nspname = 'identity' and not exists (
                select from pg_policy p
                where p.polrelid = t.oid
                    and not p.polpermissive
                    and p.polcmd = '*'
                    and p.polroles = '{0}'
                    and pg_get_expr(p.polqual, t.oid) ~ '^\\(CURRENT_USER = ANY'
                    and pg_get_expr(p.polwithcheck, t.oid) = pg_get_expr(p.polqual, t.oid)
            )",
        sabotage: &[
            "create table identity.tokens (id uuid)",
            "drop policy memberships_floor on identity.memberships",
        ],
    },
    Question {
        name: "every policy is explained",
        sql: "select polrelid::regclass, polname from pg_policy p
            join tables t on t.oid = p.polrelid
            where coalesce(obj_description(p.oid, 'pg_policy'), '') = ''",
        sabotage: &["comment on policy users_floor on crm.users is null"],
    },
    Question {
        name: "every key and index of a company's table begins with the company",
        sql: "select i.indexrelid::regclass from pg_index i
            join tables t on t.oid = i.indrelid
            left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
            where t.nspname = 'crm' and a.attname is distinct from t.tenant",
        sabotage: &[
            "create index on crm.customers (name_key)",
            "create unique index on crm.customers (email_key, company_id)",
            "create index on crm.customers (lower(name))",
            "alter table crm.customers add constraint x exclude using btree (email with =)",
            "create table crm.deals (id uuid primary key, company_id uuid)",
        ],
    },
    Question {
        name: "every table of a company has a primary key",
        sql: "select t.oid::regclass from tables t
            where not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)",
        sabotage: &[NEW_TABLE],
    },
    Question {
        name: "every foreign key begins with the company on both sides, and never clears it",
        sql: "select c.conrelid::regclass, c.conname from pg_constraint c
            join tables t on t.oid = c.conrelid
            join tables r on r.oid = c.confrelid
            join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
            join pg_attribute f on f.attrelid = r.oid and f.attnum = c.confkey[1]
            where c.contype = 'f' and (
                (t.nspname = 'crm' or r.nspname = 'crm') and (a.attname, f.attname) <> (t.tenant, r.tenant)
                or c.confupdtype <> 'a'
                or c.confdeltype in ('n', 'd') and (
                    c.confdelsetcols is null
                    or exists (
                        select from pg_attribute d
                        where d.attrelid = t.oid
                            and d.attnum = any (c.confdelsetcols)
                            and d.attname = t.tenant
                    )
                )
            )",
        sabotage: &[
            "create unique index x on crm.users (id);
                alter table crm.customers add foreign key (user_id) references crm.users (id)",
            "alter table crm.customers add foreign key (user_id, company_id)
                references crm.users (company_id, id)",
            "alter table crm.customers add foreign key (company_id, user_id)
                references crm.users (company_id, id) on delete set null",
            "alter table crm.customers add foreign key (company_id, user_id)
                references crm.users (company_id, id) on update cascade",
        ],
    },
    Question {
        name: "every table of a company belongs to a company",
        sql: "select t.oid::regclass from tables t
            where t.nspname = 'crm' and t.relname <> 'companies' and not exists (
                select from pg_constraint c
                where c.conrelid = t.oid and c.contype = 'f' and c.confrelid = 'crm.companies'::regclass
            )",
        sabotage: &[NEW_TABLE],
    },
    Question {
        name: "the company is a preset that is never null",
        sql: "select t.oid::regclass from tables t
            left join pg_attribute a on a.attrelid = t.oid and a.attname = t.tenant
            left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
            where t.nspname = 'crm' and (
                not coalesce(a.attnotnull, false)
                or pg_get_expr(d.adbin, t.oid) is distinct from 'app.company_id()'
            )",
        sabotage: &[NEW_TABLE, "alter table crm.customers alter company_id drop default"],
    },
    Question {
        name: "nothing is granted to everybody",
        sql: "select t.oid::regclass::text from ours t, aclexplode(t.relacl) x where x.grantee = 0
            union all
            select a.attrelid::regclass || '.' || a.attname from ours t
            join pg_attribute a on a.attrelid = t.oid, aclexplode(a.attacl) x
            where x.grantee = 0
            union all
            select f.name from functions f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) x
            where x.grantee = 0
            union all
            select n.nspname::text from pg_namespace n, aclexplode(n.nspacl) x
            where x.grantee = 0 and n.nspname in ('crm', 'identity', 'app', 'public')
            union all
            select d.datname::text from pg_database d,
                aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
            where x.grantee = 0 and d.datname = current_database()
            union all
            select 'default privileges' from pg_default_acl",
        sabotage: &[
            "grant select on crm.companies to public",
            "grant select (name) on crm.customers to public",
            "grant execute on function app.fold(text) to public",
            "create function app.f() returns int language sql return 1",
            "grant usage on schema crm to public",
            "alter default privileges in schema crm grant select on tables to paddock_app",
            "grant usage on schema public to public",
        ],
    },
    Question {
        name: "the application may select, insert and update, column by column, and the login door change a second factor",
        sql: "select t.oid::regclass::text, x.privilege_type from ours t, aclexplode(t.relacl) x
            where x.grantee <> t.relowner
            union all
            select a.attrelid::regclass || '.' || a.attname, x.privilege_type from ours t
            join pg_attribute a on a.attrelid = t.oid, aclexplode(a.attacl) x
            where x.privilege_type not in ('SELECT', 'INSERT', 'UPDATE') or x.is_grantable
                or x.privilege_type <> 'SELECT' and (
                    a.attname in ('id', 'company_id', 'user_id', 'created_at', 'updated_at', 'version')
                    or t.nspname <> 'crm' and (
                        t.oid <> 'identity.second_factors'::regclass
                        or x.grantee <> 'paddock_auth'::regrole
                        or (a.attname, x.privilege_type) not in (
                            values ('identity_id', 'INSERT'), ('sealed_secret', 'INSERT'),
                                ('sealed_secret', 'UPDATE'), ('last_step', 'UPDATE'),
                                ('recovery_hashes', 'UPDATE'), ('confirmed_at', 'UPDATE')
                        )
                    )
                )",
        sabotage: &[
            "grant update (identity_id) on identity.second_factors to paddock_auth",
            "grant update (confirmed_at) on identity.second_factors to paddock_app",
            "grant update (password_hash) on identity.identities to paddock_auth",
            "grant select on crm.customers to paddock_app",
            "grant delete on crm.customers to paddock_app",
            "grant references (id) on crm.customers to paddock_app",
            "grant update (company_id) on crm.customers to paddock_app",
            "grant insert (version) on crm.customer_comments to paddock_app",
            "grant select (name) on crm.customers to paddock_app with grant option",
        ],
    },
    Question {
        name: "there are tables and indexes, and no sequences, views or copies",
        sql: "select oid::regclass from ours where relkind not in ('r', 'p', 'i', 'I', 't')",
        sabotage: &[
            "create sequence crm.numbers",
            "create view crm.v as select 1 as one",
            "create materialized view crm.m as select 1 as one",
        ],
    },
    Question {
        name: "no function runs with somebody else's rights but the owner's, for the login door alone or for triggers",
        sql: "select name from functions f
            where prosecdef and (
                f.pronamespace <> 'identity'::regnamespace
                    and name not in (
                        'app.record_change()', 'app.record_failed_login(text)', 'app.record_second_factor()'
                    )
                or f.proowner <> 'paddock_owner'::regrole
                or exists (
                    select from aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) x
                    where x.grantee not in (f.proowner, 'paddock_auth'::regrole)
                        or f.proname in ('record_change', 'record_second_factor') and x.grantee <> f.proowner
                )
            )",
        sabotage: &[
            "alter function app.touch() security definer",
            "grant execute on function app.record_change() to paddock_auth",
            "grant execute on function app.record_second_factor() to paddock_auth",
            "grant execute on function app.record_failed_login(text) to paddock_app",
            "alter function identity.reset_password(bytea, text) owner to postgres",
            "grant execute on function identity.reset_password(bytea, text) to paddock_app",
            "grant execute on function identity.change_email(bytea) to public",
        ],
    },
    Question {
        name: "no function looks names up on the caller's search path",
        sql: "select name from functions
            where prosqlbody is null
                and not coalesce(proconfig::text like '%search_path=pg_catalog, pg_temp%', false)",
        sabotage: &["alter function app.touch() reset search_path"],
    },
    Question {
        name: "who is asking is decided once a statement: stable, and never in advance",
        sql: "select f.name from functions f
            where f.proname in ('company_id', 'user_id') and f.provolatile <> 's'
            union all
            select 'helper missing' where (
                select count(*) from functions where proname in ('company_id', 'user_id')
            ) <> 2",
        sabotage: &[
            "alter function app.company_id() immutable",
            "alter function app.user_id() volatile",
        ],
    },
    Question {
        name: "the application and the login door own nothing and belong to nobody",
        sql: "select oid::regclass::text from pg_class
            where relowner in ('paddock_app'::regrole, 'paddock_auth'::regrole)
            union all
            select member::regrole::text from pg_auth_members
            where member in ('paddock_app'::regrole, 'paddock_auth'::regrole)
            union all
            select rolname from pg_roles
            where rolname in ('paddock_owner', 'paddock_app', 'paddock_auth') and (
                rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
                or rolcanlogin = (rolname = 'paddock_owner')
            )",
        sabotage: &[
            "alter table app.schema_history owner to paddock_app",
            "grant paddock_owner to paddock_app",
            "alter role paddock_app bypassrls",
            "alter role paddock_owner login",
        ],
    },
    Question {
        name: "everything of ours is owned by the owner",
        sql: "select oid::regclass::text from ours where relowner <> 'paddock_owner'::regrole
            union all
            select name from functions where proowner <> 'paddock_owner'::regrole
            union all
            select nspname from pg_namespace
            where nspname in ('crm', 'identity', 'app') and nspowner <> 'paddock_owner'::regrole",
        sabotage: &["create table crm.deals (id uuid)", "alter schema crm owner to postgres"],
    },
    Question {
        name: "no view of the planner's, and no event or rule, looks into a table",
        sql: "select ev_class::regclass::text from pg_rewrite where ev_class in (select oid from ours)
            union all
            select stxname::text from pg_statistic_ext where stxrelid in (select oid from ours)
            union all
            select pubname::text from pg_publication",
        sabotage: &["create rule r as on delete to crm.customers do instead nothing"],
    },
];

#[actix_web::test]
async fn the_catalog_answers_every_question_and_each_question_notices_what_it_is_for() {
    let world = World::new().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    for Question { name, sql, sabotage } in QUESTIONS {
        let question = format!("{OURS} {sql}");
        assert_eq!(admin.rows(&question).await, [""; 0], "{name}");
        for broken in *sabotage {
            admin.run(&format!("begin; {broken}")).await;
            assert_ne!(admin.rows(&question).await, [""; 0], "{name}: {broken} went unnoticed");
            admin.run("rollback").await;
        }
    }
}
