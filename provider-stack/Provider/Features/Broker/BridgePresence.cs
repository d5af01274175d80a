using IoTPlatform.Contracts;
using IoTPlatform.RabbitMq;
using Npgsql;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>Which tenants' bridges are connected. Every change is an act of its own: state and audit entry in one statement.</summary>
internal sealed partial class BridgePresence(NpgsqlDataSource database, TimeProvider time, ILogger<BridgePresence> log) : IConnectionWatcher
{
    /// <summary>Of several processes with the same news, the second changes nothing. All rows before the audit log: its head is the last lock of every transaction.</summary>
    private const string Change = """
        WITH changed AS (
          UPDATE provider.tenants SET bridge_up_since = CASE WHEN tenant_id = ANY ($1) THEN $2 END
          WHERE (bridge_up_since IS NOT NULL) <> (tenant_id = ANY ($1))
          RETURNING tenant_id, bridge_up_since IS NOT NULL AS up
        ), told AS (
          SELECT audit.append_many(
            array_agg('system'::text), array_agg(CASE WHEN up THEN 'bridge.up' ELSE 'bridge.down' END), array_agg(tenant_id), array_agg('{}'::text))
          FROM changed HAVING count(*) > 0
        )
        SELECT changed.tenant_id, changed.up FROM changed, told
        """;

    public async Task ReconcileAsync(IReadOnlyList<BrokerConnection> connections, CancellationToken cancellationToken)
    {
        var connected = connections.Where(IsBridge).Select(c => c.Vhost!).Distinct(StringComparer.Ordinal).ToArray();
        await using var command = database.CreateCommand(Change);
        command.Parameters.AddWithValue(connected);
        command.Parameters.AddWithValue(time.GetUtcNow());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Changed(reader.GetString(0), reader.GetBoolean(1) ? "up" : "down");
        }
    }

    /// <summary>A tenant's own login in its own namespace.</summary>
    private static bool IsBridge(BrokerConnection connection) =>
        connection.Vhost is { } vhost && TenantId.IsValid(vhost) && connection.User == BridgeAccess.For(vhost).Login;

    [LoggerMessage(Level = LogLevel.Information, Message = "The bridge of tenant {Tenant} is {State}")]
    private partial void Changed(string tenant, string state);
}
