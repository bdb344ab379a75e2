import { type Migration, sql } from 'kysely'
import { BITS } from './schema.ts'

/** Each step by its name, in their order; a step that was released never changes. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-hosts': stepOf([
    `create extension if not exists pg_trgm`,
    `create table setting (key text primary key, value text not null)`,
    `create table feature (arch text, id integer, name text not null, primary key (arch, id), unique (arch, name))`,
    `create table cpu (
      id integer generated always as identity primary key,
      hash text not null unique,
      arch text not null, vendor text, phys_bits integer,
      present bit(${BITS}) not null, possible bit(${BITS}) not null, absent bit(${BITS}) not null,
      offered bit(${BITS}) not null, hazards bit(${BITS}) not null
    )`,
    `create table evidence (hash bytea primary key, text bytea not null, dialect text not null)`,
    `alter table evidence alter column text set storage external`,
    `create table profile (
      id integer generated always as identity primary key,
      hash text not null unique,
      cpu integer not null references cpu,
      evidence bytea not null references evidence,
      facts jsonb not null
    )`,
    `create table host (
      id text collate "C" primary key,
      name text collate "C" not null, pool text collate "C" not null,
      profile integer not null references profile,
      evidence bytea not null references evidence,
      identity jsonb not null, guests integer not null,
      reporter text, first_seen timestamptz not null, seen timestamptz not null
    ) with (fillfactor = 85)`,
    `create index host_pool on host (pool, id)`,
    `create index host_name on host (lower(name) text_pattern_ops)`,
    `create index host_id on host (lower(id) text_pattern_ops)`,
    `create index host_words on host using gin (lower(id || ' ' || name) gin_trgm_ops)`,
    `create table history (
      host text collate "C" not null,
      since timestamptz not null, until timestamptz,
      name text collate "C" not null, pool text collate "C" not null,
      profile integer not null references profile,
      evidence bytea not null references evidence,
      identity jsonb not null, guests integer not null,
      primary key (host, since), check (since < until)
    )`,
    `create unique index history_now on history (host) where until is null`,
    `create index history_since on history (since)`,
    `create index history_until on history (until) where until is not null`,
    `create table pool_cpu (
      pool text collate "C", cpu integer, n integer not null, primary key (pool, cpu)
    ) with (fillfactor = 70)`,
    `create table decision (
      id integer generated always as identity primary key,
      pool text collate "C" not null, cpu text, before text,
      decided_by text not null, why text not null, at timestamptz not null default now()
    )`,
    `create index decision_pool on decision (pool, id)`,
    `create table token (
      id text primary key, hash text not null unique, name text not null, roles jsonb not null, hosts text,
      created timestamptz not null default now(), created_by text not null,
      expires timestamptz, revoked timestamptz, last_used timestamptz
    )`,
    `create table audit_log (
      id integer generated always as identity primary key,
      at timestamptz not null default now(),
      who text not null, action text not null, target text, address text, detail jsonb
    )`,
    ...countingTriggers(),
  ]),
  '0002-alerts': stepOf([
    `create table alert (
      id integer generated always as identity primary key,
      rule text not null, kind text not null, pool text collate "C" not null,
      state text not null check (state in ('pending', 'firing', 'resolved')),
      since timestamptz not null, fired timestamptz, until timestamptz,
      detail json not null, acknowledged json, delivered timestamptz
    )`,
    `create unique index alert_open on alert (pool, rule, kind) where until is null`,
    `create index alert_fired on alert (fired)`,
    `create index alert_until on alert (until) where until is not null`,
    `create table delivery (
      id integer generated always as identity primary key,
      alert integer not null references alert on delete cascade,
      receiver text not null, status text not null, detail json not null,
      at timestamptz not null default now(),
      tries integer not null default 0, next timestamptz not null default now()
    )`,
    `create index delivery_receiver on delivery (receiver, id)`,
    `create index delivery_alert on delivery (alert)`,
    `create table alert_lease (
      is_only boolean primary key default true check (is_only),
      holder text not null, until timestamptz not null, rules text not null
    )`,
    `create table touched_pool (
      id bigint generated always as identity primary key,
      pool text collate "C" not null, at timestamptz not null default clock_timestamp()
    )`,
    ...touchingTriggers(),
  ]),
  '0003-identities': stepOf([
    // Another machine under the same id is another host, even of the same name and kind.
    `create or replace trigger host_changed after update on host for each row
      when ((old.name, old.pool, old.profile, old.identity->>'uuid')
        is distinct from (new.name, new.pool, new.profile, new.identity->>'uuid'))
      execute function host_changed()`,
  ]),
}

function stepOf(statements: readonly string[]): Migration {
  return {
    async up(db) {
      for (const statement of statements) await sql.raw(statement).execute(db)
    },
  }
}

function trigger(name: string, when: string, body: string): string[] {
  return [
    `create function ${name}() returns trigger language plpgsql as $$ begin ${body} return null; end $$`,
    `create trigger ${name} after ${when} execute function ${name}()`,
  ]
}

/** Notes which pools were touched, as long as some server has evaluated alerts within a day. */
function touchingTriggers(): string[] {
  const note = (pools: string) => `
    if exists (select from alert_lease where until > clock_timestamp() - interval '24 hours') then
      insert into touched_pool (pool) select distinct pool from ${pools};
    end if;`
  return [
    ...trigger(
      'pool_joined',
      'insert on host referencing new table as new_rows for each statement',
      note('new_rows'),
    ),
    ...trigger(
      'pool_left',
      'delete on host referencing old table as old_rows for each statement',
      note('old_rows'),
    ),
    ...trigger(
      'pool_changed',
      `update on host for each row when ((old.name, old.pool, old.profile, old.guests)
        is distinct from (new.name, new.pool, new.profile, new.guests)
        or (new.guests > 0 and old.evidence <> new.evidence))`,
      note('(values (old.pool), (new.pool)) p(pool)'),
    ),
    ...trigger('pool_pinned', 'insert on decision for each row', note('(values (new.pool)) p(pool)')),
  ]
}

