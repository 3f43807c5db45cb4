-- Who may do what on a ClickHouse server, 24.8 or newer; docs/access.md explains it.
-- Made by `pingliu access`. Don't change it by hand; make it again after `pingliu init` and when streets change.
-- It may be repeated, by a user who may manage access.
--
-- The only user it makes is the one whose rights the views have; nobody can log in as it. An auditor is made like this,
-- with the SHA-256 of a password that only the auditor knows:
--   CREATE USER wang IDENTIFIED WITH sha256_hash BY '<64 hexadecimal digits>' HOST IP '10.1.2.0/24';
--   GRANT pingliu_auditor TO wang;

CREATE ROLE IF NOT EXISTS pingliu_owner, pingliu_sink, pingliu_auditor, pingliu_assessor, pingliu_supervisor_530102000,
    pingliu_supervisor_530102001, pingliu_supervisor_530102002, pingliu_supervisor_530102003,
    pingliu_supervisor_530102004, pingliu_supervisor_530102005, pingliu_supervisor_530102006,
    pingliu_supervisor_530102007, pingliu_supervisor_530102008, pingliu_supervisor_530102009,
    pingliu_supervisor_530102010;

CREATE USER IF NOT EXISTS pingliu_definer HOST NONE;

GRANT SELECT ON pingliu.* TO pingliu_definer WITH REPLACE OPTION;

ALTER TABLE pingliu.facts MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.events MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.window_sessions MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.ticket_facts MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.service_facts MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.service_staff MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.rating_facts MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.rating_voids MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.rectification_facts MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.services MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.ratings MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.rectifications MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.rejected MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.live MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.window_minutes MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.window_days MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.street_minutes MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.street_days MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.street_day_facts MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.street_day_live MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.reconciliation MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.sink_progress MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.measures MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.supervision_matters MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.unresolved_services MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.notices MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

ALTER TABLE pingliu.suspicions MODIFY SQL SECURITY DEFINER DEFINER = pingliu_definer;

CREATE ROW POLICY OR REPLACE pingliu_others ON pingliu.facts, pingliu.events, pingliu.rating_facts, pingliu.services,
    pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes, pingliu.window_days,
    pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING 1 TO ALL EXCEPT pingliu_supervisor_530102000,
    pingliu_supervisor_530102001, pingliu_supervisor_530102002, pingliu_supervisor_530102003,
    pingliu_supervisor_530102004, pingliu_supervisor_530102005, pingliu_supervisor_530102006,
    pingliu_supervisor_530102007, pingliu_supervisor_530102008, pingliu_supervisor_530102009,
    pingliu_supervisor_530102010;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102000 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102000' TO
    pingliu_supervisor_530102000;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102001 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102001' TO
    pingliu_supervisor_530102001;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102002 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102002' TO
    pingliu_supervisor_530102002;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102003 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102003' TO
    pingliu_supervisor_530102003;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102004 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102004' TO
    pingliu_supervisor_530102004;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102005 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102005' TO
    pingliu_supervisor_530102005;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102006 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102006' TO
    pingliu_supervisor_530102006;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102007 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102007' TO
    pingliu_supervisor_530102007;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102008 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102008' TO
    pingliu_supervisor_530102008;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102009 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102009' TO
    pingliu_supervisor_530102009;

CREATE ROW POLICY OR REPLACE pingliu_supervisor_530102010 ON pingliu.facts, pingliu.events, pingliu.rating_facts,
    pingliu.services, pingliu.ratings, pingliu.rectifications, pingliu.live, pingliu.window_minutes,
    pingliu.window_days, pingliu.street_minutes, pingliu.street_days, pingliu.street_day_facts, pingliu.street_day_live,
    pingliu.reconciliation, pingliu.sites, pingliu.bill_lines, pingliu.staff_months, pingliu.staff_quarters,
    pingliu.staff_years, pingliu.site_months, pingliu.site_quarters, pingliu.site_years, pingliu.month_measures,
    pingliu.sealed_results, pingliu.sealed_corrections, pingliu.measures, pingliu.supervision_matters,
    pingliu.unresolved_services, pingliu.notices, pingliu.suspicions USING street = '530102010' TO
    pingliu_supervisor_530102010;

