using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Bridge;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>
/// How far each tenant's way up has come, kept where the messages are: a database that was restored, or taken over by a replica, has the checkpoint of
/// its own time, and the tenant resends from there. Every start of the database server counts as such: none can tell that it lost nothing.
/// </summary>
internal sealed class UplinkCheckpoints(NpgsqlDataSource database, ProviderOptions options)
{
    /// <summary>Acknowledged by RabbitMQ is not yet stored: what may still be in a queue.</summary>
    private static readonly TimeSpan InQueues = TimeSpan.FromMinutes(15);

    /// <summary>Messages whose insert at the tenant ends after others that it received later.</summary>
    private static readonly TimeSpan AtTheTenant = TimeSpan.FromMinutes(1);

    /// <summary>Records how far it has come, if the tenant knows which database this is; else says from when to resend, and records nothing.</summary>
    public async Task<UplinkCheckpoint> RecordAsync(string tenantId, UplinkProgress progress, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            WITH this AS (SELECT extract(epoch FROM pg_postmaster_start_time())::text || '/' || oid AS id FROM pg_database WHERE datname = current_database()),
              recorded AS (
                INSERT INTO provider.uplink_checkpoints (tenant_id, acknowledged_until) SELECT $1, $3 FROM this WHERE this.id = $2
                ON CONFLICT (tenant_id) DO UPDATE SET acknowledged_until = excluded.acknowledged_until RETURNING 1)
            SELECT this.id, EXISTS (SELECT FROM recorded), (SELECT acknowledged_until FROM provider.uplink_checkpoints WHERE tenant_id = $1) FROM this
            """);
        command.Parameters.Add(new() { Value = tenantId });
        command.Parameters.Add(new() { Value = progress.Database ?? "" });
        // A tenant may say anything, also a time that nothing can be subtracted from.
        command.Parameters.Add(new() { Value = progress.AcknowledgedUntil > DateTimeOffset.UnixEpoch ? progress.AcknowledgedUntil.ToUniversalTime() : DateTimeOffset.UnixEpoch });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        var margin = options.RabbitMq is null ? AtTheTenant : InQueues;
        return new UplinkCheckpoint
        {
            Database = row.GetString(0),
            Recorded = row.GetBoolean(1),
            ResendFrom = row.GetBoolean(1) || await row.IsDBNullAsync(2, cancellationToken) ? null : row.GetFieldValue<DateTimeOffset>(2) - margin,
        };
    }
}

internal static class UplinkCheckpointEndpoint
{
    public static void MapUplinkCheckpoints(this IEndpointRouteBuilder app) =>
        app.MapPost("/portal/admin/tenants/{tenantId}/bridge/uplink", RecordAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);

    private static async Task<Ok<UplinkCheckpoint>> RecordAsync(
        string tenantId, UplinkProgress progress, HttpContext context, UplinkCheckpoints checkpoints, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        return TypedResults.Ok(await checkpoints.RecordAsync(tenantId, progress, cancellationToken));
    }
}
