-- Own scores are not below 0; a street is its own centre and its stations.

INSERT INTO scratch.priced
SELECT scope, subject, 9, 'months', 9, 'floor', 0, -sum(points) AS missing, 0, 0, '扣完为止', []
FROM scratch.priced
WHERE scope IN ('site', 'centre')
GROUP BY scope, subject
HAVING missing > 0;

CREATE TABLE scratch.own ENGINE = Memory AS
SELECT p.subject AS site, any(s.street) AS street, any(s.tier) AS tier, sum(p.points) AS own
FROM scratch.priced AS p
INNER JOIN scratch.sites AS s ON p.subject = s.site
WHERE p.scope IN ('site', 'centre')
GROUP BY p.subject;

CREATE TABLE scratch.communities ENGINE = Memory AS
SELECT street, toInt64(count()) AS number FROM scratch.own WHERE tier = 'community' GROUP BY street;

INSERT INTO scratch.draft
WITH (SELECT toInt64(site_quarter__own_weight * 10000) FROM scratch.rule) AS weight
SELECT 'site', o.site, 1, 'street', 0, 'own', 0, if(c.number > 0, o.own * weight, o.own * 10000), 10000, 1, 1, '街道便民服务中心本级', []
FROM scratch.own AS o
LEFT JOIN scratch.communities AS c ON o.street = c.street
WHERE o.tier = 'street';

INSERT INTO scratch.draft
WITH (SELECT toInt64(site_quarter__communities_weight * 10000) FROM scratch.rule) AS weight
SELECT 'site', t.site, 1, 'street', 1, 'community', 0, o.own * weight, 10000 * c.number, 1, c.number, o.site, []
FROM scratch.own AS t
INNER JOIN scratch.own AS o ON t.street = o.street
INNER JOIN scratch.communities AS c ON t.street = c.street
WHERE t.tier = 'street' AND o.tier = 'community';
