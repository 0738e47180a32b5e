-- Comments are what colleagues note about a customer, for themselves. They go where their customer goes.

create table crm.customer_comments (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    customer_id uuid not null,
    user_id uuid default app.user_id(),
    body text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    version bigint not null default 1,
    constraint customer_comments_pkey primary key (company_id, id),
    constraint customer_comments_company_id_fkey foreign key (company_id)
        references crm.companies (id) on delete cascade,
    constraint customer_comments_customer_id_fkey foreign key (company_id, customer_id)
        references crm.customers (company_id, id) on delete cascade,
    constraint customer_comments_user_id_fkey foreign key (company_id, user_id)
        references crm.users (company_id, id) on delete set null (user_id),
    constraint customer_comments_body_check check (btrim(body) <> '' and char_length(body) <= 10000)
);

create index customer_comments_created_at_idx
    on crm.customer_comments (company_id, customer_id, created_at, id);
create index customer_comments_user_id_idx on crm.customer_comments (company_id, user_id);

create trigger customer_comments_touch before update on crm.customer_comments
    for each row execute function app.touch();

alter table crm.customer_comments enable row level security;
alter table crm.customer_comments force row level security;
create policy customer_comments_floor on crm.customer_comments as restrictive for all to public
    using (company_id = (select app.company_id()))
    with check (company_id = (select app.company_id()));
comment on policy customer_comments_floor on crm.customer_comments is
    'Whoever you are: only comments of the company you act for.';
-- Visibility comes first for speed alone: whoever sees all customers need not ask for each.
create policy customer_comments_read on crm.customer_comments for select to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.sees_all())
            or exists (
                select
                from crm.customers c
                where c.company_id = customer_comments.company_id
                    and c.id = customer_comments.customer_id
            )
        )
    );
comment on policy customer_comments_read on crm.customer_comments is
    'Whoever sees a customer reads its comments.';
create policy customer_comments_create on crm.customer_comments for insert to paddock_app
    with check (
        company_id = (select app.company_id())
        and (
            (select app.sees_all())
            or exists (
                select
                from crm.customers c
                where c.company_id = customer_comments.company_id
                    and c.id = customer_comments.customer_id
            )
        )
    );
comment on policy customer_comments_create on crm.customer_comments is
    'Whoever sees a customer comments on it, as themselves: the author is a preset.';
create policy customer_comments_may_create on crm.customer_comments as restrictive for insert to paddock_app
    with check ((select app.role()) in ('owner', 'admin', 'member') or app.refuse('customer_comments_may_create'));
comment on policy customer_comments_may_create on crm.customer_comments is
    'Everybody but viewers may comment.';
create policy customer_comments_change on crm.customer_comments for update to paddock_app
    using (
        company_id = (select app.company_id())
        and (
            (select app.sees_all())
            or exists (
                select
                from crm.customers c
                where c.company_id = customer_comments.company_id
                    and c.id = customer_comments.customer_id
            )
        )
    )
    with check (company_id = (select app.company_id()));
comment on policy customer_comments_change on crm.customer_comments is
    'Whoever sees a customer edits its comments; none can be moved to another company.';
create policy customer_comments_may_change on crm.customer_comments as restrictive for update to paddock_app
    with check ((select app.role()) in ('owner', 'admin', 'member') or app.refuse('customer_comments_may_change'));
comment on policy customer_comments_may_change on crm.customer_comments is
    'Everybody but viewers may edit a comment.';

grant select (
    company_id, id, customer_id, user_id, body, created_at, updated_at, deleted_at, version
) on crm.customer_comments to paddock_app;
grant insert (customer_id, body) on crm.customer_comments to paddock_app;
grant update (body, deleted_at) on crm.customer_comments to paddock_app;
comment on table crm.customer_comments is 'Internal notes on a customer.';
comment on column crm.customer_comments.user_id is 'The author; null once that user is gone.';
comment on column crm.customer_comments.deleted_at is 'Since when the comment is gone; null if it is not.';
comment on column crm.customer_comments.version is 'Counts changes; the ETag of the API.';
