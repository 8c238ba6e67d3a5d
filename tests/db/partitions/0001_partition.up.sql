-- SPDX-License-Identifier: MIT
-- What a large installation does one day: the tables that decision 3 names become partitioned by month. Indexes, foreign
-- keys and triggers are taken over by their definitions; the primary key gains the column that decides the partition.
DO $$
DECLARE
    name text;
    indexes text[];
    keys text[];
    triggers text[];
    statement text;
    month date;
BEGIN
    FOREACH name IN ARRAY ARRAY['trading_trades', 'telegram_command_audits', 'webui_audit_logs'] LOOP
        CONTINUE WHEN to_regclass(name) IS NULL;
        SELECT array_agg(pg_get_indexdef(indexrelid)) INTO indexes
            FROM pg_index WHERE indrelid = name::regclass AND NOT indisprimary;
        SELECT array_agg(format('ALTER TABLE %I ADD CONSTRAINT %I %s', name, conname, pg_get_constraintdef(oid)))
            INTO keys FROM pg_constraint WHERE conrelid = name::regclass AND contype = 'f';
        SELECT array_agg(pg_get_triggerdef(oid)) INTO triggers
            FROM pg_trigger WHERE tgrelid = name::regclass AND NOT tgisinternal;

        EXECUTE format('ALTER TABLE %I RENAME TO %I', name, name || '_before');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (created_at)',
            name, name || '_before');
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (id, created_at)', name || '');
        FOR month IN SELECT generate_series('2023-11-01', '2024-10-01', interval '1 month') LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                name || to_char(month, '_pYYYYMM'), name, month || ' 00:00+00',
                (month + interval '1 month')::date || ' 00:00+00');
        END LOOP;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', name || '_other', name);
        EXECUTE format('INSERT INTO %I OVERRIDING SYSTEM VALUE SELECT * FROM %I', name, name || '_before');
        EXECUTE format('DROP TABLE %I', name || '_before');
        FOREACH statement IN ARRAY coalesce(indexes, '{}') || coalesce(keys, '{}') || coalesce(triggers, '{}') LOOP
            EXECUTE statement;
        END LOOP;
    END LOOP;
END
$$;
