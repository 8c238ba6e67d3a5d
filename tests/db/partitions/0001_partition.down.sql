-- SPDX-License-Identifier: MIT
-- The tests drop the database instead.
DO $$ BEGIN RAISE EXCEPTION 'partitions are not taken back'; END $$;
