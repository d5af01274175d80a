using System.Collections.Immutable;
using Npgsql;

namespace IoTPlatform.Provider.Features.Broker;

/// <summary>The platform's own broker: its rights are rows in the platform's database.</summary>
internal sealed class EmbeddedBrokerProvisioner(NpgsqlDataSource database, TimeProvider time) : IBrokerProvisioner
{
    public async Task EnsureTenantAsync(BrokerTenant tenant, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                Command(
                    """
                    INSERT INTO provider.broker_namespaces (name, tenant_id, max_connections, max_queues, max_message_bytes, created_at, suspended)
                    VALUES ($1, $2, $3, $4, $5, $6, $7)
                    ON CONFLICT (tenant_id) DO UPDATE SET
                      max_connections = excluded.max_connections, max_queues = excluded.max_queues, max_message_bytes = excluded.max_message_bytes,
                      suspended = excluded.suspended
                    """,
                    tenant.Namespace, tenant.TenantId, tenant.Limits.MaxConnections, tenant.Limits.MaxQueues, tenant.Limits.MaxMessageBytes, time.GetUtcNow(), tenant.Suspended),
                Command("DELETE FROM provider.broker_logins WHERE namespace = $1 AND name <> $2", tenant.Namespace, tenant.Login),
                Command(
                    """
                    INSERT INTO provider.broker_logins (name, namespace, client_id_prefix, may_publish, may_subscribe, may_retain)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (name) DO UPDATE SET
                      namespace = excluded.namespace, client_id_prefix = excluded.client_id_prefix, may_publish = excluded.may_publish,
                      may_subscribe = excluded.may_subscribe, may_retain = excluded.may_retain
                    """,
                    tenant.Login, tenant.Namespace, tenant.ClientIdPrefix,
                    tenant.Permissions.MayPublish, tenant.Permissions.MaySubscribe, tenant.Permissions.MayRetain),
                Command("DELETE FROM provider.broker_topic_permissions WHERE login = $1", tenant.Login),
                Command(
                    """
                    INSERT INTO provider.broker_topic_permissions (login, action, filter)
                    SELECT $1, 'publish', unnest($2::text[]) UNION ALL SELECT $1, 'subscribe', unnest($3::text[])
                    """,
                    tenant.Login, tenant.PublishFilters.ToArray(), tenant.SubscribeFilters.ToArray()),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task RemoveTenantAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("DELETE FROM provider.broker_namespaces WHERE tenant_id = $1");
        command.Parameters.Add(new() { Value = tenantId });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<BrokerDifference>> CompareAsync(BrokerTenant tenant, CancellationToken cancellationToken) =>
        BrokerComparison.Of(tenant, await InspectAsync(tenant.TenantId, cancellationToken));

    public async Task<BrokerTenant?> InspectAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            SELECT n.name, n.max_connections, n.max_queues, n.max_message_bytes,
                   l.name, l.client_id_prefix, l.may_publish, l.may_subscribe, l.may_retain,
                   ARRAY(SELECT filter FROM provider.broker_topic_permissions WHERE login = l.name AND action = 'publish'),
                   ARRAY(SELECT filter FROM provider.broker_topic_permissions WHERE login = l.name AND action = 'subscribe'),
                   n.suspended
            FROM provider.broker_namespaces n JOIN provider.broker_logins l ON l.namespace = n.name
            WHERE n.tenant_id = $1 ORDER BY l.name
            """);
        command.Parameters.Add(new() { Value = tenantId });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        return new BrokerTenant
        {
            TenantId = tenantId,
            Namespace = reader.GetString(0),
            Limits = new BrokerLimits(reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3)),
            Login = reader.GetString(4),
            ClientIdPrefix = reader.GetString(5),
            Permissions = new BrokerPermissions(reader.GetBoolean(6), reader.GetBoolean(7), reader.GetBoolean(8)),
            PublishFilters = [.. reader.GetFieldValue<string[]>(9)],
            SubscribeFilters = [.. reader.GetFieldValue<string[]>(10)],
            Suspended = reader.GetBoolean(11),
        };
    }

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
