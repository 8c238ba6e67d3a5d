-- SPDX-License-Identifier: MIT
CREATE DOMAIN {schema}.toy_amount AS numeric
    CONSTRAINT toy_amount_check CHECK (abs(VALUE) < 10000 AND min_scale(VALUE) <= 6);
COMMENT ON DOMAIN {schema}.toy_amount IS 'An amount: below 10^4, at most 6 decimals.';
CREATE DOMAIN {schema}.toy_label AS text CONSTRAINT toy_label_check CHECK (VALUE <> '');
COMMENT ON DOMAIN {schema}.toy_label IS 'A text that is not empty.';
CREATE TYPE {schema}.toy_mood AS ENUM ('calm', 'very glad', 'sad');
CREATE FUNCTION {schema}.toy_twice(value numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS 'SELECT value * 2';
COMMENT ON FUNCTION {schema}.toy_twice(numeric) IS 'Two times the value.';
