SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE FUNCTION public.host_added() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin 
    insert into pool_cpu as p (pool, cpu, n)
      select d.pool, f.cpu, sum(d.n) from (
        select pool, profile, sum(n) as n from (select pool, profile, 1 as n from new_rows) r group by 1, 2 having sum(n) <> 0
      ) d join profile f on f.id = d.profile
      group by 1, 2 having sum(d.n) <> 0 order by 1, 2
    on conflict (pool, cpu) do update set n = p.n + excluded.n; insert into history (host, since, name, pool, profile, evidence, identity, guests) select id, seen, name, pool, profile, evidence, identity, guests from new_rows order by id; return null; end $$;
CREATE FUNCTION public.host_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin if current_setting('inventory.rewriting', true) = 'on' then return null; end if;
    delete from history where host = new.id and until is null and since >= new.seen;
    update history set until = new.seen where host = new.id and until is null;
      insert into history (host, since, name, pool, profile, evidence, identity, guests) values (new.id, new.seen, new.name, new.pool, new.profile, new.evidence, new.identity, new.guests); return null; end $$;
CREATE FUNCTION public.host_ended() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin 
    delete from history where host = old.id and until is null and since >= date_trunc('milliseconds', clock_timestamp());
    update history set until = date_trunc('milliseconds', clock_timestamp()) where host = old.id and until is null; return null; end $$;
CREATE FUNCTION public.host_moved() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin 
    insert into pool_cpu as p (pool, cpu, n)
      select d.pool, f.cpu, sum(d.n) from (
        select pool, profile, sum(n) as n from (select pool, profile, 1 as n from new_rows union all select pool, profile, -1 as n from old_rows) r group by 1, 2 having sum(n) <> 0
      ) d join profile f on f.id = d.profile
      group by 1, 2 having sum(d.n) <> 0 order by 1, 2
    on conflict (pool, cpu) do update set n = p.n + excluded.n; return null; end $$;
CREATE FUNCTION public.host_removed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin 
    insert into pool_cpu as p (pool, cpu, n)
      select d.pool, f.cpu, sum(d.n) from (
        select pool, profile, sum(n) as n from (select pool, profile, -1 as n from old_rows) r group by 1, 2 having sum(n) <> 0
      ) d join profile f on f.id = d.profile
      group by 1, 2 having sum(d.n) <> 0 order by 1, 2
    on conflict (pool, cpu) do update set n = p.n + excluded.n; return null; end $$;
CREATE FUNCTION public.pool_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin 
    if exists (select from alert_lease where until > clock_timestamp() - interval '24 hours') then
      insert into touched_pool (pool) select distinct pool from (values (old.pool), (new.pool)) p(pool);
    end if; return null; end $$;
CREATE FUNCTION public.pool_joined() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin 
    if exists (select from alert_lease where until > clock_timestamp() - interval '24 hours') then
      insert into touched_pool (pool) select distinct pool from new_rows;
    end if; return null; end $$;
CREATE FUNCTION public.pool_left() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin 
    if exists (select from alert_lease where until > clock_timestamp() - interval '24 hours') then
      insert into touched_pool (pool) select distinct pool from old_rows;
    end if; return null; end $$;
