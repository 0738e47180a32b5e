-- Has the server the known fixes of row security?
-- Minor versions before these have defects that show rows which policies hide (CVE-2026-14666).
select
    'server_patches' as id,
    'high' as severity,
    format('PostgreSQL %s.%s', v.number / 10000, v.number % 10000) as object,
    format('lacks known fixes of row-level security; %s.%s has them', p.major, p.minor) as detail,
    'update the server, or say --allow-unpatched-postgres' as remedy
from (select current_setting('server_version_num')::integer) v (number)
join (values (15, 19), (16, 15), (17, 11), (18, 6)) p (major, minor) on p.major = v.number / 10000
where v.number % 10000 < p.minor;
