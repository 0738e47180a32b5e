-- Can the server read a column that sounds like a secret?
-- Hashes and tokens belong behind the login door, where no SELECT of the API can reach them.
-- Signed: crm.users.token_epoch, a counter that every access token carries; crm.sessions.secret_hash, SHA-256 of
-- 256 random bits, which the user's own requests compare with and from which nobody finds a token; and
-- crm.api_keys.secret_hash, the same of an API key; crm.api_key_uses.api_key_id and
-- crm.audit_log.api_key_id, which are its id.
select
    'secret_readable' as id,
    'high' as severity,
    format('%I.%I.%I', n.nspname, c.relname, a.attname) as object,
    format('%s may read it', case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end) as detail,
    format(
        'revoke select, select (%I) on %I.%I from %s;',
        a.attname, n.nspname, c.relname,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
cross join lateral (
    select * from aclexplode(a.attacl)
    union all
    select * from aclexplode(c.relacl)
) x
where n.nspname !~ '^(pg_|information_schema$)'
    -- Below that are PostgreSQL's own tables.
    and a.attrelid >= 16384
    and a.attname ~ '(password|passwd|secret|hash|token|api_?key|private_?key|salt|credential)'
    and (n.nspname, c.relname, a.attname) not in (
        values
            ('crm'::name, 'users'::name, 'token_epoch'::name),
            ('crm', 'sessions', 'secret_hash'),
            ('crm', 'api_keys', 'secret_hash'),
            ('crm', 'api_key_uses', 'api_key_id'),
            ('crm', 'audit_log', 'api_key_id')
    )
    and x.privilege_type = 'SELECT'
    and x.grantee <> c.relowner
    and not (n.nspname = 'identity' and pg_get_userbyid(x.grantee) = 'paddock_auth')
order by object, detail;
