-- Is the server new enough?
-- Views that look with the caller's eyes, SET NULL for chosen columns: both came with PostgreSQL 15.
select
    'server_version' as id,
    'critical' as severity,
    'PostgreSQL ' || current_setting('server_version') as object,
    'is too old' as detail,
    'use PostgreSQL 15 or newer' as remedy
where current_setting('server_version_num')::integer < 150000;