CREATE SETTINGS PROFILE OR REPLACE pingliu_auditing SETTINGS readonly = 1, max_execution_time = 60 MIN 1 MAX 300
    CHANGEABLE_IN_READONLY, max_memory_usage = 2147483648, max_result_rows = 1000000, result_overflow_mode = 'throw',
    session_timezone = 'Asia/Shanghai' CHANGEABLE_IN_READONLY TO pingliu_auditor;

CREATE SETTINGS PROFILE OR REPLACE pingliu_supervising SETTINGS readonly = 1, max_execution_time = 60 MIN 1 MAX 300
    CHANGEABLE_IN_READONLY, max_memory_usage = 2147483648, max_result_rows = 1000000, result_overflow_mode = 'throw',
    session_timezone = 'Asia/Shanghai' CHANGEABLE_IN_READONLY, query_plan_enable_optimizations = 0,
    short_circuit_function_evaluation = 'enable' TO pingliu_supervisor_530102000, pingliu_supervisor_530102001,
    pingliu_supervisor_530102002, pingliu_supervisor_530102003, pingliu_supervisor_530102004,
    pingliu_supervisor_530102005, pingliu_supervisor_530102006, pingliu_supervisor_530102007,
    pingliu_supervisor_530102008, pingliu_supervisor_530102009, pingliu_supervisor_530102010;

CREATE SETTINGS PROFILE OR REPLACE pingliu_assessing SETTINGS max_execution_time = 3600, max_memory_usage = 8589934592
    TO pingliu_assessor;

CREATE QUOTA OR REPLACE pingliu_reading KEYED BY user_name FOR INTERVAL 1 hour MAX queries = 20000, result_rows =
    50000000, execution_time = 7200 TO pingliu_auditor, pingliu_supervisor_530102000, pingliu_supervisor_530102001,
    pingliu_supervisor_530102002, pingliu_supervisor_530102003, pingliu_supervisor_530102004,
    pingliu_supervisor_530102005, pingliu_supervisor_530102006, pingliu_supervisor_530102007,
    pingliu_supervisor_530102008, pingliu_supervisor_530102009, pingliu_supervisor_530102010;

GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, CHECK ON pingliu.*, SET DEFINER ON pingliu_definer
    TO pingliu_owner WITH REPLACE OPTION;

GRANT INSERT ON pingliu.event_log, INSERT ON pingliu.live_log, INSERT ON pingliu.rejected_log, INSERT ON
    pingliu.notice_log, INSERT ON pingliu.sink_positions, INSERT ON pingliu.dead_letters, SELECT(topic, partition,
    first_offset, next_offset, delivered) ON pingliu.sink_positions, SELECT(type, partition, offset) ON
    pingliu.event_log, SELECT(topic, partition, offset, source, id, before_ms) ON pingliu.erasures, SELECT(number,
    sha256) ON pingliu.migrations TO pingliu_sink WITH REPLACE OPTION;

