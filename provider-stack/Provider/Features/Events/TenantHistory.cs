using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using Npgsql;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>What happened to a tenant, as the provider saw it: its events, read from the audit log. It outlives the tenant.</summary>
internal sealed class TenantHistory(NpgsqlDataSource database, EventMappers mappers)
{
    /// <summary>A tenant's entries are those about its id, and those about certificates that the CA's store says are its own; few of a subject are another tenant's.</summary>
    private const string Sql =
        """
        WITH subjects AS (SELECT $1 AS subject UNION SELECT subject FROM ca.certificates WHERE tenant = $1)
        SELECT e.sequence, e.at, e.actor, e.action, e.subject, e.details, e.hash
        FROM subjects CROSS JOIN LATERAL (
          SELECT * FROM audit.entries e
          WHERE e.subject = subjects.subject AND e.sequence < $2 AND e.action = ANY ($3)
            AND CASE WHEN starts_with(e.action, 'certificate.')
              THEN (SELECT c.tenant FROM ca.certificates c WHERE c.serial = decode(e.details::json ->> 'serial', 'hex')) = $1
              ELSE e.subject = $1 END
          ORDER BY e.sequence DESC LIMIT $4) e
        ORDER BY e.sequence DESC LIMIT $4
        """;

    private readonly string[] _actions = mappers.ActionsOf(new HashSet<string>(
        [
            TenantPrepared.Name, TenantJoined.Name, TenantSuspended.Name, TenantResumed.Name, TenantRemoved.Name, BridgeUp.Name, BridgeDown.Name,
            CertificateIssued.Name, CertificateRenewed.Name, CertificateRevoked.Name, CertificateExpiring.Name,
        ], StringComparer.Ordinal));

    /// <summary>The last ones before that number, newest first.</summary>
    public async Task<IReadOnlyList<PlatformEvent>> ReadAsync(string tenantId, long before, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Sql);
        command.Parameters.AddWithValue(tenantId);
        command.Parameters.AddWithValue(before);
        command.Parameters.AddWithValue(_actions);
        command.Parameters.AddWithValue(limit);
        var events = await mappers.MapAsync(await RecordedOperation.ReadAllAsync(command, cancellationToken), cancellationToken);
        events.Reverse();
        return events;
    }
}
