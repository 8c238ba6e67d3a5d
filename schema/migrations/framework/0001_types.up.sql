-- SPDX-License-Identifier: MIT
-- Domains of money and percentages, and the functions that every later migration uses.

CREATE DOMAIN {schema}.exact_amount AS numeric
    CONSTRAINT exact_amount_check CHECK (abs(VALUE) < 100000000000000 AND min_scale(VALUE) <= 24);
COMMENT ON DOMAIN {schema}.exact_amount IS
    'A price, size, fee, rate or balance: finite, below 10^14 in size, at most 24 significant decimals, so that it always fits 38 digits. Never rounded on its way in; what would need rounding is refused. Source: decisions 2.';

CREATE DOMAIN {schema}.exact_percent AS numeric
    CONSTRAINT exact_percent_check CHECK (abs(VALUE) < 100000000000000 AND min_scale(VALUE) <= 8);
COMMENT ON DOMAIN {schema}.exact_percent IS
    'A percentage (5 means five per cent): finite, below 10^14 in size, at most 8 significant decimals. Source: decisions 2.';

-- numeric division keeps as many decimals as its operands have, but at least 16 digits; that can be fewer
-- than the 24 wanted. With 70 decimals in the numerator the quotient of two exact_amount products is far
-- enough from any tie that the second rounding cannot differ from rounding once.
CREATE FUNCTION {schema}.trdb_divide(numerator numeric, denominator numeric, decimals integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT
    AS 'SELECT round(round(numerator, 70) / denominator, decimals)';
COMMENT ON FUNCTION {schema}.trdb_divide(numeric, numeric, integer) IS
    'numerator / denominator rounded once to the given number of decimals, half away from zero. Source: decisions 2.';

CREATE FUNCTION {schema}.update_updated_at_column() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION {schema}.update_updated_at_column() IS
    'Trigger that sets updated_at to the time of the transaction. Source: decisions 4.';