/**
 * What is counted, and what a host was before, is written with the host by whatever writes that. Counts are of all rows
 * of a statement; history is of each that changed, for nothing joins the rows of a statement quickly.
 */
function countingTriggers(): string[] {
  const counts = (...rows: string[]) => `
    insert into pool_cpu as p (pool, cpu, n)
      select d.pool, f.cpu, sum(d.n) from (
        select pool, profile, sum(n) as n from (${rows.join(' union all ')}) r group by 1, 2 having sum(n) <> 0
      ) d join profile f on f.id = d.profile
      group by 1, 2 having sum(d.n) <> 0 order by 1, 2
    on conflict (pool, cpu) do update set n = p.n + excluded.n;`
  const add = 'select pool, profile, 1 as n from new_rows'
  const take = 'select pool, profile, -1 as n from old_rows'
  const columns = 'name, pool, profile, evidence, identity, guests'
  const ofNew = columns.replace(/\w+/g, 'new.$&')
  const end = (row: string, time: string) => `
    delete from history where host = ${row}.id and until is null and since >= ${time};
    update history set until = ${time} where host = ${row}.id and until is null;`
  return [
    ...trigger(
      'host_added',
      'insert on host referencing new table as new_rows for each statement',
      `${counts(add)} insert into history (host, since, ${columns}) select id, seen, ${columns} from new_rows order by id;`,
    ),
    ...trigger(
      'host_moved',
      'update on host referencing old table as old_rows new table as new_rows for each statement',
      counts(add, take),
    ),
    ...trigger(
      'host_removed',
      'delete on host referencing old table as old_rows for each statement',
      counts(take),
    ),
    ...trigger(
      'host_changed',
      `update on host for each row
        when ((old.name, old.pool, old.profile) is distinct from (new.name, new.pool, new.profile))`,
      `if current_setting('inventory.rewriting', true) = 'on' then return null; end if;
      ${end('new', 'new.seen')}
      insert into history (host, since, ${columns}) values (new.id, new.seen, ${ofNew});`,
    ),
    ...trigger(
      'host_ended',
      'delete on host for each row',
      end('old', `date_trunc('milliseconds', clock_timestamp())`),
    ),
  ]
}
