-- Parts the history of an inventory by hosts, while its servers are stopped:
--   psql -1 -v ON_ERROR_STOP=1 -f partition-history.sql "$DATABASE_URL"
-- Parts of time would not do: that a host has one present is held by an index, which a partitioned table has only of
-- columns that it is partitioned by.
alter table history rename to history_whole;
create table history (like history_whole including defaults including constraints) partition by hash (host);
create table history_0 partition of history for values with (modulus 8, remainder 0);
create table history_1 partition of history for values with (modulus 8, remainder 1);
create table history_2 partition of history for values with (modulus 8, remainder 2);
create table history_3 partition of history for values with (modulus 8, remainder 3);
create table history_4 partition of history for values with (modulus 8, remainder 4);
create table history_5 partition of history for values with (modulus 8, remainder 5);
create table history_6 partition of history for values with (modulus 8, remainder 6);
create table history_7 partition of history for values with (modulus 8, remainder 7);
insert into history select * from history_whole;
drop table history_whole;
alter table history add primary key (host, since),
  add foreign key (profile) references profile, add foreign key (evidence) references evidence;
create unique index history_now on history (host) where until is null;
create index history_since on history (since);
create index history_until on history (until) where until is not null;
analyze history;
