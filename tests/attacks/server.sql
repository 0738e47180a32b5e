-- The server below the database: files, programs, large objects, the write-ahead log, its settings.
-- Broken by: grant execute on function pg_catalog.pg_read_file(text) to public;
-- Broken by: grant execute on function pg_catalog.lo_creat(integer) to public;

-- ── COPY ───────────────────────────────────────────────────────────────────────────────────────────

-- A query's rows: one's own.
copy (select company_id = :'bob_company' from crm.customers) to stdout;
--> value: t / t

-- A table's rows: one's own.
copy crm.customers (name) to stdout;
--> rows: 2

-- Theirs.
copy (select name from crm.customers where company_id = :'alice_company') to stdout;
--> rows: 0

-- What an update returns.
copy (update crm.customers set title = 'x' where id = :'alice_customer' returning name) to stdout;
--> rows: 0

-- Columns that are not granted.
copy crm.users to stdout;
--> 42501

-- Into a table with row security.
copy crm.customers (name) from stdin;
--> 0A000

-- To a file.
copy crm.customers to '/tmp/stolen';
--> 42501

-- To a program.
copy crm.customers to program 'cat';
--> 42501

-- From a file.
copy crm.customers (name) from '/etc/passwd';
--> 42501

-- From a program.
copy crm.customers (name) from program 'id';
--> 42501

-- ── Files ──────────────────────────────────────────────────────────────────────────────────────────

-- A file.
select pg_read_file('postgresql.conf');
--> 42501

-- As bytes.
select pg_read_binary_file('global/pg_control');
--> 42501

-- A folder.
select pg_ls_dir('base');
--> 42501

-- The log, where other companies' statements may stand.
select * from pg_ls_logdir();
--> 42501

-- Its name.
select pg_current_logfile();
--> 42501

-- The write-ahead log.
select * from pg_ls_waldir();
--> 42501

-- Temporary files of other sessions.
select * from pg_ls_tmpdir();
--> 42501

-- Whether there is a file.
select pg_stat_file('postgresql.conf');
--> 42501

-- ── Large objects, which know no row security ──────────────────────────────────────────────────────

-- A new one.
select lo_creat(-1);
--> 42501

-- Out of bytes.
select lo_from_bytea(0, 'x');
--> 42501

-- Out of a file.
select lo_import('/etc/passwd');
--> 42501

-- Into a file.
select lo_export(1, '/tmp/stolen');
--> 42501

-- Reading one.
select lo_get(1);
--> 42501

-- Reading all.
select data from pg_largeobject;
--> 42501

-- ── The write-ahead log ────────────────────────────────────────────────────────────────────────────

-- Everybody's changes, decoded.
select pg_create_logical_replication_slot('mine', 'pgoutput');
--> 42501

-- From a slot that is there.
select * from pg_logical_slot_get_changes('mine', null, null);
--> 42501

-- A slot that keeps the log for ever.
select pg_create_physical_replication_slot('mine');
--> 42501

-- A message into it.
select pg_logical_emit_message(false, 'mine', 'x');
--> 42501

-- A new piece of it.
select pg_switch_wal();
--> 42501

-- A backup.
select pg_create_restore_point('mine');
--> 42501

-- When somebody's transaction was committed.
select pg_xact_commit_timestamp('3');
--> 55000

-- When the last one was.
select * from pg_last_committed_xact();
--> 55000

-- ── Settings and libraries ─────────────────────────────────────────────────────────────────────────

-- The configuration again.
select pg_reload_conf();
--> 42501

-- Who may connect.
select * from pg_hba_file_rules;
--> 42501

-- What the files say.
select * from pg_file_settings;
--> 42501

-- Where the data is.
show data_directory;
--> 42501

-- Where the rules for connections are.
select current_setting('hba_file');
--> 42501

-- A library.
load 'auto_explain';
--> 42501

-- A library with every session.
set local session_preload_libraries = 'auto_explain';
--> 42501

-- A library with this one: too late, it has begun.
set local local_preload_libraries = 'auto_explain';
--> done

-- What is logged.
set local log_statement = 'all';
--> 42501

-- How much memory a statement may have is one's own affair; whose, is not.
set local temp_file_limit = -1;
--> 42501

-- A checkpoint.
checkpoint;
--> 42501

-- Memory of other sessions into the log.
select pg_log_backend_memory_contexts(1);
--> 42501

-- Forgetting what was counted.
select pg_stat_reset();
--> 42501

-- ── Elsewhere ──────────────────────────────────────────────────────────────────────────────────────

-- Another connection out of an expression.
select dblink('dbname=postgres', 'select 1');
--> 42883

-- An extension.
create extension tablefunc;
--> 42501

-- A database of one's own.
savepoint before;
create database mine;
--> 25001

-- A place for files.
savepoint before;
create tablespace mine location '/tmp';
--> 25001

-- A program that runs in the server.
create function public.f() returns int language c as '/lib/x86_64-linux-gnu/libc.so.6', 'system';
--> 42501

-- One of the functions that only an upgrade may call.
select binary_upgrade_set_next_pg_authid_oid(1);
--> 55P02

-- Collations out of the system.
select pg_import_system_collations('crm');
--> 42501
