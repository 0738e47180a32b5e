-- Does the database know the letters of all languages?
-- E-mails and names are unique and sorted by their folded form; without Unicode, É and é are two customers.
select
    'server_encoding' as id,
    'critical' as severity,
    current_database()::text as object,
    format(
        'does not fold the case of all letters, or is not UTF-8 (encoding %s)',
        current_setting('server_encoding')
    ) as detail,
    'create it with encoding UTF8 and a Unicode LC_CTYPE such as C.UTF-8, not Turkish' as remedy
where current_setting('server_encoding') <> 'UTF8'
    or lower('I') <> 'i'
    or lower('É') <> 'é';