GRANT SELECT ON pingliu.registry, SELECT ON pingliu.levels, SELECT ON pingliu.calendar, SELECT ON pingliu.limits, SELECT
    ON pingliu.facts, SELECT ON pingliu.events, SELECT ON pingliu.window_sessions, SELECT ON pingliu.ticket_facts,
    SELECT ON pingliu.service_facts, SELECT ON pingliu.service_staff, SELECT ON pingliu.rating_facts, SELECT ON
    pingliu.rating_voids, SELECT ON pingliu.rectification_facts, SELECT ON pingliu.services, SELECT ON pingliu.ratings,
    SELECT ON pingliu.rectifications, SELECT ON pingliu.rejected, SELECT ON pingliu.live, SELECT ON
    pingliu.window_minutes, SELECT ON pingliu.window_days, SELECT ON pingliu.street_minutes, SELECT ON
    pingliu.street_days, SELECT ON pingliu.street_day_facts, SELECT ON pingliu.street_day_live, SELECT ON
    pingliu.reconciliation, SELECT ON pingliu.sink_progress, SELECT ON pingliu.sites, SELECT ON pingliu.windows, SELECT
    ON pingliu.items, SELECT ON pingliu.posts, SELECT ON pingliu.rule_sets, SELECT ON pingliu.reference_log, SELECT ON
    pingliu.assessments, SELECT ON pingliu.bill_lines, SELECT ON pingliu.staff_months, SELECT ON pingliu.staff_quarters,
    SELECT ON pingliu.staff_years, SELECT ON pingliu.site_months, SELECT ON pingliu.site_quarters, SELECT ON
    pingliu.site_years, SELECT ON pingliu.month_measures, SELECT ON pingliu.sealed_periods, SELECT ON
    pingliu.sealed_results, SELECT ON pingliu.sealed_inputs, SELECT ON pingliu.sealed_facts, SELECT ON
    pingliu.sealed_corrections, SELECT ON pingliu.measures, SELECT ON pingliu.supervision_matters, SELECT ON
    pingliu.unresolved_services, SELECT ON pingliu.erasures, SELECT ON pingliu.notices, SELECT ON pingliu.suspicions TO
    pingliu_auditor WITH REPLACE OPTION;

GRANT SHOW, SELECT ON pingliu.*, INSERT, ALTER DELETE ON pingliu.assessments, INSERT, ALTER DELETE ON
    pingliu.bill_lines, INSERT, ALTER DELETE ON pingliu.staff_months, INSERT, ALTER DELETE ON pingliu.staff_quarters,
    INSERT, ALTER DELETE ON pingliu.staff_years, INSERT, ALTER DELETE ON pingliu.site_months, INSERT, ALTER DELETE ON
    pingliu.site_quarters, INSERT, ALTER DELETE ON pingliu.site_years, INSERT, ALTER DELETE ON pingliu.month_measures,
    INSERT ON pingliu.sealed_periods, INSERT ON pingliu.sealed_results, INSERT ON pingliu.sealed_inputs, INSERT ON
    pingliu.sealed_facts, INSERT ON pingliu.sealed_corrections TO pingliu_assessor WITH REPLACE OPTION;

GRANT SELECT ON pingliu.facts, SELECT ON pingliu.events, SELECT ON pingliu.rating_facts, SELECT ON pingliu.services,
    SELECT ON pingliu.ratings, SELECT ON pingliu.rectifications, SELECT ON pingliu.live, SELECT ON
    pingliu.window_minutes, SELECT ON pingliu.window_days, SELECT ON pingliu.street_minutes, SELECT ON
    pingliu.street_days, SELECT ON pingliu.street_day_facts, SELECT ON pingliu.street_day_live, SELECT ON
    pingliu.reconciliation, SELECT ON pingliu.sites, SELECT ON pingliu.bill_lines, SELECT ON pingliu.staff_months,
    SELECT ON pingliu.staff_quarters, SELECT ON pingliu.staff_years, SELECT ON pingliu.site_months, SELECT ON
    pingliu.site_quarters, SELECT ON pingliu.site_years, SELECT ON pingliu.month_measures, SELECT ON
    pingliu.sealed_results, SELECT ON pingliu.sealed_corrections, SELECT ON pingliu.measures, SELECT ON
    pingliu.supervision_matters, SELECT ON pingliu.unresolved_services, SELECT ON pingliu.notices, SELECT ON
    pingliu.suspicions TO pingliu_supervisor_530102000, pingliu_supervisor_530102001, pingliu_supervisor_530102002,
    pingliu_supervisor_530102003, pingliu_supervisor_530102004, pingliu_supervisor_530102005,
    pingliu_supervisor_530102006, pingliu_supervisor_530102007, pingliu_supervisor_530102008,
    pingliu_supervisor_530102009, pingliu_supervisor_530102010 WITH REPLACE OPTION;

-- By prefix: needs ClickHouse 24.10. Before, leave it out and grant on each database by name.
GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, CHECK ON pingliu_scratch_*.* TO pingliu_owner,
    pingliu_assessor;
