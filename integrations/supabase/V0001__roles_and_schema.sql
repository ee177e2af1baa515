-- Roles and schema of the hub.
--
-- hub_log       owns the log's tables and functions; nobody logs in as it
-- hub_writer    may call hub.append and nothing else
-- hub_engine    may call the claim, finish and housekeeping functions and nothing else
-- hub_app       reads and writes one tenant's rows, fenced by row-level security
-- hub_registry  looks up tenants and API keys
-- hub_ops       the admin API: lists, replays, changes the registry
--
-- None is superuser, none has BYPASSRLS, none that logs in owns a table. The hub gives the five login roles a password at
-- start; run by hand, these files leave them without login.
do $$
declare
  r text;
begin
  foreach r in array array['hub_log', 'hub_writer', 'hub_engine', 'hub_app', 'hub_registry', 'hub_ops'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = r) then
      execute format('create role %I nologin noinherit', r);
    end if;
    if exists (select from pg_catalog.pg_roles where rolname = r and (rolsuper or rolbypassrls)) then
      raise exception 'role % exists and is superuser or BYPASSRLS: refuse to use it', r;
    end if;
  end loop;
  -- The migrating user hands tables over to hub_log and keeps access to them.
  execute format('grant hub_log to %I', current_user);
end $$;

create schema if not exists hub;
revoke all on schema hub from public;
grant usage, create on schema hub to hub_log;
grant usage on schema hub to hub_writer, hub_engine, hub_app, hub_registry, hub_ops;
grant usage, create on schema public to hub_log;
grant usage on schema public to hub_app, hub_registry, hub_ops;
