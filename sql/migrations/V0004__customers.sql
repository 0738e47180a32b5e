-- Customers are the people a company sells to. Each belongs to one company, for ever; a user may own it.

create table crm.customers (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    user_id uuid default app.user_id(),
    name text not null,
    name_key text collate "C" not null generated always as (app.fold(name)) stored,
    email text,
    email_key text collate "C" generated always as (app.fold(email)) stored,
    phone text,
    title text,
    lifecycle_stage text not null default 'lead',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    version bigint not null default 1,
    constraint customers_pkey primary key (company_id, id),
    constraint customers_company_id_fkey foreign key (company_id) references crm.companies (id)
        on delete cascade,
    constraint customers_user_id_fkey foreign key (company_id, user_id)
        references crm.users (company_id, id) on delete set null (user_id),
    constraint customers_name_check check (btrim(name) <> '' and char_length(name) <= 200),
    constraint customers_name_key_check check (octet_length(name_key) <= 2000),
    constraint customers_email_check
        check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and char_length(email) <= 254),
    constraint customers_email_key_check check (octet_length(email_key) <= 2000),
    constraint customers_phone_check check (btrim(phone) <> '' and char_length(phone) <= 50),
    constraint customers_title_check check (btrim(title) <> '' and char_length(title) <= 200),
    constraint customers_lifecycle_stage_check
        check (lifecycle_stage in ('lead', 'prospect', 'customer', 'former'))
);

-- One customer per e-mail and company, among those not deleted. Never without the company: a global rule
-- would tell each company what the others have.
create unique index customers_email_key on crm.customers (company_id, email_key)
    where deleted_at is null;
create index customers_created_at_idx on crm.customers (company_id, created_at, id)
    where deleted_at is null;
create index customers_updated_at_idx on crm.customers (company_id, updated_at, id)
    where deleted_at is null;
create index customers_name_idx on crm.customers (company_id, name_key, id)
    where deleted_at is null;
create index customers_user_id_idx on crm.customers (company_id, user_id, created_at, id);
-- Those without an owner, in their order: IS NULL is no equality, so the index above would have to sort.
create index customers_user_id_null_idx on crm.customers (company_id, created_at, id)
    where user_id is null and deleted_at is null;
create index customers_lifecycle_stage_idx on crm.customers (company_id, lifecycle_stage, created_at, id)
    where deleted_at is null;
create index customers_deleted_at_idx on crm.customers (company_id, deleted_at, id)
    where deleted_at is not null;

-- There are four stages, and the planner would take any several of them for nearly all customers. All
-- companies share one plan, so it must suit the rarest stage.
alter table crm.customers alter column lifecycle_stage set (n_distinct = 20);

create trigger customers_touch before update on crm.customers
    for each row execute function app.touch();

alter table crm.customers enable row level security;
alter table crm.customers force row level security;
create policy customers_floor on crm.customers as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy customers_floor on crm.customers is
    'Whoever you are: only customers of the company you act for.';
-- Who sees a record with an owner is said like this on every table. In one policy: PostgreSQL asks `or` in this
-- order, so that whoever sees all asks no further, and several policies in an order of its own.
create policy customers_read on crm.customers for select to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.sees_all())
            or user_id = any ((select app.visible_owners())::uuid[])
            or id = any ((select app.shared('read'))::uuid[])
        )
    );
comment on policy customers_read on crm.customers is
    'Owners, admins and whoever else may see all do so; others see what they own, what their team owns if the company says so, and what is shared with them.';
create policy customers_create on crm.customers for insert to paddock_app
    with check (company_id = (select app.company_id()));
comment on policy customers_create on crm.customers is 'A customer is added to the company one acts for.';
create policy customers_may_create on crm.customers as restrictive for insert to paddock_app
    with check ((select app.role()) in ('owner', 'admin', 'member') or app.refuse('customers_may_create'));
comment on policy customers_may_create on crm.customers is 'Everybody but viewers may add a customer.';
-- Whoever sees a customer reaches it for a change, so that one who may not change it is refused, not deaf.
create policy customers_change on crm.customers for update to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.sees_all())
            or user_id = any ((select app.visible_owners())::uuid[])
            or id = any ((select app.shared('read'))::uuid[])
        )
    )
    with check (company_id = (select app.company_id()));
comment on policy customers_change on crm.customers is
    'Whoever sees a customer reaches it; customers_may_change says who changes it. None can be moved to another company.';
create policy customers_may_change on crm.customers as restrictive for update to paddock_app
    with check (
        (select app.role()) in ('owner', 'admin')
        or (select app.role()) = 'member' and (
            (select app.sees_all())
            or user_id = any ((select app.visible_owners())::uuid[])
            or id = any ((select app.shared('write'))::uuid[])
        )
        or app.refuse('customers_may_change')
    );
comment on policy customers_may_change on crm.customers is
    'Members change what they see, but what is shared with them to read; viewers change nothing.';

-- Presets (company_id, user_id, id), dates and the version are readable and never writable.
grant select (
    company_id, id, user_id, name, name_key, email, email_key, phone, title, lifecycle_stage,
    created_at, updated_at, deleted_at, version
) on crm.customers to paddock_app;
grant insert (name, email, phone, title, lifecycle_stage) on crm.customers to paddock_app;
grant update (name, email, phone, title, lifecycle_stage, deleted_at) on crm.customers to paddock_app;
comment on table crm.customers is 'The people a company sells to.';
comment on column crm.customers.user_id is 'The owner: who created the customer; null once that user is gone.';
comment on column crm.customers.name_key is 'The folded name, for sorting and prefix search below row security.';
comment on column crm.customers.email_key is 'The folded e-mail: one customer per e-mail and company.';
comment on column crm.customers.deleted_at is 'Since when the customer is in the bin; null if it is not.';
comment on column crm.customers.version is 'Counts changes; the ETag of the API.';
