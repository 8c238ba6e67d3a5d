-- SPDX-License-Identifier: MIT
DROP FUNCTION {schema}.update_updated_at_column();
DROP FUNCTION {schema}.trdb_divide(numeric, numeric, integer);
DROP DOMAIN {schema}.exact_percent;
DROP DOMAIN {schema}.exact_amount;