CREATE FUNCTION public.pool_pinned() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ begin 
    if exists (select from alert_lease where until > clock_timestamp() - interval '24 hours') then
      insert into touched_pool (pool) select distinct pool from (values (new.pool)) p(pool);
    end if; return null; end $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alert (
    id integer NOT NULL,
    rule text NOT NULL,
    kind text NOT NULL,
    pool text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    since timestamp with time zone NOT NULL,
    fired timestamp with time zone,
    until timestamp with time zone,
    detail json NOT NULL,
    acknowledged json,
    delivered timestamp with time zone,
    CONSTRAINT alert_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'firing'::text, 'resolved'::text])))
);
ALTER TABLE public.alert ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.alert_lease (
    is_only boolean DEFAULT true NOT NULL,
    holder text NOT NULL,
    until timestamp with time zone NOT NULL,
    rules text NOT NULL,
    CONSTRAINT alert_lease_is_only_check CHECK (is_only)
);
CREATE TABLE public.audit_log (
    id integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    who text NOT NULL,
    action text NOT NULL,
    target text,
    address text,
    detail jsonb
);
ALTER TABLE public.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.cpu (
    id integer NOT NULL,
    hash text NOT NULL,
    arch text NOT NULL,
    vendor text,
    phys_bits integer,
    present bit(1024) NOT NULL,
    possible bit(1024) NOT NULL,
    absent bit(1024) NOT NULL,
    offered bit(1024) NOT NULL,
    hazards bit(1024) NOT NULL
);
ALTER TABLE public.cpu ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.cpu_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.decision (
    id integer NOT NULL,
    pool text NOT NULL COLLATE pg_catalog."C",
    cpu text,
    before text,
    decided_by text NOT NULL,
    why text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.decision ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.delivery (
    id integer NOT NULL,
    alert integer NOT NULL,
    receiver text NOT NULL,
    status text NOT NULL,
    detail json NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.delivery ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.evidence (
    hash bytea NOT NULL,
    text bytea NOT NULL,
    dialect text NOT NULL
);
ALTER TABLE ONLY public.evidence ALTER COLUMN text SET STORAGE EXTERNAL;
CREATE TABLE public.feature (
    arch text NOT NULL,
    id integer NOT NULL,
    name text NOT NULL
);
CREATE TABLE public.history (
    host text NOT NULL COLLATE pg_catalog."C",
    since timestamp with time zone NOT NULL,
    until timestamp with time zone,
    name text NOT NULL COLLATE pg_catalog."C",
    pool text NOT NULL COLLATE pg_catalog."C",
    profile integer NOT NULL,
    evidence bytea NOT NULL,
    identity jsonb NOT NULL,
    guests integer NOT NULL,
    CONSTRAINT history_check CHECK ((since < until))
);
CREATE TABLE public.host (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    pool text NOT NULL COLLATE pg_catalog."C",
    profile integer NOT NULL,
    evidence bytea NOT NULL,
    identity jsonb NOT NULL,
    guests integer NOT NULL,
    reporter text,
    first_seen timestamp with time zone NOT NULL,
    seen timestamp with time zone NOT NULL
)
WITH (fillfactor='85');
CREATE TABLE public.kysely_migration (
    name character varying(255) NOT NULL,
    "timestamp" character varying(255) NOT NULL
);
CREATE TABLE public.kysely_migration_lock (
    id character varying(255) NOT NULL,
    is_locked integer DEFAULT 0 NOT NULL
);
CREATE TABLE public.pool_cpu (
    pool text NOT NULL COLLATE pg_catalog."C",
    cpu integer NOT NULL,
    n integer NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE public.profile (
    id integer NOT NULL,
    hash text NOT NULL,
    cpu integer NOT NULL,
    evidence bytea NOT NULL,
    facts jsonb NOT NULL
);
ALTER TABLE public.profile ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.profile_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.setting (
    key text NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.token (
    id text NOT NULL,
    hash text NOT NULL,
    name text NOT NULL,
    roles jsonb NOT NULL,
    hosts text,
    created timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    expires timestamp with time zone,
    revoked timestamp with time zone,
    last_used timestamp with time zone
);
CREATE TABLE public.touched_pool (
    id bigint NOT NULL,
    pool text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE public.touched_pool ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.touched_pool_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO public.alert OVERRIDING SYSTEM VALUE VALUES (1, 'enough', 'hosts', 'rack', 'firing', '2026-12-01 03:07:17.773+00', '2026-12-01 03:07:17.773+00', NULL, '{"summary":"too few","failures":[],"failureCount":0,"hosts":["a"],"hostCount":1}', '{"by":"ann","why":"two more come","at":"2026-12-01T03:07:17.796Z"}', NULL);
INSERT INTO public.alert_lease VALUES (true, 'dump', '2026-12-01 03:08:17.759476+00', 'rules');
INSERT INTO public.audit_log OVERRIDING SYSTEM VALUE VALUES (1, '2026-12-01 03:07:17.746115+00', 'ann', 'pin', 'rack', NULL, NULL);
INSERT INTO public.cpu OVERRIDING SYSTEM VALUE VALUES (1, '57d19e66a049e197f92063491e7a28db1115cfac72681d5d929811145ca33bf4', 'x86_64', 'Intel', NULL, B'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', B'1100000001011001011111111011111111111111111111101001111000001110101011110000111110001000101101000000000000000000000000000000000100100000000000000000000000000000000111000000000000000000000000000010000100100000000000000110011100000000110000000000000000000000000000000000000000000000001001111000000001101000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', B'0011111110100110100000000100000000000000000000010110000111110001010100001111000001110111010010111111111111111111111111111111111011011111111111111111111111111111111000111111111111111111111111111101111011011111111111111001100011111111001111111111111111111111111111111111111111111111110110000111111110010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', B'1100000001011001011111111011111111111111111111101001111000001110101011110000111110001000101101000000000000000000000000000000000100100000000000000000000000000000000111000000000000000000000000000010000100100000000000000110011100000000110000000000000000000000000000000000000000000000000001001000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', B'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO public.decision OVERRIDING SYSTEM VALUE VALUES (1, 'rack', '<cpu mode=''custom'' match=''exact''><model>Skylake-Server-noTSX-IBRS</model></cpu>', NULL, 'ann', 'the first racks', '2026-12-01 03:07:17.719383+00');
INSERT INTO public.delivery OVERRIDING SYSTEM VALUE VALUES (1, 1, 'r', 'firing', '{"summary":"too few","failures":[],"failureCount":0,"hosts":["a"],"hostCount":1}', '2026-12-01 03:07:17.770002+00', 0, '2026-12-01 03:07:17.770002+00');
INSERT INTO public.evidence VALUES ('\x6795c3d79f54a34f62c82ed5a46f75647d029e4f803a71d596b703f22c2dee4c', '\x558e3d0bc2301445777f45b64ee5214871b8bec1adab717093983c68689a57d20ff4df0bad8bd3e5c08573e0dde85e31c539cac4e8749a19cb12033bd0b6f0e3c270c577fc3e37cfe604da008306496cfb4f72bdd456ca2aa5ce7ab78fbabdde2c683f1c8c3106abe4a085db3c4b02fd0843f445bd0631ab94296abe54c78a18b43969afa1bfc4c317', 'capabilities');
INSERT INTO public.evidence VALUES ('\x70acceccbc70ec3e06f81246ad3d49e7abd9383de77e80e2db50b06c06d2d325', '\x558e310bc2301046f7fe8a6c9dca214871386f70eb6a1cdc244d0e1a9ae64ad214fdf742eae2f4f1e083f7d09ad58c3ef8cd73269c246f84a5784723425db46b2134c94ef4bef4affe8c500117711c48cf9f6066ee34a79d5317e5a19fdd70bb6b84e3d028a514ee1c9d241ae2c601e147b8789bc48a63b573ca5ee2b53db54008d509470dfc25365f', 'capabilities');
INSERT INTO public.evidence VALUES ('\xda52fb61147c01794e7abe043319eb5623adf04180eeb2c349226c2df60453b1', '\x558e310bc2301046f7fe8a6c9dc2214871386f70eb6a1cdc2426870d4d73254d8afe7ba17571fb1e7cf01e3a3bdb6788a1045e0807590a61adc1d34b12236c13dd5c096d7603bd4fdda33b226c8093788e64c64fb4236bc379e5ac93dccc5df797ab41d80f8d524ae1cac94ba63e158e083fc229b82c4e3cab95f312249ddb430b84b039610f82bfcae60b', 'capabilities');
INSERT INTO public.evidence VALUES ('\xb0601d48ba39fd62a83bbad01e6f7587204d3c59fcd70be120ec0e3de248ffdd', '\x558e310bc2301046f7fe8a6c9dca814871386f70eb6a1cdc244d0e1a9ae64ad214fdf742eae2f4f1e083f7d09ad58c3ef8cd73269c246f84a5784723425db46b2134c94ef4bef4affe8c500117711c48cf9f6066ee34a79d5317e5a19fdd70bb6b84e3d028a514ee1c9d241ae2c601e147b8789bc48a63b573ca5ee2b53db54008d509470dfc25365f', 'capabilities');
INSERT INTO public.feature VALUES ('x86_64', 0, 'pni');
INSERT INTO public.feature VALUES ('x86_64', 1, 'pclmuldq');
INSERT INTO public.feature VALUES ('x86_64', 2, 'dtes64');
INSERT INTO public.feature VALUES ('x86_64', 3, 'monitor');
INSERT INTO public.feature VALUES ('x86_64', 4, 'ds_cpl');
INSERT INTO public.feature VALUES ('x86_64', 5, 'vmx');
INSERT INTO public.feature VALUES ('x86_64', 6, 'smx');
INSERT INTO public.feature VALUES ('x86_64', 7, 'est');
INSERT INTO public.feature VALUES ('x86_64', 8, 'tm2');
INSERT INTO public.feature VALUES ('x86_64', 9, 'ssse3');
INSERT INTO public.feature VALUES ('x86_64', 10, 'cid');
INSERT INTO public.feature VALUES ('x86_64', 11, 'fma');
INSERT INTO public.feature VALUES ('x86_64', 12, 'cx16');
INSERT INTO public.feature VALUES ('x86_64', 13, 'xtpr');
INSERT INTO public.feature VALUES ('x86_64', 14, 'pdcm');
INSERT INTO public.feature VALUES ('x86_64', 15, 'pcid');
INSERT INTO public.feature VALUES ('x86_64', 16, 'dca');
INSERT INTO public.feature VALUES ('x86_64', 17, 'sse4.1');
INSERT INTO public.feature VALUES ('x86_64', 18, 'sse4.2');
INSERT INTO public.feature VALUES ('x86_64', 19, 'x2apic');
INSERT INTO public.feature VALUES ('x86_64', 20, 'movbe');
INSERT INTO public.feature VALUES ('x86_64', 21, 'popcnt');
INSERT INTO public.feature VALUES ('x86_64', 22, 'tsc-deadline');
INSERT INTO public.feature VALUES ('x86_64', 23, 'aes');
INSERT INTO public.feature VALUES ('x86_64', 24, 'xsave');
INSERT INTO public.feature VALUES ('x86_64', 25, 'osxsave');
INSERT INTO public.feature VALUES ('x86_64', 26, 'avx');
INSERT INTO public.feature VALUES ('x86_64', 27, 'f16c');
INSERT INTO public.feature VALUES ('x86_64', 28, 'rdrand');
INSERT INTO public.feature VALUES ('x86_64', 29, 'hypervisor');
INSERT INTO public.feature VALUES ('x86_64', 30, 'fpu');
INSERT INTO public.feature VALUES ('x86_64', 31, 'vme');
INSERT INTO public.feature VALUES ('x86_64', 32, 'de');
INSERT INTO public.feature VALUES ('x86_64', 33, 'pse');
INSERT INTO public.feature VALUES ('x86_64', 34, 'tsc');
INSERT INTO public.feature VALUES ('x86_64', 35, 'msr');
INSERT INTO public.feature VALUES ('x86_64', 36, 'pae');
INSERT INTO public.feature VALUES ('x86_64', 37, 'mce');
INSERT INTO public.feature VALUES ('x86_64', 38, 'cx8');
INSERT INTO public.feature VALUES ('x86_64', 39, 'apic');
INSERT INTO public.feature VALUES ('x86_64', 40, 'sep');
INSERT INTO public.feature VALUES ('x86_64', 41, 'mtrr');
INSERT INTO public.feature VALUES ('x86_64', 42, 'pge');
INSERT INTO public.feature VALUES ('x86_64', 43, 'mca');
INSERT INTO public.feature VALUES ('x86_64', 44, 'cmov');
INSERT INTO public.feature VALUES ('x86_64', 45, 'pat');
INSERT INTO public.feature VALUES ('x86_64', 46, 'pse36');
INSERT INTO public.feature VALUES ('x86_64', 47, 'pn');
INSERT INTO public.feature VALUES ('x86_64', 48, 'clflush');
INSERT INTO public.feature VALUES ('x86_64', 49, 'ds');
INSERT INTO public.feature VALUES ('x86_64', 50, 'acpi');
INSERT INTO public.feature VALUES ('x86_64', 51, 'mmx');
INSERT INTO public.feature VALUES ('x86_64', 52, 'fxsr');
INSERT INTO public.feature VALUES ('x86_64', 53, 'sse');
INSERT INTO public.feature VALUES ('x86_64', 54, 'sse2');
INSERT INTO public.feature VALUES ('x86_64', 55, 'ss');
INSERT INTO public.feature VALUES ('x86_64', 56, 'ht');
INSERT INTO public.feature VALUES ('x86_64', 57, 'tm');
INSERT INTO public.feature VALUES ('x86_64', 58, 'ia64');
INSERT INTO public.feature VALUES ('x86_64', 59, 'pbe');
INSERT INTO public.feature VALUES ('x86_64', 60, 'arat');
INSERT INTO public.feature VALUES ('x86_64', 61, 'fsgsbase');
INSERT INTO public.feature VALUES ('x86_64', 62, 'tsc_adjust');
INSERT INTO public.feature VALUES ('x86_64', 63, 'sgx');
INSERT INTO public.feature VALUES ('x86_64', 64, 'bmi1');
INSERT INTO public.feature VALUES ('x86_64', 65, 'hle');
INSERT INTO public.feature VALUES ('x86_64', 66, 'avx2');
INSERT INTO public.feature VALUES ('x86_64', 67, 'fdp-excptn-only');
INSERT INTO public.feature VALUES ('x86_64', 68, 'smep');
INSERT INTO public.feature VALUES ('x86_64', 69, 'bmi2');
INSERT INTO public.feature VALUES ('x86_64', 70, 'erms');
INSERT INTO public.feature VALUES ('x86_64', 71, 'invpcid');
INSERT INTO public.feature VALUES ('x86_64', 72, 'rtm');
INSERT INTO public.feature VALUES ('x86_64', 73, 'cmt');
INSERT INTO public.feature VALUES ('x86_64', 74, 'zero-fcs-fds');
INSERT INTO public.feature VALUES ('x86_64', 75, 'mpx');
INSERT INTO public.feature VALUES ('x86_64', 76, 'avx512f');
INSERT INTO public.feature VALUES ('x86_64', 77, 'avx512dq');
INSERT INTO public.feature VALUES ('x86_64', 78, 'rdseed');
INSERT INTO public.feature VALUES ('x86_64', 79, 'adx');
INSERT INTO public.feature VALUES ('x86_64', 80, 'smap');
INSERT INTO public.feature VALUES ('x86_64', 81, 'avx512ifma');
INSERT INTO public.feature VALUES ('x86_64', 82, 'pcommit');
INSERT INTO public.feature VALUES ('x86_64', 83, 'clflushopt');
INSERT INTO public.feature VALUES ('x86_64', 84, 'clwb');
INSERT INTO public.feature VALUES ('x86_64', 85, 'intel-pt');
INSERT INTO public.feature VALUES ('x86_64', 86, 'avx512pf');
INSERT INTO public.feature VALUES ('x86_64', 87, 'avx512er');
INSERT INTO public.feature VALUES ('x86_64', 88, 'avx512cd');
INSERT INTO public.feature VALUES ('x86_64', 89, 'sha-ni');
INSERT INTO public.feature VALUES ('x86_64', 90, 'avx512bw');
INSERT INTO public.feature VALUES ('x86_64', 91, 'avx512vl');
INSERT INTO public.feature VALUES ('x86_64', 92, 'avx512vbmi');
INSERT INTO public.feature VALUES ('x86_64', 93, 'umip');
INSERT INTO public.feature VALUES ('x86_64', 94, 'pku');
INSERT INTO public.feature VALUES ('x86_64', 95, 'ospke');
INSERT INTO public.feature VALUES ('x86_64', 96, 'waitpkg');
INSERT INTO public.feature VALUES ('x86_64', 97, 'avx512vbmi2');
INSERT INTO public.feature VALUES ('x86_64', 98, 'cet-ss');
INSERT INTO public.feature VALUES ('x86_64', 99, 'gfni');
INSERT INTO public.feature VALUES ('x86_64', 100, 'vaes');
INSERT INTO public.feature VALUES ('x86_64', 101, 'vpclmulqdq');
INSERT INTO public.feature VALUES ('x86_64', 102, 'avx512vnni');
INSERT INTO public.feature VALUES ('x86_64', 103, 'avx512bitalg');
INSERT INTO public.feature VALUES ('x86_64', 104, 'avx512-vpopcntdq');
INSERT INTO public.feature VALUES ('x86_64', 105, 'la57');
INSERT INTO public.feature VALUES ('x86_64', 106, 'rdpid');
INSERT INTO public.feature VALUES ('x86_64', 107, 'bus-lock-detect');
INSERT INTO public.feature VALUES ('x86_64', 108, 'cldemote');
INSERT INTO public.feature VALUES ('x86_64', 109, 'movdiri');
INSERT INTO public.feature VALUES ('x86_64', 110, 'movdir64b');
INSERT INTO public.feature VALUES ('x86_64', 111, 'sgxlc');
INSERT INTO public.feature VALUES ('x86_64', 112, 'pks');
INSERT INTO public.feature VALUES ('x86_64', 113, 'avx512-4vnniw');
INSERT INTO public.feature VALUES ('x86_64', 114, 'avx512-4fmaps');
INSERT INTO public.feature VALUES ('x86_64', 115, 'fsrm');
INSERT INTO public.feature VALUES ('x86_64', 116, 'avx512-vp2intersect');
INSERT INTO public.feature VALUES ('x86_64', 117, 'md-clear');
INSERT INTO public.feature VALUES ('x86_64', 118, 'serialize');
INSERT INTO public.feature VALUES ('x86_64', 119, 'tsx-ldtrk');
INSERT INTO public.feature VALUES ('x86_64', 120, 'pconfig');
INSERT INTO public.feature VALUES ('x86_64', 121, 'arch-lbr');
INSERT INTO public.feature VALUES ('x86_64', 122, 'cet-ibt');
INSERT INTO public.feature VALUES ('x86_64', 123, 'amx-bf16');
INSERT INTO public.feature VALUES ('x86_64', 124, 'avx512-fp16');
INSERT INTO public.feature VALUES ('x86_64', 125, 'amx-tile');
INSERT INTO public.feature VALUES ('x86_64', 126, 'amx-int8');
INSERT INTO public.feature VALUES ('x86_64', 127, 'spec-ctrl');
INSERT INTO public.feature VALUES ('x86_64', 128, 'stibp');
INSERT INTO public.feature VALUES ('x86_64', 129, 'flush-l1d');
INSERT INTO public.feature VALUES ('x86_64', 130, 'arch-capabilities');
INSERT INTO public.feature VALUES ('x86_64', 131, 'core-capability');
INSERT INTO public.feature VALUES ('x86_64', 132, 'ssbd');
INSERT INTO public.feature VALUES ('x86_64', 133, 'sha512');
INSERT INTO public.feature VALUES ('x86_64', 134, 'sm3');
INSERT INTO public.feature VALUES ('x86_64', 135, 'sm4');
INSERT INTO public.feature VALUES ('x86_64', 136, 'avx-vnni');
INSERT INTO public.feature VALUES ('x86_64', 137, 'avx512-bf16');
INSERT INTO public.feature VALUES ('x86_64', 138, 'cmpccxadd');
INSERT INTO public.feature VALUES ('x86_64', 139, 'fzrm');
INSERT INTO public.feature VALUES ('x86_64', 140, 'fsrs');
INSERT INTO public.feature VALUES ('x86_64', 141, 'fsrc');
INSERT INTO public.feature VALUES ('x86_64', 142, 'fred');
INSERT INTO public.feature VALUES ('x86_64', 143, 'lkgs');
INSERT INTO public.feature VALUES ('x86_64', 144, 'wrmsrns');
INSERT INTO public.feature VALUES ('x86_64', 145, 'amx-fp16');
INSERT INTO public.feature VALUES ('x86_64', 146, 'avx-ifma');
INSERT INTO public.feature VALUES ('x86_64', 147, 'lam');
INSERT INTO public.feature VALUES ('x86_64', 148, 'movrs');
INSERT INTO public.feature VALUES ('x86_64', 149, 'msr-imm');
INSERT INTO public.feature VALUES ('x86_64', 150, 'avx-vnni-int8');
INSERT INTO public.feature VALUES ('x86_64', 151, 'avx-ne-convert');
INSERT INTO public.feature VALUES ('x86_64', 152, 'amx-complex');
INSERT INTO public.feature VALUES ('x86_64', 153, 'avx-vnni-int16');
INSERT INTO public.feature VALUES ('x86_64', 154, 'prefetchiti');
INSERT INTO public.feature VALUES ('x86_64', 155, 'avx10');
INSERT INTO public.feature VALUES ('x86_64', 156, 'apxf');
INSERT INTO public.feature VALUES ('x86_64', 157, 'intel-psfd');
INSERT INTO public.feature VALUES ('x86_64', 158, 'ipred-ctrl');
INSERT INTO public.feature VALUES ('x86_64', 159, 'rrsba-ctrl');
INSERT INTO public.feature VALUES ('x86_64', 160, 'ddpd-u');
INSERT INTO public.feature VALUES ('x86_64', 161, 'bhi-ctrl');
INSERT INTO public.feature VALUES ('x86_64', 162, 'mcdt-no');
INSERT INTO public.feature VALUES ('x86_64', 163, 'xsaveopt');
INSERT INTO public.feature VALUES ('x86_64', 164, 'xsavec');
INSERT INTO public.feature VALUES ('x86_64', 165, 'xgetbv1');
INSERT INTO public.feature VALUES ('x86_64', 166, 'xsaves');
INSERT INTO public.feature VALUES ('x86_64', 167, 'xfd');
INSERT INTO public.feature VALUES ('x86_64', 168, 'mbm_total');
INSERT INTO public.feature VALUES ('x86_64', 169, 'mbm_local');
INSERT INTO public.feature VALUES ('x86_64', 170, 'sgx1');
INSERT INTO public.feature VALUES ('x86_64', 171, 'sgx2');
INSERT INTO public.feature VALUES ('x86_64', 172, 'sgx-edeccssa');
INSERT INTO public.feature VALUES ('x86_64', 173, 'sgx-exinfo');
INSERT INTO public.feature VALUES ('x86_64', 174, 'sgx-debug');
INSERT INTO public.feature VALUES ('x86_64', 175, 'sgx-mode64');
INSERT INTO public.feature VALUES ('x86_64', 176, 'sgx-provisionkey');
INSERT INTO public.feature VALUES ('x86_64', 177, 'sgx-tokenkey');
INSERT INTO public.feature VALUES ('x86_64', 178, 'sgx-kss');
INSERT INTO public.feature VALUES ('x86_64', 179, 'sgx-aex-notify');
INSERT INTO public.feature VALUES ('x86_64', 180, 'intel-pt-lip');
INSERT INTO public.feature VALUES ('x86_64', 181, 'amx-int8-alias');
INSERT INTO public.feature VALUES ('x86_64', 182, 'amx-bf16-alias');
INSERT INTO public.feature VALUES ('x86_64', 183, 'amx-complex-alias');
INSERT INTO public.feature VALUES ('x86_64', 184, 'amx-fp16-alias');
INSERT INTO public.feature VALUES ('x86_64', 185, 'amx-fp8');
INSERT INTO public.feature VALUES ('x86_64', 186, 'amx-tf32');
INSERT INTO public.feature VALUES ('x86_64', 187, 'amx-avx512');
INSERT INTO public.feature VALUES ('x86_64', 188, 'amx-movrs');
INSERT INTO public.feature VALUES ('x86_64', 189, 'avx10-128');
INSERT INTO public.feature VALUES ('x86_64', 190, 'avx10-256');
INSERT INTO public.feature VALUES ('x86_64', 191, 'avx10-512');
INSERT INTO public.feature VALUES ('x86_64', 192, 'avx10-vnni-int');
INSERT INTO public.feature VALUES ('x86_64', 193, 'apx-nci-ndd-nf');
INSERT INTO public.feature VALUES ('x86_64', 194, 'lahf_lm');
INSERT INTO public.feature VALUES ('x86_64', 195, 'cmp_legacy');
INSERT INTO public.feature VALUES ('x86_64', 196, 'svm');
INSERT INTO public.feature VALUES ('x86_64', 197, 'extapic');
INSERT INTO public.feature VALUES ('x86_64', 198, 'cr8legacy');
INSERT INTO public.feature VALUES ('x86_64', 199, 'abm');
INSERT INTO public.feature VALUES ('x86_64', 200, 'sse4a');
INSERT INTO public.feature VALUES ('x86_64', 201, 'misalignsse');
INSERT INTO public.feature VALUES ('x86_64', 202, '3dnowprefetch');
INSERT INTO public.feature VALUES ('x86_64', 203, 'osvw');
INSERT INTO public.feature VALUES ('x86_64', 204, 'ibs');
INSERT INTO public.feature VALUES ('x86_64', 205, 'xop');
INSERT INTO public.feature VALUES ('x86_64', 206, 'skinit');
INSERT INTO public.feature VALUES ('x86_64', 207, 'wdt');
INSERT INTO public.feature VALUES ('x86_64', 208, 'lwp');
INSERT INTO public.feature VALUES ('x86_64', 209, 'fma4');
INSERT INTO public.feature VALUES ('x86_64', 210, 'tce');
INSERT INTO public.feature VALUES ('x86_64', 211, 'cvt16');
INSERT INTO public.feature VALUES ('x86_64', 212, 'nodeid_msr');
INSERT INTO public.feature VALUES ('x86_64', 213, 'tbm');
INSERT INTO public.feature VALUES ('x86_64', 214, 'topoext');
INSERT INTO public.feature VALUES ('x86_64', 215, 'perfctr_core');
INSERT INTO public.feature VALUES ('x86_64', 216, 'perfctr_nb');
INSERT INTO public.feature VALUES ('x86_64', 217, 'syscall');
INSERT INTO public.feature VALUES ('x86_64', 218, 'nx');
INSERT INTO public.feature VALUES ('x86_64', 219, 'mmxext');
INSERT INTO public.feature VALUES ('x86_64', 220, 'fxsr_opt');
INSERT INTO public.feature VALUES ('x86_64', 221, 'pdpe1gb');
INSERT INTO public.feature VALUES ('x86_64', 222, 'rdtscp');
INSERT INTO public.feature VALUES ('x86_64', 223, 'lm');
INSERT INTO public.feature VALUES ('x86_64', 224, '3dnowext');
INSERT INTO public.feature VALUES ('x86_64', 225, '3dnow');
INSERT INTO public.feature VALUES ('x86_64', 226, 'overflow-recov');
INSERT INTO public.feature VALUES ('x86_64', 227, 'succor');
INSERT INTO public.feature VALUES ('x86_64', 228, 'invtsc');
INSERT INTO public.feature VALUES ('x86_64', 229, 'clzero');
INSERT INTO public.feature VALUES ('x86_64', 230, 'xsaveerptr');
INSERT INTO public.feature VALUES ('x86_64', 231, 'wbnoinvd');
INSERT INTO public.feature VALUES ('x86_64', 232, 'ibpb');
INSERT INTO public.feature VALUES ('x86_64', 233, 'ibrs');
INSERT INTO public.feature VALUES ('x86_64', 234, 'amd-stibp');
INSERT INTO public.feature VALUES ('x86_64', 235, 'stibp-always-on');
INSERT INTO public.feature VALUES ('x86_64', 236, 'amd-ssbd');
INSERT INTO public.feature VALUES ('x86_64', 237, 'virt-ssbd');
INSERT INTO public.feature VALUES ('x86_64', 238, 'amd-no-ssb');
INSERT INTO public.feature VALUES ('x86_64', 239, 'amd-psfd');
INSERT INTO public.feature VALUES ('x86_64', 240, 'npt');
INSERT INTO public.feature VALUES ('x86_64', 241, 'lbrv');
INSERT INTO public.feature VALUES ('x86_64', 242, 'svm-lock');
INSERT INTO public.feature VALUES ('x86_64', 243, 'nrip-save');
INSERT INTO public.feature VALUES ('x86_64', 244, 'tsc-scale');
INSERT INTO public.feature VALUES ('x86_64', 245, 'vmcb-clean');
INSERT INTO public.feature VALUES ('x86_64', 246, 'flushbyasid');
INSERT INTO public.feature VALUES ('x86_64', 247, 'decodeassists');
INSERT INTO public.feature VALUES ('x86_64', 248, 'pause-filter');
INSERT INTO public.feature VALUES ('x86_64', 249, 'pfthreshold');
INSERT INTO public.feature VALUES ('x86_64', 250, 'avic');
INSERT INTO public.feature VALUES ('x86_64', 251, 'v-vmsave-vmload');
INSERT INTO public.feature VALUES ('x86_64', 252, 'vgif');
INSERT INTO public.feature VALUES ('x86_64', 253, 'gmet');
INSERT INTO public.feature VALUES ('x86_64', 254, 'vnmi');
INSERT INTO public.feature VALUES ('x86_64', 255, 'svme-addr-chk');
INSERT INTO public.feature VALUES ('x86_64', 256, 'no-nested-data-bp');
INSERT INTO public.feature VALUES ('x86_64', 257, 'fs-gs-base-ns');
INSERT INTO public.feature VALUES ('x86_64', 258, 'lfence-always-serializing');
INSERT INTO public.feature VALUES ('x86_64', 259, 'verw-clear');
INSERT INTO public.feature VALUES ('x86_64', 260, 'null-sel-clr-base');
INSERT INTO public.feature VALUES ('x86_64', 261, 'auto-ibrs');
INSERT INTO public.feature VALUES ('x86_64', 262, 'prefetchi');
INSERT INTO public.feature VALUES ('x86_64', 263, 'eraps');
INSERT INTO public.feature VALUES ('x86_64', 264, 'sbpb');
INSERT INTO public.feature VALUES ('x86_64', 265, 'ibpb-brtype');
INSERT INTO public.feature VALUES ('x86_64', 266, 'srso-no');
INSERT INTO public.feature VALUES ('x86_64', 267, 'srso-user-kernel-no');
INSERT INTO public.feature VALUES ('x86_64', 268, 'tsa-sq-no');
INSERT INTO public.feature VALUES ('x86_64', 269, 'tsa-l1-no');
INSERT INTO public.feature VALUES ('x86_64', 270, 'perfmon-v2');
INSERT INTO public.feature VALUES ('x86_64', 271, 'xstore');
INSERT INTO public.feature VALUES ('x86_64', 272, 'xstore-en');
INSERT INTO public.feature VALUES ('x86_64', 273, 'xcrypt');
INSERT INTO public.feature VALUES ('x86_64', 274, 'xcrypt-en');
INSERT INTO public.feature VALUES ('x86_64', 275, 'ace2');
INSERT INTO public.feature VALUES ('x86_64', 276, 'ace2-en');
INSERT INTO public.feature VALUES ('x86_64', 277, 'phe');
INSERT INTO public.feature VALUES ('x86_64', 278, 'phe-en');
INSERT INTO public.feature VALUES ('x86_64', 279, 'pmm');
INSERT INTO public.feature VALUES ('x86_64', 280, 'pmm-en');
INSERT INTO public.feature VALUES ('x86_64', 281, 'split-lock-detect');
INSERT INTO public.feature VALUES ('x86_64', 282, 'rdctl-no');
INSERT INTO public.feature VALUES ('x86_64', 283, 'ibrs-all');
INSERT INTO public.feature VALUES ('x86_64', 284, 'rsba');
INSERT INTO public.feature VALUES ('x86_64', 285, 'skip-l1dfl-vmentry');
INSERT INTO public.feature VALUES ('x86_64', 286, 'ssb-no');
INSERT INTO public.feature VALUES ('x86_64', 287, 'mds-no');
INSERT INTO public.feature VALUES ('x86_64', 288, 'pschange-mc-no');
INSERT INTO public.feature VALUES ('x86_64', 289, 'tsx-ctrl');
INSERT INTO public.feature VALUES ('x86_64', 290, 'taa-no');
INSERT INTO public.feature VALUES ('x86_64', 291, 'sbdr-ssdp-no');
INSERT INTO public.feature VALUES ('x86_64', 292, 'fbsdp-no');
INSERT INTO public.feature VALUES ('x86_64', 293, 'psdp-no');
INSERT INTO public.feature VALUES ('x86_64', 294, 'fb-clear');
INSERT INTO public.feature VALUES ('x86_64', 295, 'bhi-no');
INSERT INTO public.feature VALUES ('x86_64', 296, 'pbrsb-no');
INSERT INTO public.feature VALUES ('x86_64', 297, 'gds-no');
INSERT INTO public.feature VALUES ('x86_64', 298, 'rfds-no');
INSERT INTO public.feature VALUES ('x86_64', 299, 'rfds-clear');
INSERT INTO public.feature VALUES ('x86_64', 300, 'its-no');
INSERT INTO public.feature VALUES ('x86_64', 301, 'vmx-ins-outs');
INSERT INTO public.feature VALUES ('x86_64', 302, 'vmx-true-ctls');
INSERT INTO public.feature VALUES ('x86_64', 303, 'vmx-any-errcode');
INSERT INTO public.feature VALUES ('x86_64', 304, 'vmx-nested-exception');
INSERT INTO public.feature VALUES ('x86_64', 305, 'vmx-store-lma');
INSERT INTO public.feature VALUES ('x86_64', 306, 'vmx-activity-hlt');
INSERT INTO public.feature VALUES ('x86_64', 307, 'vmx-activity-shutdown');
INSERT INTO public.feature VALUES ('x86_64', 308, 'vmx-activity-wait-sipi');
INSERT INTO public.feature VALUES ('x86_64', 309, 'vmx-vmwrite-vmexit-fields');
INSERT INTO public.feature VALUES ('x86_64', 310, 'vmx-zero-len-inject');
INSERT INTO public.feature VALUES ('x86_64', 311, 'vmx-apicv-xapic');
INSERT INTO public.feature VALUES ('x86_64', 312, 'vmx-ept');
INSERT INTO public.feature VALUES ('x86_64', 313, 'vmx-desc-exit');
INSERT INTO public.feature VALUES ('x86_64', 314, 'vmx-rdtscp-exit');
INSERT INTO public.feature VALUES ('x86_64', 315, 'vmx-apicv-x2apic');
INSERT INTO public.feature VALUES ('x86_64', 316, 'vmx-vpid');
INSERT INTO public.feature VALUES ('x86_64', 317, 'vmx-wbinvd-exit');
INSERT INTO public.feature VALUES ('x86_64', 318, 'vmx-unrestricted-guest');
INSERT INTO public.feature VALUES ('x86_64', 319, 'vmx-apicv-register');
INSERT INTO public.feature VALUES ('x86_64', 320, 'vmx-apicv-vid');
INSERT INTO public.feature VALUES ('x86_64', 321, 'vmx-ple');
INSERT INTO public.feature VALUES ('x86_64', 322, 'vmx-rdrand-exit');
INSERT INTO public.feature VALUES ('x86_64', 323, 'vmx-invpcid-exit');
INSERT INTO public.feature VALUES ('x86_64', 324, 'vmx-vmfunc');
INSERT INTO public.feature VALUES ('x86_64', 325, 'vmx-shadow-vmcs');
INSERT INTO public.feature VALUES ('x86_64', 326, 'vmx-encls-exit');
INSERT INTO public.feature VALUES ('x86_64', 327, 'vmx-rdseed-exit');
INSERT INTO public.feature VALUES ('x86_64', 328, 'vmx-pml');
INSERT INTO public.feature VALUES ('x86_64', 329, 'vmx-xsaves');
INSERT INTO public.feature VALUES ('x86_64', 330, 'vmx-mbec');
INSERT INTO public.feature VALUES ('x86_64', 331, 'vmx-tsc-scaling');
INSERT INTO public.feature VALUES ('x86_64', 332, 'vmx-enable-user-wait-pause');
INSERT INTO public.feature VALUES ('x86_64', 333, 'vmx-ept-execonly');
INSERT INTO public.feature VALUES ('x86_64', 334, 'vmx-page-walk-4');
INSERT INTO public.feature VALUES ('x86_64', 335, 'vmx-page-walk-5');
INSERT INTO public.feature VALUES ('x86_64', 336, 'vmx-ept-uc');
INSERT INTO public.feature VALUES ('x86_64', 337, 'vmx-ept-wb');
INSERT INTO public.feature VALUES ('x86_64', 338, 'vmx-ept-2mb');
INSERT INTO public.feature VALUES ('x86_64', 339, 'vmx-ept-1gb');
INSERT INTO public.feature VALUES ('x86_64', 340, 'vmx-invept');
INSERT INTO public.feature VALUES ('x86_64', 341, 'vmx-eptad');
INSERT INTO public.feature VALUES ('x86_64', 342, 'vmx-ept-advanced-exitinfo');
INSERT INTO public.feature VALUES ('x86_64', 343, 'vmx-invept-single-context');
INSERT INTO public.feature VALUES ('x86_64', 344, 'vmx-invept-all-context');
INSERT INTO public.feature VALUES ('x86_64', 345, 'vmx-invvpid');
INSERT INTO public.feature VALUES ('x86_64', 346, 'vmx-invvpid-single-addr');
INSERT INTO public.feature VALUES ('x86_64', 347, 'vmx-invvpid-single-context');
INSERT INTO public.feature VALUES ('x86_64', 348, 'vmx-invvpid-all-context');
INSERT INTO public.feature VALUES ('x86_64', 349, 'vmx-invvpid-single-context-noglobals');
INSERT INTO public.feature VALUES ('x86_64', 350, 'vmx-intr-exit');
INSERT INTO public.feature VALUES ('x86_64', 351, 'vmx-nmi-exit');
INSERT INTO public.feature VALUES ('x86_64', 352, 'vmx-vnmi');
INSERT INTO public.feature VALUES ('x86_64', 353, 'vmx-preemption-timer');
INSERT INTO public.feature VALUES ('x86_64', 354, 'vmx-posted-intr');
INSERT INTO public.feature VALUES ('x86_64', 355, 'vmx-vintr-pending');
INSERT INTO public.feature VALUES ('x86_64', 356, 'vmx-tsc-offset');
INSERT INTO public.feature VALUES ('x86_64', 357, 'vmx-hlt-exit');
INSERT INTO public.feature VALUES ('x86_64', 358, 'vmx-invlpg-exit');
INSERT INTO public.feature VALUES ('x86_64', 359, 'vmx-mwait-exit');
INSERT INTO public.feature VALUES ('x86_64', 360, 'vmx-rdpmc-exit');
INSERT INTO public.feature VALUES ('x86_64', 361, 'vmx-rdtsc-exit');
INSERT INTO public.feature VALUES ('x86_64', 362, 'vmx-cr3-load-noexit');
INSERT INTO public.feature VALUES ('x86_64', 363, 'vmx-cr3-store-noexit');
INSERT INTO public.feature VALUES ('x86_64', 364, 'vmx-cr8-load-exit');
INSERT INTO public.feature VALUES ('x86_64', 365, 'vmx-cr8-store-exit');
INSERT INTO public.feature VALUES ('x86_64', 366, 'vmx-flexpriority');
INSERT INTO public.feature VALUES ('x86_64', 367, 'vmx-vnmi-pending');
INSERT INTO public.feature VALUES ('x86_64', 368, 'vmx-movdr-exit');
INSERT INTO public.feature VALUES ('x86_64', 369, 'vmx-io-exit');
INSERT INTO public.feature VALUES ('x86_64', 370, 'vmx-io-bitmap');
INSERT INTO public.feature VALUES ('x86_64', 371, 'vmx-mtf');
INSERT INTO public.feature VALUES ('x86_64', 372, 'vmx-msr-bitmap');
INSERT INTO public.feature VALUES ('x86_64', 373, 'vmx-monitor-exit');
INSERT INTO public.feature VALUES ('x86_64', 374, 'vmx-pause-exit');
INSERT INTO public.feature VALUES ('x86_64', 375, 'vmx-secondary-ctls');
INSERT INTO public.feature VALUES ('x86_64', 376, 'vmx-exit-nosave-debugctl');
INSERT INTO public.feature VALUES ('x86_64', 377, 'vmx-exit-load-perf-global-ctrl');
INSERT INTO public.feature VALUES ('x86_64', 378, 'vmx-exit-ack-intr');
INSERT INTO public.feature VALUES ('x86_64', 379, 'vmx-exit-save-pat');
INSERT INTO public.feature VALUES ('x86_64', 380, 'vmx-exit-load-pat');
INSERT INTO public.feature VALUES ('x86_64', 381, 'vmx-exit-save-efer');
INSERT INTO public.feature VALUES ('x86_64', 382, 'vmx-exit-load-efer');
INSERT INTO public.feature VALUES ('x86_64', 383, 'vmx-exit-save-preemption-timer');
INSERT INTO public.feature VALUES ('x86_64', 384, 'vmx-exit-clear-bndcfgs');
INSERT INTO public.feature VALUES ('x86_64', 385, 'vmx-exit-clear-rtit-ctl');
INSERT INTO public.feature VALUES ('x86_64', 386, 'vmx-exit-save-cet');
INSERT INTO public.feature VALUES ('x86_64', 387, 'vmx-exit-load-pkrs');
INSERT INTO public.feature VALUES ('x86_64', 388, 'vmx-exit-secondary-ctls');
INSERT INTO public.feature VALUES ('x86_64', 389, 'vmx-entry-noload-debugctl');
INSERT INTO public.feature VALUES ('x86_64', 390, 'vmx-entry-ia32e-mode');
INSERT INTO public.feature VALUES ('x86_64', 391, 'vmx-entry-load-perf-global-ctrl');
INSERT INTO public.feature VALUES ('x86_64', 392, 'vmx-entry-load-pat');
INSERT INTO public.feature VALUES ('x86_64', 393, 'vmx-entry-load-efer');
INSERT INTO public.feature VALUES ('x86_64', 394, 'vmx-entry-load-bndcfgs');
INSERT INTO public.feature VALUES ('x86_64', 395, 'vmx-entry-load-rtit-ctl');
INSERT INTO public.feature VALUES ('x86_64', 396, 'vmx-entry-load-cet');
INSERT INTO public.feature VALUES ('x86_64', 397, 'vmx-entry-load-pkrs');
INSERT INTO public.feature VALUES ('x86_64', 398, 'vmx-entry-load-fred');
INSERT INTO public.feature VALUES ('x86_64', 399, 'vmx-eptp-switching');
INSERT INTO public.history VALUES ('a', '2026-01-01 00:00:00+00', NULL, 'a.example', 'rack', 1, '\x6795c3d79f54a34f62c82ed5a46f75647d029e4f803a71d596b703f22c2dee4c', '{"uuid": "a"}', 0);
INSERT INTO public.history VALUES ('b', '2026-01-01 00:00:00+00', '2026-02-01 00:00:00+00', 'b.example', 'rack', 1, '\x70acceccbc70ec3e06f81246ad3d49e7abd9383de77e80e2db50b06c06d2d325', '{"uuid": "b"}', 0);
INSERT INTO public.history VALUES ('b', '2026-02-01 00:00:00+00', NULL, 'b.example', 'rack', 2, '\xb0601d48ba39fd62a83bbad01e6f7587204d3c59fcd70be120ec0e3de248ffdd', '{"uuid": "b"}', 0);
INSERT INTO public.history VALUES ('gone', '2026-01-01 00:00:00+00', '2026-12-01 03:07:17.71+00', 'gone.example', 'rack', 1, '\xda52fb61147c01794e7abe043319eb5623adf04180eeb2c349226c2df60453b1', '{"uuid": "gone"}', 0);
INSERT INTO public.host VALUES ('a', 'a.example', 'rack', 1, '\x6795c3d79f54a34f62c82ed5a46f75647d029e4f803a71d596b703f22c2dee4c', '{"uuid": "a"}', 0, NULL, '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00');
INSERT INTO public.host VALUES ('b', 'b.example', 'rack', 2, '\xb0601d48ba39fd62a83bbad01e6f7587204d3c59fcd70be120ec0e3de248ffdd', '{"uuid": "b"}', 0, NULL, '2026-01-01 00:00:00+00', '2026-02-01 00:00:00+00');
INSERT INTO public.kysely_migration VALUES ('0001-hosts', '2026-12-01T03:07:17.466Z');
INSERT INTO public.kysely_migration VALUES ('0002-alerts', '2026-12-01T03:07:17.545Z');
INSERT INTO public.kysely_migration VALUES ('0003-identities', '2026-12-01T03:07:17.546Z');
INSERT INTO public.kysely_migration_lock VALUES ('migration_lock', 0);
INSERT INTO public.pool_cpu VALUES ('rack', 1, 2);
INSERT INTO public.profile OVERRIDING SYSTEM VALUE VALUES (1, '9110dd57c2930db72bef09cb6b833b56a3d138c69b91ea461192206e3ca304e3', 1, '\x6795c3d79f54a34f62c82ed5a46f75647d029e4f803a71d596b703f22c2dee4c', '{"arch": "x86_64", "model": "Skylake-Server-noTSX-IBRS", "vendor": "Intel", "documents": ["capabilities"], "microcode": 1}');
INSERT INTO public.profile OVERRIDING SYSTEM VALUE VALUES (2, 'b2ff063f227e6c5a750bdd9c9a36cdf30049fdb1c637677d36d15d4d7164768f', 1, '\xb0601d48ba39fd62a83bbad01e6f7587204d3c59fcd70be120ec0e3de248ffdd', '{"arch": "x86_64", "model": "Skylake-Server-noTSX-IBRS", "vendor": "Intel", "documents": ["capabilities"], "microcode": 2}');
INSERT INTO public.setting VALUES ('derived-by', '0.1.0');
INSERT INTO public.token VALUES ('t', 'ab', 'ci', '["read"]', NULL, '2026-12-01 03:07:17.737099+00', 'ann', NULL, NULL, NULL);
INSERT INTO public.touched_pool OVERRIDING SYSTEM VALUE VALUES (1, 'rack', '2026-12-01 03:07:17.760087+00');
SELECT pg_catalog.setval('public.alert_id_seq', 1, true);
SELECT pg_catalog.setval('public.audit_log_id_seq', 1, true);
SELECT pg_catalog.setval('public.cpu_id_seq', 2, true);
SELECT pg_catalog.setval('public.decision_id_seq', 1, true);
SELECT pg_catalog.setval('public.delivery_id_seq', 1, true);
SELECT pg_catalog.setval('public.profile_id_seq', 2, true);
SELECT pg_catalog.setval('public.touched_pool_id_seq', 1, true);
ALTER TABLE ONLY public.alert_lease
    ADD CONSTRAINT alert_lease_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY public.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.cpu
    ADD CONSTRAINT cpu_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.cpu
    ADD CONSTRAINT cpu_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.feature
    ADD CONSTRAINT feature_arch_name_key UNIQUE (arch, name);
ALTER TABLE ONLY public.feature
    ADD CONSTRAINT feature_pkey PRIMARY KEY (arch, id);
ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (host, since);
ALTER TABLE ONLY public.host
    ADD CONSTRAINT host_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.kysely_migration_lock
    ADD CONSTRAINT kysely_migration_lock_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.kysely_migration
    ADD CONSTRAINT kysely_migration_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.pool_cpu
    ADD CONSTRAINT pool_cpu_pkey PRIMARY KEY (pool, cpu);
ALTER TABLE ONLY public.profile
    ADD CONSTRAINT profile_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.profile
    ADD CONSTRAINT profile_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.touched_pool
    ADD CONSTRAINT touched_pool_pkey PRIMARY KEY (id);
CREATE INDEX alert_fired ON public.alert USING btree (fired);
CREATE UNIQUE INDEX alert_open ON public.alert USING btree (pool, rule, kind) WHERE (until IS NULL);
CREATE INDEX alert_until ON public.alert USING btree (until) WHERE (until IS NOT NULL);
CREATE INDEX decision_pool ON public.decision USING btree (pool, id);
CREATE INDEX delivery_alert ON public.delivery USING btree (alert);
CREATE INDEX delivery_receiver ON public.delivery USING btree (receiver, id);
CREATE UNIQUE INDEX history_now ON public.history USING btree (host) WHERE (until IS NULL);
CREATE INDEX history_since ON public.history USING btree (since);
CREATE INDEX history_until ON public.history USING btree (until) WHERE (until IS NOT NULL);
CREATE INDEX host_id ON public.host USING btree (lower(id) text_pattern_ops);
CREATE INDEX host_name ON public.host USING btree (lower(name) text_pattern_ops);
CREATE INDEX host_pool ON public.host USING btree (pool, id);
CREATE INDEX host_words ON public.host USING gin (lower(((id || ' '::text) || name)) public.gin_trgm_ops);
CREATE TRIGGER host_added AFTER INSERT ON public.host REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.host_added();
CREATE TRIGGER host_changed AFTER UPDATE ON public.host FOR EACH ROW WHEN (((((old.name IS DISTINCT FROM new.name) OR (old.pool IS DISTINCT FROM new.pool)) OR (old.profile IS DISTINCT FROM new.profile)) OR ((old.identity ->> 'uuid'::text) IS DISTINCT FROM (new.identity ->> 'uuid'::text)))) EXECUTE FUNCTION public.host_changed();
CREATE TRIGGER host_ended AFTER DELETE ON public.host FOR EACH ROW EXECUTE FUNCTION public.host_ended();
CREATE TRIGGER host_moved AFTER UPDATE ON public.host REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.host_moved();
CREATE TRIGGER host_removed AFTER DELETE ON public.host REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.host_removed();
CREATE TRIGGER pool_changed AFTER UPDATE ON public.host FOR EACH ROW WHEN ((((((old.name IS DISTINCT FROM new.name) OR (old.pool IS DISTINCT FROM new.pool)) OR (old.profile IS DISTINCT FROM new.profile)) OR (old.guests IS DISTINCT FROM new.guests)) OR ((new.guests > 0) AND (old.evidence <> new.evidence)))) EXECUTE FUNCTION public.pool_changed();
CREATE TRIGGER pool_joined AFTER INSERT ON public.host REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.pool_joined();
CREATE TRIGGER pool_left AFTER DELETE ON public.host REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.pool_left();
CREATE TRIGGER pool_pinned AFTER INSERT ON public.decision FOR EACH ROW EXECUTE FUNCTION public.pool_pinned();
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_alert_fkey FOREIGN KEY (alert) REFERENCES public.alert(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_evidence_fkey FOREIGN KEY (evidence) REFERENCES public.evidence(hash);
ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_profile_fkey FOREIGN KEY (profile) REFERENCES public.profile(id);
ALTER TABLE ONLY public.host
    ADD CONSTRAINT host_evidence_fkey FOREIGN KEY (evidence) REFERENCES public.evidence(hash);
ALTER TABLE ONLY public.host
    ADD CONSTRAINT host_profile_fkey FOREIGN KEY (profile) REFERENCES public.profile(id);
ALTER TABLE ONLY public.profile
    ADD CONSTRAINT profile_cpu_fkey FOREIGN KEY (cpu) REFERENCES public.cpu(id);
ALTER TABLE ONLY public.profile
    ADD CONSTRAINT profile_evidence_fkey FOREIGN KEY (evidence) REFERENCES public.evidence(hash);
