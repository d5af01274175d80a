-- Certificates that outlived the removal of their tenant, because they were renewed while it went on: revoked now, before the id has another tenant.
SELECT count(*) FROM (
    SELECT DISTINCT c.tenant, c.lineage FROM ca.certificates c
    WHERE c.tenant IS NOT NULL AND c.lineage LIKE 'join:%' AND c.not_after > now()
      AND NOT EXISTS (SELECT FROM provider.joins j WHERE c.lineage = 'join:' || replace(j.join_id::text, '-', ''))
  ) gone, LATERAL ca.revoke_tenant(now(), gone.tenant, gone.lineage, NULL, NULL, NULL, ARRAY[gone.lineage], 5, 'tenant removed', 'system') AS revoked;
